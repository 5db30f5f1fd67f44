"""Temporary changes of a plan's splits, offset or cycle, which return by themselves.

What held before is read from the controller before a change is ordered, and ordered again when it ends: at
its time, or when it is taken back. Times are µs since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from samstad_signals.domain.orders import OrderRefused, order_of

__all__ = ["KINDS", "Amendment", "amend", "due_returns", "return_arguments"]

SECOND_US = 1_000_000
KINDS: Mapping[str, str] = {"setOffset": "offset", "setCycleTime": "cycleTime", "setSplits": "bands"}
"""Orders that amend a plan, and the argument that they change."""
LONGEST_S = 7 * 86_400


class Amendment(NamedTuple):
    """One change in force.

    Attributes:
        junction: which.
        name: of the order.
        plan: of the controller.
        value: what is ordered.
        before: what held before the first of the changes that followed on one another.
        by: who ordered it; ``reason``: why.
        until_us: when it returns.
    """

    junction: str
    name: str
    plan: int
    value: Any
    before: Any
    by: str
    reason: str
    until_us: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What can be amended once at a time."""
        return self.junction, self.name, self.plan


def amend(
    in_force: Mapping[tuple[str, str, int], Amendment], wanted: Amendment, *, now_us: int
) -> dict[tuple[str, str, int], Amendment]:
    """Return the amendments in force with another one; over an earlier one what held before *that* returns.

    Raises:
        OrderRefused: it is no amendment, has no reason, is wrong, or ends too late or at once.
    """
    if wanted.name not in KINDS:
        raise OrderRefused("unknownCommand", f"{wanted.name!r} amends no plan: {', '.join(KINDS)}")
    if not wanted.reason.strip():
        raise OrderRefused("invalidArguments", "an amendment needs a reason")
    if not 0 < wanted.until_us - now_us <= LONGEST_S * SECOND_US:
        raise OrderRefused("invalidArguments", f"an amendment ends after at most {LONGEST_S} s")
    order_of(wanted.name, {KINDS[wanted.name]: wanted.value, "plan": wanted.plan})
    earlier = in_force.get(wanted.key)
    kept = wanted if earlier is None else wanted._replace(before=earlier.before)
    return {**in_force, wanted.key: kept}


def due_returns(in_force: Iterable[Amendment], *, now_us: int) -> list[Amendment]:
    """Return what is to be taken back now, the longest overdue first."""
    return sorted((one for one in in_force if one.until_us <= now_us), key=lambda one: one.until_us)


def return_arguments(amendment: Amendment) -> dict[str, Any]:
    """Return the arguments of the same order that bring back what held before."""
    return {KINDS[amendment.name]: amendment.before, "plan": amendment.plan}
