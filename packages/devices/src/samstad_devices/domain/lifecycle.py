"""The life of a device from purchase to scrap: which state leads to which, and what must be so first.

The words are those of ``lifeCycle`` in the models. The table says everything; ``move`` only looks it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from samstad_devices.domain.errors import TransitionRefused

__all__ = [
    "ACCEPTS",
    "GUARDS",
    "REVOKES",
    "STATES",
    "TRANSITIONS",
    "Facts",
    "Reception",
    "Step",
    "Transition",
    "move",
    "next_states",
    "reception_of",
]

STATES: tuple[str, ...] = (
    "planned",
    "ordered",
    "received",
    "commissioned",
    "inService",
    "maintenance",
    "decommissioned",
    "lost",
)
"""In the order of a life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a device when it shall go on.

    Attributes:
        has_identifier: at least one by which its messages are recognised.
        has_contract: a contract or an order that it was bought under.
        has_position: where it hangs.
        has_asset: which place it measures or controls.
        was_heard: a message of it was accepted, on the shelf or at its place.
    """

    has_identifier: bool = False
    has_contract: bool = False
    has_position: bool = False
    has_asset: bool = False
    was_heard: bool = False


class Guard(NamedTuple):
    """A condition of a transition, and the sentence for whom it stops."""

    holds: Callable[[Facts], bool]
    todo: str


GUARDS: Mapping[str, Guard] = MappingProxyType(
    {
        "identifier": Guard(
            lambda facts: facts.has_identifier,
            "it has no identifier: give it one, such as its DevEUI",
        ),
        "contract": Guard(
            lambda facts: facts.has_contract, "it has no contract: say which one it was bought under"
        ),
        "position": Guard(lambda facts: facts.has_position, "it has no position: give its location"),
        "asset": Guard(lambda facts: facts.has_asset, "it belongs to no place: give its controlledAsset"),
        "heard": Guard(
            lambda facts: facts.was_heard,
            "no message of it has been accepted: let it send one where it hangs",
        ),
    }
)
"""Name of a condition → what it asks."""


class Transition(NamedTuple):
    """One row: from a state to another, and the guards that must hold."""

    start: str
    end: str
    guards: tuple[str, ...] = ()


TRANSITIONS: tuple[Transition, ...] = (
    Transition("planned", "ordered"),
    Transition("planned", "received", ("identifier", "contract")),  # bought over the counter
    Transition("planned", "decommissioned"),  # never bought
    Transition("ordered", "planned"),  # the order was withdrawn
    Transition("ordered", "received", ("identifier", "contract")),
    Transition("ordered", "lost"),
    Transition("received", "commissioned", ("identifier", "position", "heard")),
    Transition("received", "decommissioned"),
    Transition("received", "lost"),
    Transition("commissioned", "inService", ("asset",)),
    Transition("commissioned", "received"),  # taken down again
    Transition("commissioned", "maintenance"),
    Transition("commissioned", "decommissioned"),
    Transition("commissioned", "lost"),
    Transition("inService", "maintenance"),
    Transition("inService", "received"),  # swapped, and back on the shelf
    Transition("inService", "decommissioned"),
    Transition("inService", "lost"),
    Transition("maintenance", "inService", ("position", "asset")),
    Transition("maintenance", "received"),
    Transition("maintenance", "decommissioned"),
    Transition("maintenance", "lost"),
    Transition("lost", "received", ("identifier", "contract")),  # found again
    Transition("lost", "decommissioned"),
)
"""Every way a life can go; ``decommissioned`` is the end."""

REVOKES = frozenset({"decommissioned", "lost"})
"""States in which nothing that proves a device's identity is valid any more."""

Reception = str
"""``publish``, ``quarantine`` or ``test``: what becomes of a message of a device in a state."""

ACCEPTS: Mapping[str, Reception] = MappingProxyType(
    {
        "planned": "quarantine",
        "ordered": "quarantine",
        "received": "test",
        "commissioned": "publish",
        "inService": "publish",
        "maintenance": "test",
        "decommissioned": "quarantine",
        "lost": "quarantine",
    }
)
"""State → what becomes of messages: a ``test`` shows on the device alone, never at a place."""


class Step(NamedTuple):
    """One step of a life, as it is kept.

    Attributes:
        who: the principal.
        why: in their words.
        time_us: when, microseconds since 1970 UTC.
    """

    start: str
    end: str
    who: str
    why: str
    time_us: int


_ROWS = {(row.start, row.end): row for row in TRANSITIONS}


def next_states(state: str) -> tuple[str, ...]:
    """Return where a life can go from a state, in the order of the table."""
    return tuple(row.end for row in TRANSITIONS if row.start == state)


def reception_of(state: str | None) -> Reception:
    """Return what becomes of messages in a state; one that is not known is quarantined."""
    return ACCEPTS.get(state or "", "quarantine")


def move(wish: Step, facts: Facts) -> Step:
    """Return the step that is wished for, where it may be taken.

    Args:
        wish: from which state to which; who and why must say something: they are read years later.
        facts: what is known of the device now.

    Raises:
        TransitionRefused: there is no such way, a guard does not hold, or nobody says who or why.
    """
    row = _ROWS.get((wish.start, wish.end))
    if row is None:
        raise TransitionRefused(_no_way(wish.start, wish.end), pointer="/lifeCycle")
    if not wish.who.strip() or not wish.why.strip():
        raise TransitionRefused("Say who wants it and why: both are kept.", pointer="/reason")
    unmet = [GUARDS[name].todo for name in row.guards if not GUARDS[name].holds(facts)]
    if unmet:
        raise TransitionRefused(
            f"The device cannot be {wish.end} yet: {'; '.join(unmet)}.", pointer="/lifeCycle"
        )
    return wish._replace(who=wish.who.strip(), why=wish.why.strip())


def _no_way(start: str, end: str) -> str:
    if end not in STATES:
        return f"{end!r:.60} is no state of a device; use one of {', '.join(STATES)}."
    after = next_states(start)
    if not after:
        return f"The device is {start}, which is the end; a new one needs a new id."
    return f"A device that is {start} cannot become {end}; it can become {' or '.join(after)}."
