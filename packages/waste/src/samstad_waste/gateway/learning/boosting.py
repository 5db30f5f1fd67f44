"""Gradient boosting of quantiles, calibrated on emptyings that were not learned from.

This module is imported only by what learns: scikit-learn is large. One thread each, so that learning
takes no cores from what controls a street.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

__all__ = ["QUANTILES", "Learned", "learn_median", "learn_quantiles"]

Array = npt.NDArray[np.float64]
QUANTILES = (0.05, 0.95)
"""The ends of the interval of 90 %."""
_TREES = 150
_SEEDS = (1, 2)
_KEPT_BACK = 0.2
"""Share of the latest waits by which the quantiles are calibrated; then all are learned from."""


_ENOUGH = 50
_WINDOW = 800
"""Latest misses that calibrate: the season moves on, and what the intervals hold with it."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Models of the median and of quantiles.

    Attributes:
        median: models whose mean is the forecast.
        models: for each quantile.
        full: tells how likely a level is full.
        misses: of each quantile for the latest waits, by models that had not learned from them.
        top: no forecast is above it.
    """

    median: Sequence[Any]
    models: Sequence[Any]
    full: Any
    misses: Array
    top: float

    def expected(self, rows: Array) -> Array:
        """Return the median level for each row of features."""
        with threadpool_limits(1):
            found: Array = np.mean([model.predict(rows) for model in self.median], axis=0)
        return np.clip(found, 0.0, self.top)

    def probability_of_full(self, rows: Array) -> Array:
        """Return how likely a full bin is found, for each row of features."""
        with threadpool_limits(1):
            found: Array = self.full.predict_proba(rows)[:, 1]
        return found

    def raw(self, rows: Array) -> Array:
        """Return what the models of the quantiles say, uncalibrated."""
        with threadpool_limits(1):
            return np.column_stack([model.predict(rows) for model in self.models])

    def calibrated(self, raw: Array, *, since: Array) -> Array:
        """Return levels for QUANTILES, rising, moved so that each held what it should of late.

        Args:
            raw: what ``raw`` says, for one time.
            since: misses (truth minus ``raw``) that have been seen since it was learned.
        """
        latest = np.vstack([self.misses, since])[-_WINDOW:]
        shifts = np.zeros(len(QUANTILES))
        if len(latest) >= _ENOUGH:
            shifts = np.array([np.quantile(latest[:, number], one) for number, one in enumerate(QUANTILES)])
        return np.clip(np.sort(raw + shifts, axis=1), 0.0, None)


def learn_median(rows: Array, levels: Array) -> Sequence[Any]:
    """Learn the median alone."""
    with threadpool_limits(1):
        return [_median(seed).fit(rows, levels) for seed in _SEEDS]


def learn_quantiles(rows: Array, levels: Array, *, full: float) -> Learned:
    """Learn from waits in the order of their ends.

    Args:
        rows: features of each wait.
        levels: what was found.
        full: the level from which a bin counts as full; some of the levels reach it.
    """
    kept = max(round(len(rows) * (1 - _KEPT_BACK)), 1)
    misses = np.empty((0, len(QUANTILES)))
    with threadpool_limits(1):
        if kept >= _ENOUGH:
            trial = [_model(quantile).fit(rows[:kept], levels[:kept]) for quantile in QUANTILES]
            misses = np.column_stack([levels[kept:] - model.predict(rows[kept:]) for model in trial])
        models = [_model(quantile).fit(rows, levels) for quantile in QUANTILES]
        chances = _chances().fit(rows, levels >= full)
    return Learned(learn_median(rows, levels), models, chances, misses, float(levels.max()))


def _median(seed: int) -> Any:
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=_TREES,
        learning_rate=0.06,
        max_leaf_nodes=10,
        min_samples_leaf=60,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )


def _model(quantile: float) -> Any:
    return HistGradientBoostingRegressor(
        loss="quantile",
        quantile=quantile,
        max_iter=100,
        learning_rate=0.06,
        max_leaf_nodes=10,
        min_samples_leaf=60,
        max_features=0.5,
        early_stopping=False,
        random_state=1,
    )


def _chances() -> Any:
    return HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.06,
        max_leaf_nodes=8,
        min_samples_leaf=60,
        max_features=0.5,
        early_stopping=False,
        random_state=1,
    )
