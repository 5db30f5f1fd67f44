"""The versions of RSMP Core that are spoken, and what differs between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from typing import NamedTuple

__all__ = [
    "CORE_VERSIONS",
    "DRAFT_VERSIONS",
    "Core",
    "Sequence",
    "find_common",
    "is_same_version",
    "order_of",
]


class Sequence(Enum):
    """How strictly the messages of the handshake are ordered."""

    PHASES = "phases"
    """3.1.1 to 3.1.3: versions in any order, then watchdogs in any order."""
    STRICT = "strict"
    """From 3.1.4: one message at a time, the site first."""


class Core(NamedTuple):
    """One version of RSMP Core.

    Attributes:
        name: as it stands in Version messages.
        sequence: the order of the handshake.
        boolean_bits: whether ``se`` of AggregatedStatus holds booleans; before 3.1.3 they are strings.
        exact_case: whether enumerations have one spelling (from 3.2).
        subscribe_on_change: whether StatusSubscribe has ``sOc`` (from 3.1.5).
        requests: whether alarms and aggregated status can be asked for (from 3.1.5).
        array_values: whether values may be arrays (from 3.2).
        old_statuses: whether statuses from the buffer are marked as old (from 3.2).
        undefined_quality: whether q and age may be "undefined" (from 3.1.3).
        draft: whether it may still change.
    """

    name: str
    sequence: Sequence = Sequence.STRICT
    boolean_bits: bool = True
    exact_case: bool = True
    subscribe_on_change: bool = True
    requests: bool = True
    array_values: bool = True
    old_statuses: bool = True
    undefined_quality: bool = True
    draft: bool = False


_3_1_5 = Core("3.1.5", exact_case=False, array_values=False, old_statuses=False)
_3_1_4 = _3_1_5._replace(name="3.1.4", subscribe_on_change=False, requests=False)
_3_1_3 = _3_1_4._replace(name="3.1.3", sequence=Sequence.PHASES)
_3_1_2 = _3_1_3._replace(name="3.1.2", boolean_bits=False, undefined_quality=False)

CORE_VERSIONS: dict[str, Core] = {
    core.name: core for core in (_3_1_2, _3_1_3, _3_1_4, _3_1_5, Core("3.2.0"), Core("3.2.1"), Core("3.2.2"))
}
"""From the oldest to the newest."""

DRAFT_VERSIONS: frozenset[str] = frozenset({"3.3.0"})
"""Known to be announced by others, never offered."""


def order_of(version: str) -> tuple[int, ...]:
    """Return a key that orders versions; "3.2" stands for "3.2.0"."""
    numbers = tuple(int(part) for part in version.split("."))
    return numbers + (0,) * (3 - len(numbers))


def find_common(ours: Collection[str], theirs: Iterable[str]) -> Core | None:
    """Return the highest version that both name, or None."""
    known = {order_of(name): CORE_VERSIONS[name] for name in ours if name in CORE_VERSIONS}
    shared = [key for name in theirs if (key := _order_or_none(name)) in known]
    return known[max(shared)] if shared else None


def is_same_version(version: str, known: Iterable[str]) -> bool:
    """Tell whether a version is one of those known; "1.2" is the same as "1.2.0", text is never a version."""
    order = _order_or_none(version)
    return bool(order) and order in {order_of(one) for one in known}


def _order_or_none(version: str) -> tuple[int, ...]:
    try:
        return order_of(version)
    except ValueError:
        return ()
