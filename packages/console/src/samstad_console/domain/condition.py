"""How a thing fares, as one word that every service shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

__all__ = ["SEVERITY_CONDITION", "Condition", "own_condition"]


class Condition(IntEnum):
    """From best to worst; a cluster shows the worst in it."""

    UNKNOWN = 0
    OK = 1
    NOTICE = 2
    WARNING = 3
    FAULT = 4


SEVERITY_CONDITION: Mapping[str, Condition] = {
    "informational": Condition.NOTICE,
    "low": Condition.NOTICE,
    "medium": Condition.WARNING,
    "high": Condition.FAULT,
    "critical": Condition.FAULT,
}
"""What an active alert of a severity makes of the thing that it is about."""

_WORDS: Mapping[str, Mapping[str, Condition]] = {
    "status": {
        "ok": Condition.OK,
        "free": Condition.OK,
        "occupied": Condition.OK,
        "closed": Condition.OK,
        "lidOpen": Condition.WARNING,
        "moved": Condition.WARNING,
        "dropped": Condition.FAULT,
        "vandalized": Condition.FAULT,
        "burning": Condition.FAULT,
        "defectiveLamp": Condition.FAULT,
        "columnIssue": Condition.FAULT,
        "brokenLantern": Condition.FAULT,
    },
    "controllerStatus": {
        "ok": Condition.OK,
        "degraded": Condition.WARNING,
        "failed": Condition.FAULT,
        "unreachable": Condition.FAULT,
    },
    "reachability": {
        "online": Condition.OK,
        "late": Condition.NOTICE,
        "neverHeard": Condition.NOTICE,
        "silent": Condition.WARNING,
    },
}
"""What the common words of Smart Data Models and of ours say; a word that is not here says nothing."""


def own_condition(values: Mapping[str, Any]) -> Condition:
    """Return the worst that a thing says of itself; UNKNOWN where it says nothing."""
    return max(_said(values), default=Condition.UNKNOWN)


def _said(values: Mapping[str, Any]) -> Iterable[Condition]:
    for name, words in _WORDS.items():
        value = values.get(name)
        if isinstance(value, str):
            yield words.get(value, Condition.UNKNOWN)
