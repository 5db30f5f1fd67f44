"""Time and space along a corridor: how wide the green wave is, and where each green lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from samstad_signals.domain.plan import PlanTimes, is_green, length_s

__all__ = ["Bar", "Stop", "band_s", "time_space"]


class Stop(NamedTuple):
    """One junction on the corridor: how far from its beginning, its plan, and the group of the corridor."""

    distance_m: float
    plan: PlanTimes
    group: int


class Bar(NamedTuple):
    """One green of one junction in the diagram."""

    distance_m: float
    start_s: float
    end_s: float


def time_space(stops: Sequence[Stop], *, begin_s: float, end_s: float) -> list[Bar]:
    """Return the greens of a corridor between two times, in seconds since 1970, cut at both."""
    bars: list[Bar] = []
    for stop in stops:
        plan = stop.plan
        first = begin_s - (begin_s + plan.offset_s) % plan.cycle_s - plan.cycle_s
        for window in plan.greens.get(stop.group, ()):
            length = length_s(window, plan.cycle_s)
            start = first + window.start_s
            while start < end_s:
                if start + length > begin_s:
                    bars.append(Bar(stop.distance_m, max(start, begin_s), min(start + length, end_s)))
                start += plan.cycle_s
    return sorted(bars)


def band_s(stops: Sequence[Stop], *, speed_m_s: float) -> int:
    """Return for how many seconds of a cycle a vehicle may enter and meet green at every junction.

    A negative speed is the way back: the same bars, from the far end.

    Raises:
        ValueError: the junctions have different cycles, so there is no lasting wave, or nothing moves.
    """
    cycles = {stop.plan.cycle_s for stop in stops}
    if len(cycles) != 1:
        raise ValueError(f"a wave needs one cycle, not {sorted(cycles)}")
    if speed_m_s == 0:
        raise ValueError("a wave that does not move has no band")
    (cycle_s,) = cycles
    return max(_runs([_passes(stops, second, speed_m_s) for second in range(cycle_s)]))


def _passes(stops: Sequence[Stop], second: int, speed_m_s: float) -> bool:
    start_m = stops[0].distance_m
    return all(
        is_green(stop.plan, stop.group, second + (stop.distance_m - start_m) / speed_m_s) for stop in stops
    )


def _runs(passes: list[bool]) -> list[int]:
    """Return the lengths of runs of the same kind, round the cycle; at least a 0."""
    if all(passes):
        return [len(passes)]
    lengths = [0]
    for one in passes + passes:
        lengths.append(lengths.pop() + 1) if one else lengths.append(0)
    return lengths
