"""How fast a container fills, and how sure that is: the forecast where there are levels.

Growth between two readings that are believed, neither of them at an emptying nor at the top, is free of
the selection that emptyings bring: nobody chose those hours. A container's pace is its growth for each
*busy hour*, an hour weighed by how much the city fills bins at that time of the week; few readings are
drawn towards the pace of similar containers, and old ones fade with the season. The level at a later time
is what is known now, plus growth that is distributed as a gamma; its spread holds chance, the pace's own
uncertainty and the sensor's error. Times in µs since 1970 UTC, shares from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

from samstad_waste.domain.track import Reading

__all__ = ["BLOCKS", "Forecast", "Group", "Pace", "Week", "forecast", "learn", "learn_week"]

HOUR_US = 3_600_000_000
_BLOCK_H = 3
BLOCKS = 7 * 24 // _BLOCK_H
"""Blocks of three hours in a week, from Monday 00:00."""
_MONDAY_US = 4 * 24 * HOUR_US
_WEEK_US = 7 * 24 * HOUR_US
_DAY = (0.1, 0.1, 0.6, 1.2, 1.6, 1.7, 1.5, 1.2)
_HALF_LIFE_H = 24 * 28
_TOP = 0.97
"""A reading above says that it is full, not how much has come."""
_NORMAL = NormalDist()
_DRAWN_H = 36.0
_SENSOR_VARIANCE = 0.02**2
_LEAST_RATE = 1e-4


class Week(NamedTuple):
    """Busy hours at the end of each block of the week, summed from Monday; a whole week has 168."""

    sums: tuple[float, ...]
    offset_us: int = 0

    @classmethod
    def of(cls, weights: Sequence[float], *, offset_us: int = 0) -> Week:
        """Return a week of weights for each block; ``offset_us``: local time ahead of UTC."""
        scale = 168.0 / sum(weights)
        sums, total = [], 0.0
        for weight in weights:
            total += weight * scale
            sums.append(total)
        return cls(tuple(sums), offset_us)

    @classmethod
    def usual(cls, *, offset_us: int = 0) -> Week:
        """Return the week from which learning begins: quiet nights, busy afternoons."""
        return cls.of(_DAY * 7, offset_us=offset_us)

    def block(self, at_us: int) -> int:
        """Return in which block of the week a time lies."""
        return int((at_us + self.offset_us - _MONDAY_US) % _WEEK_US // (_BLOCK_H * HOUR_US))

    def busy_h(self, start_us: int, end_us: int) -> float:
        """Return the busy hours between two times."""
        return self._since(end_us) - self._since(start_us)

    def _since(self, at_us: int) -> float:
        weeks, rest_us = divmod(at_us + self.offset_us - _MONDAY_US, _WEEK_US)
        block, inside_us = divmod(rest_us, _BLOCK_H * HOUR_US)
        before = self.sums[block - 1] if block else 0.0
        along = inside_us / (_BLOCK_H * HOUR_US)
        return weeks * self.sums[-1] + before + along * (self.sums[block] - before)


class Pace(NamedTuple):
    """What a container has shown: growth and busy hours, both fading; ``excess``: squared misses."""

    growth: float = 0.0
    busy_h: float = 0.0
    excess: float = 0.0
    at_us: int = 0


class Group(NamedTuple):
    """What similar containers show: share for each busy hour, variance for each share of growth, how alike.

    Attributes:
        spread: of the paces of single containers around the group's, as a share of it.
    """

    rate: float = 0.012
    dispersion: float = 0.06
    spread: float = 0.6

    @classmethod
    def of(cls, paces: Sequence[Pace]) -> Group:
        """Return the group of these containers; one that has shown little changes little."""
        usual = cls()
        growth = sum(one.growth for one in paces) + usual.rate * 200
        busy_h = sum(one.busy_h for one in paces) + 200
        excess = sum(one.excess for one in paces) + usual.dispersion * usual.rate * 200
        rate = max(growth / busy_h, _LEAST_RATE)
        seen = [one.growth / one.busy_h / rate for one in paces if one.busy_h > 2 * _DRAWN_H]
        spread = (sum((one - 1) ** 2 for one in seen) + 3 * usual.spread**2) / (len(seen) + 3)
        dispersion = max(excess / max(growth, _LEAST_RATE), 0.005)
        return cls(rate, dispersion, min(math.sqrt(spread), 2.0))


class Forecast(NamedTuple):
    """The level at a time, without an emptying before: mean and variance of what has come, and the start."""

    start: float
    mean: float
    variance: float

    def quantile(self, share: float) -> float:
        """Return the level that is not passed with this probability; above 1 it runs over."""
        if self.mean <= 0:
            return self.start
        ninth = self.variance / (9 * self.mean**2)
        root = 1 - ninth + _NORMAL.inv_cdf(share) * math.sqrt(ninth)
        return self.start + self.mean * max(root, 0.0) ** 3

    def probability_of(self, level: float) -> float:
        """Return the probability that the level is reached (Wilson and Hilferty's cube root of a gamma)."""
        wanted = level - self.start
        if wanted <= 0:
            return 1.0
        if self.mean <= 0:
            return 0.0
        ninth = self.variance / (9 * self.mean**2)
        score = ((wanted / self.mean) ** (1 / 3) - 1 + ninth) / math.sqrt(ninth)
        return 1.0 - _NORMAL.cdf(score)


def learn(pace: Pace, week: Week, before: Reading, after: Reading, *, rate: float) -> Pace:
    """Return the pace after a believed pair of readings without an emptying between them.

    A pair that ends at the top, or spans more than a week, teaches nothing.

    Args:
        pace: before.
        week: of the city.
        before: the earlier reading.
        after: the later one.
        rate: the group's, by which misses are judged.
    """
    span_us = after.at_us - before.at_us
    if span_us <= 0 or span_us > _WEEK_US or after.level >= _TOP:
        return pace
    busy_h = week.busy_h(before.at_us, after.at_us)
    grown = after.level - before.level
    own = (pace.growth + _DRAWN_H * rate) / (pace.busy_h + _DRAWN_H)
    # A sensor that lies after an emptying would teach a pace that no bin has, to all that are like it.
    grown = min(grown, 4 * max(own, rate) * busy_h + 0.05)
    noise = 2 * _SENSOR_VARIANCE
    miss = max((grown - own * busy_h) ** 2 - noise, 0.0)
    fade = 0.5 ** (max(after.at_us - pace.at_us, 0) / HOUR_US / _HALF_LIFE_H) if pace.at_us else 1.0
    return Pace(
        pace.growth * fade + grown, pace.busy_h * fade + busy_h, pace.excess * fade + miss, after.at_us
    )


def learn_week(grown: Mapping[int, float], hours: Mapping[int, float], *, offset_us: int = 0) -> Week:
    """Return the week that growth by block shows, drawn towards the usual one.

    Args:
        grown: share that came in each block, over all containers.
        hours: container hours that were seen in each.
        offset_us: local time ahead of UTC.
    """
    total_h = sum(hours.values())
    mean = max(sum(grown.values()), 0.0) / total_h if total_h else 0.0
    usual = _DAY * 7
    if mean <= 0:
        return Week.usual(offset_us=offset_us)
    drawn_h = 500.0
    weights = [
        (max(grown.get(block, 0.0), 0.0) / mean + usual[block] * drawn_h) / (hours.get(block, 0.0) + drawn_h)
        for block in range(BLOCKS)
    ]
    return Week.of(weights, offset_us=offset_us)


def forecast(known: Reading | None, pace: Pace, group: Group, week: Week, *, at_us: int) -> Forecast:
    """Return the level of a container at a time.

    Args:
        known: the latest reading, or the latest emptying as level 0; None where nobody knows: then half full.
        pace: of the container.
        group: of similar ones.
        week: of the city.
        at_us: the time that is asked for.
    """
    start = known or Reading(0.5, at_us)
    busy_h = max(week.busy_h(start.at_us, at_us), 0.0)
    drawn_h = group.dispersion / (group.rate * group.spread**2)
    """Busy hours of an own history that weigh as much as the group (as for a gamma prior)."""
    rate = max((pace.growth + drawn_h * group.rate) / (pace.busy_h + drawn_h), _LEAST_RATE)
    mean = rate * busy_h
    chance = group.dispersion * mean
    unsure = group.dispersion * rate * busy_h**2 / (pace.busy_h + drawn_h)
    nobody_knows = 0.0 if known else 0.3**2
    return Forecast(start.level, mean, chance + unsure + 2 * _SENSOR_VARIANCE + nobody_knows)
