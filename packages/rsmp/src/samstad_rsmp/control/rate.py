"""The rung below the rolling horizon: the stage that lets most through for the time it costs.

After Lämmer and Helbing: the rate of a stage is the largest number served, divided by the time of the change
and of serving. It needs no search and cannot fail on odd input.
"""

from __future__ import annotations

from samstad_rsmp.control.crossing import Crossing, View

__all__ = ["best_rate"]

HEADWAY_S = 2.0
FARTHEST_S = 40.0
KEEPING = 1.15
"""The stage that is green must be beaten by so much."""


def best_rate(crossing: Crossing, view: View, stage: int) -> int:
    """Return the stage with the best rate; the present one unless another is clearly better."""
    rates = [_rate(crossing, view, stage, other) for other in range(len(crossing.stages))]
    rates[stage] *= KEEPING
    best = max(range(len(rates)), key=lambda number: rates[number])
    return best if rates[best] > rates[stage] else stage


def _rate(crossing: Crossing, view: View, stage: int, other: int) -> float:
    change_s = 0.0 if other == stage else crossing.change_s(stage, other) + 1.0
    greens = crossing.stages[other].strong | crossing.stages[other].weak
    leaves: list[tuple[float, float]] = []
    for queue in view.queues:
        free_s = change_s
        for one in queue:
            if one.link >= 0 and (one.link not in greens or one.link in view.blocked):
                break
            free_s = max(free_s, one.reaches_s) + HEADWAY_S
            if free_s > FARTHEST_S:
                break
            leaves.append((free_s, one.weight))
    best = served = 0.0
    for at_s, weight in sorted(leaves):
        served += weight
        best = max(best, served / at_s)
    return best
