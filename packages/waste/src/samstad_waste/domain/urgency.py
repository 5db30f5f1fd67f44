"""Which bins a day's collection may empty, what each emptying is worth, and why. Pure.

An emptying is worth the probability that the bin runs over before the collection after this one, times
what an overflow costs in metres of driving. A bin that will almost surely run over must be emptied; one
that surely will not stays out of the search. So the crew passes by where it is worth the way.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Policy", "Urgency", "Worth", "worth"]


class Policy(NamedTuple):
    """What an overflow costs.

    Attributes:
        overflow_m: metres of driving that one overflow is worth.
        required_from: probability from which a bin must be emptied.
        least: probability below which a bin is not looked at.
        passing_m: metres that a later visit to a full bin costs; a bin that is passed by anyway is emptied
            for its share of that.
        passing_from: share from which that is so.
    """

    overflow_m: float = 2_000.0
    required_from: float = 0.99
    least: float = 0.002
    passing_m: float = 0.0
    passing_from: float = 1.0


class Urgency(NamedTuple):
    """What is known of a bin when the day is planned.

    Attributes:
        probability: that it runs over before the collection after this one.
        expected: share that is full when this collection comes.
        due: it must be emptied because of its age, a deadline, or a request.
        pinned: a person wants it in the plan (True) or out of it (False).
    """

    probability: float
    expected: float
    due: bool = False
    pinned: bool | None = None


class Worth(NamedTuple):
    """Whether a bin is a candidate, and why.

    Attributes:
        reason: ``asked``, ``due``, ``full``, ``risk``, ``passing``, ``notNeeded`` or ``keptOut``.
    """

    is_candidate: bool
    required: bool
    prize_m: int
    reason: str


def worth(urgency: Urgency, policy: Policy) -> Worth:
    """Return what emptying a bin is worth; what a person said goes before all else."""
    if urgency.pinned is not None:
        return Worth(urgency.pinned, urgency.pinned, 0, "asked" if urgency.pinned else "keptOut")
    if urgency.due:
        return Worth(is_candidate=True, required=True, prize_m=0, reason="due")
    prize_m = round(policy.overflow_m * urgency.probability)
    if urgency.expected >= policy.passing_from:
        prize_m += round(policy.passing_m * urgency.expected)
    if urgency.probability >= policy.required_from:
        return Worth(is_candidate=True, required=True, prize_m=prize_m, reason="full")
    if urgency.probability < policy.least and urgency.expected < policy.passing_from:
        return Worth(is_candidate=False, required=False, prize_m=0, reason="notNeeded")
    reason = "risk" if urgency.probability >= policy.least else "passing"
    return Worth(is_candidate=True, required=False, prize_m=prize_m, reason=reason)
