"""Faults of detectors, told by what they say: stuck on, stuck off, implausible counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["DetectorFault", "DetectorRules", "Interval", "find_fault"]

DetectorFault = Literal["stuckOn", "stuckOff", "implausible", "chattering"]


class Interval(NamedTuple):
    """One period of counting.

    Attributes:
        vehicles: counted; None where the controller told none (-1).
        occupancy: share of time occupied, 0 to 1.
        expected: vehicles in this period of the week, by experience; None where there is none.
    """

    seconds: int
    vehicles: int | None
    occupancy: float | None
    expected: float | None = None


class DetectorRules(NamedTuple):
    """What no lane does.

    Attributes:
        on_s: full for so long is stuck on.
        off_expected: silent while so many were expected is stuck off: by chance once in e^off_expected.
        most_per_hour: more vehicles than a lane carries.
        shortest_vehicle_s: a vehicle occupies a detector for so long at least, on average.
    """

    on_s: int = 600
    off_expected: float = 10.0
    most_per_hour: float = 2600.0
    shortest_vehicle_s: float = 0.08


def find_fault(intervals: Sequence[Interval], rules: DetectorRules = DetectorRules()) -> DetectorFault | None:  # noqa: B008  # frozen
    """Return what is wrong with a detector by its latest intervals, oldest first; None where nothing shows.

    An empty road is no fault: a detector is stuck off only where vehicles were to be expected.
    """
    told = [one for one in intervals if one.vehicles is not None]
    if not told:
        return None
    if _tail_s(told, full=True) >= rules.on_s:
        return "stuckOn"
    silent = _tail(told, full=False)
    if sum(one.expected or 0.0 for one in silent) >= rules.off_expected:
        return "stuckOff"
    latest = told[-1]
    count = latest.vehicles or 0
    if count * 3600 / latest.seconds > rules.most_per_hour:
        return "implausible"
    occupied_s = (latest.occupancy or 0.0) * latest.seconds
    is_short = latest.occupancy is not None and count >= 5 and occupied_s / count < rules.shortest_vehicle_s
    return "chattering" if is_short else None


def _tail(told: Sequence[Interval], *, full: bool) -> list[Interval]:
    """Return the latest intervals that are all full without a count, or all silent."""
    found: list[Interval] = []
    for one in reversed(told):
        occupancy = one.occupancy if one.occupancy is not None else 0.0
        holds = occupancy >= 0.98 if full else not one.vehicles and occupancy <= 0.02
        if not holds:
            break
        found.append(one)
    return found


def _tail_s(told: Sequence[Interval], *, full: bool) -> int:
    return sum(one.seconds for one in _tail(told, full=full))
