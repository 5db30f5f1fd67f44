"""Health and readiness: checks of each role, put together by pure functions.

*Live*: the process does its work, a restart would not help. *Ready*: it can answer requests now. A
degraded role is both: something that it needs from outside is missing, and it works on (I1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

__all__ = ["Check", "CheckState", "NodeHealth", "RoleHealth", "aggregate"]


class CheckState(StrEnum):
    """How one check stands, from best to worst."""

    OK = "ok"
    DEGRADED = "degraded"
    STARTING = "starting"
    FAILED = "failed"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; the detail says what is wrong and what to do."""

    name: str
    state: CheckState
    detail: str = ""


class RoleHealth(msgspec.Struct, frozen=True):
    """The worst state of a role's checks, and the checks."""

    state: CheckState
    checks: tuple[Check, ...]


class NodeHealth(msgspec.Struct, frozen=True):
    """All roles that this process knows of."""

    state: CheckState
    ready: bool
    roles: dict[str, RoleHealth]


_ORDER = list(CheckState)


def aggregate(roles: Mapping[str, Sequence[Check]]) -> NodeHealth:
    """Put the checks of each role together; nothing known at all is ``starting``."""
    healths = {
        name: RoleHealth(
            _worst(check.state for check in checks) if checks else CheckState.STARTING, tuple(checks)
        )
        for name, checks in sorted(roles.items())
    }
    state = _worst(health.state for health in healths.values()) if healths else CheckState.STARTING
    return NodeHealth(state, state in {CheckState.OK, CheckState.DEGRADED}, healths)


def _worst(states: Iterable[CheckState]) -> CheckState:
    return max(states, key=_ORDER.index)
