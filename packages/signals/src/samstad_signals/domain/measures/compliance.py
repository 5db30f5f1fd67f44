"""Whether a controller does what its plan says: greens against the windows of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from samstad_signals.domain.measures.greens import Green
from samstad_signals.domain.plan import PlanTimes, Window, cycle_second, length_s

__all__ = ["Compliance", "Deviation", "check_compliance"]

Kind = Literal["earlyStart", "lateStart", "earlyEnd", "lateEnd", "notPlanned"]


class Deviation(NamedTuple):
    """A green that is not as planned, by how many seconds (0 where no window is near)."""

    green: Green
    kind: Kind
    seconds: float


class Compliance(NamedTuple):
    """How many greens were checked, and what deviates."""

    checked: int
    deviations: tuple[Deviation, ...]


def check_compliance(
    plan: PlanTimes, group: int, found: Iterable[Green], *, tolerance_s: float = 2, is_actuated: bool = False
) -> Compliance:
    """Return how the greens of a group fit its plan.

    Args:
        plan: it.
        group: the signal group's number.
        found: its greens, in seconds since 1970.
        tolerance_s: how far off is still right.
        is_actuated: the group may begin later and end earlier than its window, or not come at all.
    """
    windows = plan.greens.get(group, ())
    deviations: list[Deviation] = []
    checked = 0
    for green in found:
        checked += 1
        window = _nearest(plan, windows, green)
        if window is None:
            deviations.append(Deviation(green, "notPlanned", 0))
            continue
        deviations += _deviations(plan, window, green, tolerance_s=tolerance_s, is_actuated=is_actuated)
    return Compliance(checked, tuple(deviations))


def _signed(plan: PlanTimes, at_s: float, planned_s: int) -> float:
    """Return how much later than planned, in the shorter way round the cycle."""
    half = plan.cycle_s / 2
    return (cycle_second(plan, at_s) - planned_s + half) % plan.cycle_s - half


def _nearest(plan: PlanTimes, windows: tuple[Window, ...], green: Green) -> Window | None:
    """Return the window in whose time a green lies for the most part; None where it lies in none."""
    middle = cycle_second(plan, (green.start_s + green.end_s) / 2)
    for window in windows:
        if (middle - window.start_s) % plan.cycle_s < length_s(window, plan.cycle_s):
            return window
    return None


def _deviations(
    plan: PlanTimes, window: Window, green: Green, *, tolerance_s: float, is_actuated: bool
) -> Iterable[Deviation]:
    start = _signed(plan, green.start_s, window.start_s)
    end = _signed(plan, green.end_s, window.end_s)
    if start < -tolerance_s:
        yield Deviation(green, "earlyStart", -start)
    elif start > tolerance_s and not is_actuated:
        yield Deviation(green, "lateStart", start)
    if end > tolerance_s:
        yield Deviation(green, "lateEnd", end)
    elif end < -tolerance_s and not is_actuated:
        yield Deviation(green, "earlyEnd", -end)
