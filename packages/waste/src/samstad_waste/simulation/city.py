"""An invented city: where bins stand, how they fill, what their sensors say. The same seed, the same year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["STEPS", "STEP_H", "City", "Street", "invent"]

Array = npt.NDArray[np.float64]
STEP_H = 3
STEPS = 24 // STEP_H
_DAY = np.array([0.1, 0.1, 0.6, 1.2, 1.6, 1.7, 1.5, 1.2])
_WEEK = np.array([0.95, 0.9, 0.9, 0.95, 1.1, 1.25, 0.95])
_DEPOSIT = 60 / 4_500
"""A bag in a container, as in Groningen: what comes is gamma distributed around its mean."""
_CENTRE = (16.545, 59.61)


@dataclass(frozen=True, slots=True)
class City:
    """What stands where.

    Attributes:
        places: of the depot, the unloading site, then each bin.
        areas: in which part of the city each bin stands.
        rates: share of a bin that comes in a mean day.
        litres: of a full bin.
        dead: sensors that say nothing.
        lying: sensors that always say ``stuck``.
    """

    places: list[tuple[float, float]]
    areas: npt.NDArray[np.int64]
    rates: Array
    litres: float
    dead: npt.NDArray[np.bool_]
    lying: npt.NDArray[np.bool_]
    stuck: Array


def invent(bins: int, *, seed: int, faulty: float = 0.0) -> City:
    """Return a city; half of the faulty sensors are dead, half of them lie.

    Args:
        bins: how many.
        seed: of chance.
        faulty: share of the sensors.
    """
    chance = np.random.default_rng(seed)
    centres = chance.normal(0, (0.03, 0.016), (max(bins // 40, 1), 2))
    areas = chance.integers(0, len(centres), bins)
    chosen = centres[areas]
    points = chosen + chance.normal(0, (0.006, 0.003), (bins, 2))
    places = [_CENTRE, (_CENTRE[0] + 0.07, _CENTRE[1] - 0.02)]
    places += [(_CENTRE[0] + float(x), _CENTRE[1] + float(y)) for x, y in points]
    rates = np.clip(chance.lognormal(np.log(0.13), 0.5, bins), 0.03, 0.5)
    is_faulty = chance.random(bins) < faulty
    is_dead = is_faulty & (chance.random(bins) < 0.5)
    return City(places, areas, rates, 3_000.0, is_dead, is_faulty & ~is_dead, chance.uniform(0, 0.8, bins))


class Street:
    """The truth, three hours at a time: levels that nobody but the sensors and the crews sees.

    Args:
        city: what stands where.
        seed: of chance; the same streams of waste come whatever is emptied.
    """

    def __init__(self, city: City, *, seed: int) -> None:
        self._city = city
        self._growth = np.random.default_rng(seed + 1)
        self._noise = np.random.default_rng(seed + 2)
        self.levels = self._growth.uniform(0.0, 0.5, len(city.rates))
        self.came = 0.0
        self.spilt = 0.0
        self.full_steps = 0
        self._event = np.ones(len(city.rates))

    def step(self, number: int) -> None:
        """Let three hours pass; ``number`` counts from a Monday's midnight."""
        day, block = divmod(number, STEPS)
        if block == 0:
            self._event = np.ones(len(self.levels))
            if self._growth.random() < 0.1:
                self._event[self._growth.random(len(self.levels)) < 0.15] = 1.8
        season = 1 + 0.2 * np.sin(2 * np.pi * day / 365)
        mean = self._city.rates / STEPS * _DAY[block] * _WEEK[day % 7] * season * self._event
        grown = self._growth.gamma(mean / _DEPOSIT, _DEPOSIT)
        self.came += float(grown.sum())
        after = self.levels + grown
        self.spilt += float(np.clip(after - 1.0, 0, None).sum())
        self.levels = np.minimum(after, 1.0)
        self.full_steps += int((self.levels >= 1.0).sum())

    def sensed(self) -> list[float | None]:
        """Return what each sensor says: nearly the truth, nothing where it is dead, a lie where it lies."""
        noisy = np.clip(self.levels + self._noise.normal(0, 0.02, len(self.levels)), 0, 1)
        told = np.where(self._city.lying, self._city.stuck, noisy)
        return [None if dead else float(level) for dead, level in zip(self._city.dead, told, strict=True)]

    def empty(self, bins: list[int]) -> list[float]:
        """Empty bins and return what was in them."""
        found = [float(self.levels[one]) for one in bins]
        self.levels[bins] = 0.0
        return found

    @property
    def service_level(self) -> float:
        """Share of the waste that came while there was room."""
        return 1.0 - self.spilt / self.came if self.came else 1.0
