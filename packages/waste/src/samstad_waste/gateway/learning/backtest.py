"""Forecasts of recorded emptyings that lie after everything that was learned, against simple rules."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from samstad_waste.domain.errors import HistoryRefused
from samstad_waste.domain.selective import Found, Gap, Past, gaps, walk
from samstad_waste.gateway.learning.boosting import (
    QUANTILES,
    Array,
    Learned,
    learn_median,
    learn_quantiles,
)

__all__ = ["Report", "Row", "backtest"]

_LEAST = 400
_FULL = 100.0
_NEW_BINS = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """One model's errors in percentage points."""

    model: str
    mae: float
    rmse: float


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        learned: waits that were learned from.
        tested: waits that were foreseen.
        rows: errors of each model; ours is the last.
        held: share of the tested waits inside the interval of 90 %.
        width: mean width of that interval, in points.
        brier: mean squared error of the probability of being full; ``brier_of_share`` is that of saying the
            share of full ones every time.
        new_bins: errors for bins of which nothing had been seen, by model.
    """

    learned: int
    tested: int
    rows: Sequence[Row]
    held: float
    width: float
    brier: float
    brier_of_share: float
    new_bins: Sequence[Row]


def backtest(found: Sequence[Found], *, last: float = 0.3, seed: int = 1) -> Report:
    """Learn from the earlier waits, foresee the last share of them.

    Every forecast goes by what was known when its wait began; what was found since the split is known too,
    as it would be in operation, but the models are those of the split.

    Raises:
        HistoryRefused: there are too few waits.
    """
    waits = gaps(found)
    cut = round(len(waits) * (1 - last))
    if cut < _LEAST or len(waits) - cut < 50:
        raise HistoryRefused(f"{len(waits)} waits of 1 to 240 hours are too few: at least {_LEAST + 200}.")
    if not any(one.level >= _FULL for one in waits[:cut]):
        raise HistoryRefused("No level of the earlier waits reaches 100: levels are percent of a full bin.")
    rows = np.array(walk(waits, Past(waits[0].start)))
    levels = np.array([one.level for one in waits])
    learned = learn_quantiles(rows[:cut], levels[:cut], full=_FULL)
    later, truth = rows[cut:], levels[cut:]
    ours = learned.expected(later)
    interval = _quantiles(learned, later, truth, waits[cut:])
    low, high = interval[:, 0], interval[:, -1]
    is_full = truth >= _FULL
    probability = learned.probability_of_full(later)
    return Report(
        learned=cut,
        tested=len(truth),
        rows=[*_simple(waits, rows, levels, cut), _errors("samstad", ours, truth)],
        held=float(np.mean((truth >= low) & (truth <= high))),
        width=float(np.mean(high - low)),
        brier=float(np.mean((probability - is_full) ** 2)),
        brier_of_share=float(np.mean((np.mean(levels[:cut] >= _FULL) - is_full) ** 2)),
        new_bins=_new_bins(waits, levels, cut, seed),
    )


def _quantiles(learned: Learned, rows: Array, truth: Array, waits: Sequence[Gap]) -> Array:
    """Return the quantiles of each wait, calibrated by all that had ended when it began."""
    raw = learned.raw(rows)
    misses = truth[:, None] - raw
    ends = [wait.end.timestamp() for wait in waits]
    found = np.empty((len(rows), len(QUANTILES)))
    for number, wait in enumerate(waits):
        ended = bisect_left(ends, wait.start.timestamp())
        found[number] = learned.calibrated(raw[number : number + 1], since=misses[:ended])
    return found


def _errors(model: str, foreseen: Array | float, truth: Array) -> Row:
    misses = foreseen - truth
    return Row(model, float(np.mean(np.abs(misses))), float(np.sqrt(np.mean(misses**2))))


def _simple(waits: Sequence[Gap], rows: Array, levels: Array, cut: int) -> list[Row]:
    """Return the errors of rules that need no learning, and of a linear model."""
    truth, hours = levels[cut:], rows[cut:, 0]
    past = Past(waits[0].start)
    for wait in waits[:cut]:
        past.note(wait)
    known = {wait.bin for wait in waits[:cut]}
    rate = float(levels[:cut].sum() / rows[:cut, 0].sum())
    mean = float(levels[:cut].mean())

    def of(rule: Callable[[str], float], otherwise: float) -> Array:
        return np.array([rule(wait.bin) if wait.bin in known else otherwise for wait in waits[cut:]])

    return [
        _errors("mean of all", mean, truth),
        _errors("mean of the bin", of(past.mean_of, mean), truth),
        _errors("rate of all x hours", rate * hours, truth),
        _errors("rate of the bin x hours", of(past.rate_of, rate) * hours, truth),
        _errors("last rate x hours", of(past.last_rate_of, rate) * hours, truth),
        _errors("ridge (log hours, level, rate)", _ridge(rows, levels, cut), truth),
    ]


def _ridge(rows: Array, levels: Array, cut: int) -> Array:
    """Return the forecasts of a linear model of the log of the hours, the bin's level and its rate."""
    chosen = rows[:, (1, 3, 4)]
    centre, scale = chosen[:cut].mean(axis=0), chosen[:cut].std(axis=0)
    scaled = (chosen - centre) / scale
    mean = levels[:cut].mean()
    matrix = scaled[:cut].T @ scaled[:cut] + np.eye(scaled.shape[1])
    weights = np.linalg.solve(matrix, scaled[:cut].T @ (levels[:cut] - mean))
    foreseen: Array = scaled[cut:] @ weights + mean
    return foreseen


def _new_bins(waits: Sequence[Gap], levels: Array, cut: int, seed: int) -> list[Row]:
    """Return errors for a share of the bins whose past until the split is taken away."""
    names = sorted({wait.bin for wait in waits})
    chosen = set(Random(seed).sample(names, round(len(names) * _NEW_BINS)))  # noqa: S311 - no secret
    kept = [number for number, wait in enumerate(waits) if number >= cut or wait.bin not in chosen]
    fewer = [waits[number] for number in kept]
    rows = np.array(walk(fewer, Past(waits[0].start)))
    split = sum(number < cut for number in kept)
    fewer_levels = levels[kept]
    models = learn_median(rows[:split], fewer_levels[:split])
    new = [number for number in range(split, len(fewer)) if fewer[number].bin in chosen]
    if not new:
        return []
    truth = fewer_levels[new]
    return [
        _errors("mean of all", float(fewer_levels[:split].mean()), truth),
        _errors("samstad", np.mean([model.predict(rows[new]) for model in models], axis=0), truth),
    ]
