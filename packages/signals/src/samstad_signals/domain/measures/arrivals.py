"""What vehicles met: arrivals on green, how greens were used, split failures, queue and delay."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from samstad_signals.domain.measures.greens import Green

__all__ = [
    "Arrivals",
    "QueueEstimate",
    "Split",
    "arrivals_on_green",
    "estimate_queue",
    "green_use",
    "split_failures",
    "uniform_delay_s",
]

FULL = 0.79
"""Occupancy from which a stop line counts as never empty, in green and in the first red (Purdue)."""
FIRST_RED_S = 5.0


class Arrivals(NamedTuple):
    """How many arrived, and how many of them at green.

    Attributes:
        platoon_ratio: share on green divided by the share of green time; above 1 the coordination helps.
    """

    total: int
    on_green: int
    platoon_ratio: float | None

    @property
    def share(self) -> float | None:
        """Share of arrivals on green; None without arrivals."""
        return self.on_green / self.total if self.total else None


class Split(NamedTuple):
    """Occupancy of the stop line detector in one green and in the beginning of the red after it."""

    green: Green
    green_occupancy: float
    red_occupancy: float

    @property
    def failed(self) -> bool:
        """Whether vehicles were left waiting: the stop line was full in green, and still in red."""
        return self.green_occupancy >= FULL and self.red_occupancy >= FULL


class QueueEstimate(NamedTuple):
    """From arrivals and greens, first come, first served.

    Attributes:
        delay_s: of all vehicles that left.
        departed: how many left in the greens that were given.
        most_waiting: the longest queue.
        left: how many still wait at the end.
    """

    delay_s: float
    departed: int
    most_waiting: int
    left: int


def arrivals_on_green(
    passages_s: Iterable[float], found: Sequence[Green], *, travel_s: float, period: tuple[float, float]
) -> Arrivals:
    """Return how vehicles that passed a detector upstream met the signal.

    Args:
        passages_s: times at the detector.
        found: the greens, in order.
        travel_s: from the detector to the stop line.
        period: begin and end; only arrivals in it count.
    """
    begin, end = period
    arrivals = [one + travel_s for one in passages_s if begin <= one + travel_s < end]
    on_green = sum(1 for one in arrivals if _is_green(one, found))
    green_s = sum(max(0.0, min(g.end_s, end) - max(g.start_s, begin)) for g in found)
    known = bool(arrivals) and green_s > 0
    ratio = (on_green / len(arrivals)) / (green_s / (end - begin)) if known else None
    return Arrivals(len(arrivals), on_green, ratio)


def _is_green(at_s: float, found: Sequence[Green]) -> bool:
    index = bisect_right(found, at_s, key=lambda green: green.start_s) - 1
    return index >= 0 and at_s < found[index].end_s


def split_failures(found: Sequence[Green], occupied: Sequence[tuple[float, float]]) -> list[Split]:
    """Return for each green how full the stop line was in it and in the first five seconds of red.

    Args:
        found: the greens.
        occupied: begin and end of each occupation of the stop line detector, in order.
    """
    return [
        Split(
            green,
            _occupancy(green.start_s, green.end_s, occupied),
            _occupancy(green.end_s, green.end_s + FIRST_RED_S, occupied),
        )
        for green in found
    ]


def _occupancy(begin: float, end: float, occupied: Sequence[tuple[float, float]]) -> float:
    first = bisect_left(occupied, begin, key=lambda one: one[1])
    total = 0.0
    for on, off in occupied[first:]:
        if on >= end:
            break
        total += min(off, end) - max(on, begin)
    return total / (end - begin) if end > begin else 0.0


def green_use(green: Green, departures_s: Iterable[float], *, headway_s: float = 2.0) -> float:
    """Return which share of a green was needed by those who used it, at a saturation headway; 1 at most."""
    served = sum(1 for one in departures_s if green.start_s <= one < green.end_s)
    return min(1.0, served * headway_s / green.duration_s) if green.duration_s > 0 else 0.0


def estimate_queue(
    arrivals_s: Sequence[float], found: Sequence[Green], *, headway_s: float = 2.0, lost_s: float = 2.0
) -> QueueEstimate:
    """Return queue and delay of one lane by cumulative arrivals and departures.

    Args:
        arrivals_s: at the stop line as if it were free, in order.
        found: the greens, in order; a vehicle leaves ``headway_s`` after the one before.
        headway_s: at saturation.
        lost_s: from the begin of a green to the first departure from a queue.
    """
    leaving = list(_departures(arrivals_s, found, headway_s, lost_s))
    delay = sum(left - came for came, left in zip(arrivals_s, leaving, strict=False))
    most = 0
    for index, came in enumerate(arrivals_s):
        gone = bisect_right(leaving, came)
        most = max(most, index + 1 - gone)
    return QueueEstimate(delay, len(leaving), most, len(arrivals_s) - len(leaving))


def _departures(
    arrivals_s: Sequence[float], found: Sequence[Green], headway_s: float, lost_s: float
) -> Iterable[float]:
    index = 0
    before = float("-inf")
    for green in found:
        while index < len(arrivals_s) and arrivals_s[index] < green.end_s:
            came = arrivals_s[index]
            queued = came < green.start_s or came < before + headway_s
            leaves = max(came, before + headway_s, green.start_s + lost_s if queued else came)
            if leaves >= green.end_s:
                break
            yield leaves
            before = leaves
            index += 1


def uniform_delay_s(*, cycle_s: float, green_s: float, degree_of_saturation: float) -> float:
    """Return Webster's uniform delay of a vehicle: c(1-g/c)² / (2(1-min(1,x)·g/c)).

    Raises:
        ValueError: the green does not fit the cycle.
    """
    if not 0 < green_s <= cycle_s:
        raise ValueError(f"a green of {green_s} s does not fit a cycle of {cycle_s} s")
    share = green_s / cycle_s
    full = 1 - min(1.0, degree_of_saturation) * share
    return cycle_s * (1 - share) ** 2 / (2 * full) if full else 0.0
