"""Turns a noisy value into calm raises and clears of an alert.

Between the two limits nothing happens, and a limit must be passed for a while before it counts.
Times are µs since 1970 UTC.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Hysteresis", "HysteresisState", "step"]


class Hysteresis(NamedTuple):
    """When to raise and when to clear.

    ``raise_at`` above ``clear_at`` raises on high values, below it on low ones; equal limits raise at
    and above the limit. ``raise_after_us`` and ``clear_after_us`` say how long a limit must be passed.
    """

    raise_at: float
    clear_at: float
    raise_after_us: int = 0
    clear_after_us: int = 0


class HysteresisState(NamedTuple):
    """Whether it is raised, since when the other limit has been passed, and the latest observation."""

    raised: bool = False
    passed_since_us: int | None = None
    observed_us: int | None = None


def _passes(rule: Hysteresis, value: float, *, raised: bool) -> bool:
    high = rule.raise_at >= rule.clear_at
    if raised and rule.raise_at == rule.clear_at:
        return value < rule.clear_at
    if raised:
        return value <= rule.clear_at if high else value >= rule.clear_at
    return value >= rule.raise_at if high else value <= rule.raise_at


def step(
    rule: Hysteresis, state: HysteresisState, *, value: float, observed_us: int
) -> tuple[HysteresisState, str | None]:
    """Return the state after an observation, and ``raise`` or ``clear`` where the alert changes.

    An observation older than the latest one is passed over.
    """
    if state.observed_us is not None and observed_us < state.observed_us:
        return state, None
    if not _passes(rule, value, raised=state.raised):
        return HysteresisState(state.raised, None, observed_us), None
    since = observed_us if state.passed_since_us is None else state.passed_since_us
    needed = rule.clear_after_us if state.raised else rule.raise_after_us
    if observed_us - since < needed:
        return HysteresisState(state.raised, since, observed_us), None
    event = "clear" if state.raised else "raise"
    return HysteresisState(not state.raised, None, observed_us), event
