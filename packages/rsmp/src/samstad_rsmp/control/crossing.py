"""What a planner knows of its junction: lanes, links, stages, and what it sees of the street.

A *link* is one way across the stop line: from a lane, by a signal group, into an exit. A *stage* is a set of
links that may be green together; a link that must yield there is *weak*. Times are seconds from now unless a
name says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Arrival", "Crossing", "Link", "Outflow", "Stage", "View"]


@dataclass(frozen=True)
class Link:
    """One way across.

    Attributes:
        lane: the number of the lane that it leaves.
        group: the signal group.
        foes: the links that it yields to where it is weak.
    """

    lane: int
    group: str
    foes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Stage:
    """Which links are green together, and which of them yield."""

    greens: frozenset[str]
    strong: frozenset[int]
    weak: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Crossing:
    """A junction as its planner sees it.

    Attributes:
        lanes: how many lanes lead to the stop lines.
        links: in the order of their numbers.
        stages: what may be shown; their order is only their numbering.
        min_green_s: the shortest green of each group.
        max_green_s: the longest green of each group while somebody waits at a conflicting one.
        max_red_s: after how long waiting at red a group goes before all others.
        intergreen_s: from the end of one group's green to the begin of another's.
    """

    lanes: int
    links: tuple[Link, ...]
    stages: tuple[Stage, ...]
    min_green_s: Mapping[str, int]
    max_green_s: Mapping[str, int]
    max_red_s: Mapping[str, int]
    intergreen_s: Mapping[str, Mapping[str, int]]

    def change_s(self, ending: int, beginning: int) -> int:
        """Return how long a change between two stages takes, until all groups of the second are green."""
        before, after = self.stages[ending].greens, self.stages[beginning].greens
        return max(
            (
                self.intergreen_s.get(one, {}).get(other, 0)
                for one in before - after
                for other in after - before
            ),
            default=0,
        )


class Arrival(NamedTuple):
    """One vehicle that is on its way.

    Attributes:
        link: the way across that it will take; -1 when nobody knows.
        reaches_s: when it would be at the stop line if nothing stood before it.
        weight: how much its waiting counts: 1 for a car, more for a bus.
        onward: where it goes next, for its neighbour: the junction, the link there and the seconds between.
        waited_s: for how long it has stood already.
    """

    link: int
    reaches_s: float
    weight: float = 1.0
    onward: tuple[str, int, float] | None = None
    waited_s: float = 0.0


class Outflow(NamedTuple):
    """One vehicle that a neighbour expects to send.

    Attributes:
        link: the link at the receiver.
        reaches_ms: when it will be at the receiver's stop line.
        weight: as in Arrival; a fraction when only shares of turns are known.
    """

    link: int
    reaches_ms: int
    weight: float = 1.0


@dataclass(frozen=True)
class View:
    """What is seen at one moment.

    Attributes:
        queues: the vehicles of each lane, the nearest to the stop line first.
        blocked: links whose exit has no room.
        occupied: whether vehicles stand inside the junction.
        pressed: lanes that are so full that the junction upstream suffers.
    """

    queues: Sequence[Sequence[Arrival]]
    blocked: Collection[int] = ()
    occupied: bool = False
    pressed: Collection[int] = field(default=())
