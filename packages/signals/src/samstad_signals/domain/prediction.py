"""Time to green: when a group that is red becomes green, with how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from samstad_signals.domain.plan import PlanTimes, cycle_second, is_green

__all__ = ["TimeToGreen", "predict_from_history", "predict_from_plan"]

FEW = 5
"""From fewer cycles than this nothing is predicted."""


class TimeToGreen(NamedTuple):
    """Seconds until green: earliest, most likely, latest; and the share of cycles that were so, 0 to 1."""

    earliest_s: float
    likely_s: float
    latest_s: float
    confidence: float


def predict_from_plan(plan: PlanTimes, group: int, *, at_s: float) -> TimeToGreen | None:
    """Return the time to the next green of a fixed-time plan; 0 during green; None where it never comes."""
    windows = plan.greens.get(group, ())
    if not windows:
        return None
    now = cycle_second(plan, at_s)
    if is_green(plan, group, at_s):
        return TimeToGreen(0, 0, 0, 1)
    wait = min((window.start_s - now) % plan.cycle_s for window in windows)
    return TimeToGreen(wait, wait, wait, 1)


def predict_from_history(
    starts_s: Sequence[float | None], *, cycle_s: int, now_s: float, within_s: float = 2
) -> TimeToGreen | None:
    """Return the time to green by when in the cycle it came in the latest cycles.

    Args:
        starts_s: for each of the latest cycles the second at which green began, None where it did not come.
        cycle_s: of the plan.
        now_s: the second of the cycle now.
        within_s: a cycle was as predicted when its green began within this of the likely time.

    Returns:
        None where too little is known: fewer than five cycles, or no green in them after this second.
    """
    if len(starts_s) < FEW:
        return None
    came = [one for one in starts_s if one is not None]
    ahead = sorted(one - now_s for one in came if one >= now_s)
    missed = [one is None or one < now_s for one in starts_s]
    if not ahead or all(missed):
        return None
    likely = ahead[(len(ahead) - 1) // 2]
    right = sum(1 for one in ahead if abs(one - likely) <= within_s)
    # Green that does not come in this cycle comes in the next at the latest that was seen.
    latest = ahead[-1] if None not in starts_s else cycle_s + max(came) - now_s
    return TimeToGreen(ahead[0], likely, latest, right / (len(ahead) + starts_s.count(None)))
