"""A fixed-time plan as the centre knows it: when which group is green in the cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PlanTimes", "Window", "cycle_second", "is_green", "length_s"]


class Window(NamedTuple):
    """A green from one second of the cycle to another; it may pass the end of the cycle."""

    start_s: int
    end_s: int


class PlanTimes(NamedTuple):
    """A plan's cycle, offset and greens by signal group number."""

    number: int
    cycle_s: int
    offset_s: int
    greens: Mapping[int, tuple[Window, ...]]


def cycle_second(plan: PlanTimes, at_s: float) -> float:
    """Return the second of the cycle at a time since 1970: (b + offset) mod cycle, as S0001 counts it."""
    return (at_s + plan.offset_s) % plan.cycle_s


def length_s(window: Window, cycle_s: int) -> int:
    """Return how long a window is; one that ends where it begins is the whole cycle."""
    return (window.end_s - window.start_s) % cycle_s or cycle_s


def is_green(plan: PlanTimes, group: int, at_s: float) -> bool:
    """Tell whether the plan gives a group green at a time since 1970."""
    now = cycle_second(plan, at_s)
    return any(
        (now - window.start_s) % plan.cycle_s < length_s(window, plan.cycle_s)
        for window in plan.greens.get(group, ())
    )
