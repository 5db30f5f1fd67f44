"""What emptyings alone tell: the fill that a crew finds, where no sensor speaks in between.

Emptyings are selective: a bin is emptied because it is full, at the hours of a crew, and readings end at
the top. So fill is no rate times hours (that is the worst of all models on recorded data); it is learned
from what was found before in the same bin, in its area and after such a time. Everything here is known when
the wait begins: the last emptying, and the time for which somebody asks.

Levels in percent (they may pass 100), times as aware datetimes of the city's zone.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

__all__ = ["FEATURES", "Found", "Gap", "Past", "gaps", "walk"]

_NOTHING = math.nan
_USUAL_LEVEL = 75.0
_USUAL_HOURS = 36.0
_LATEST = 500
_OF_AREA = 30
_DRAWN = 3.0
_LIKE = 0.4
"""How alike two waits are: a standard deviation in the logarithm of their hours."""


class Found(NamedTuple):
    """One emptying: what a crew found."""

    bin: str
    area: str
    at: datetime
    level: float


class Gap(NamedTuple):
    """The wait between two emptyings of a bin, and what was found at its end."""

    bin: str
    area: str
    start: datetime
    end: datetime
    level: float

    @property
    def hours(self) -> float:
        """How long it was."""
        return (self.end - self.start).total_seconds() / 3600


def gaps(found: Iterable[Found], *, least_h: float = 1.0, most_h: float = 240.0) -> list[Gap]:
    """Return the waits between emptyings, by their ends; shorter and longer ones are left out.

    An emptying soon after another is the same visit; after a long silence nobody knows what happened.
    """
    last: dict[str, Found] = {}
    waits = []
    for one in sorted(found, key=lambda one: (one.at, one.bin)):
        before = last.get(one.bin)
        if before is not None:
            gap = Gap(one.bin, one.area, before.at, one.at, one.level)
            if least_h <= gap.hours <= most_h:
                waits.append(gap)
        last[one.bin] = one
    return waits


class _History:
    """What was found in one bin or area, the latest last: ends, hours and levels, and their sums."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.gaps: deque[tuple[datetime, float, float]] = deque()
        self.hours_sum = 0.0
        self.level_sum = 0.0

    def add(self, gap: Gap) -> None:
        self.gaps.append((gap.end, gap.hours, gap.level))
        self.hours_sum += gap.hours
        self.level_sum += gap.level
        if len(self.gaps) > self._most:
            _, hours, level = self.gaps.popleft()
            self.hours_sum -= hours
            self.level_sum -= level

    def drawn(self, mean: float) -> float:
        return (self.level_sum + _DRAWN * mean) / (len(self.gaps) + _DRAWN)

    def rate(self, usual: float) -> float:
        drawn_h = _DRAWN * 40
        return (self.level_sum + drawn_h * usual) / (self.hours_sum + drawn_h)


FEATURES = (
    "hours",
    "log hours",
    "busy hours",
    "level of the bin",
    "rate of the bin",
    "rate of the bin times hours",
    "recent level of the bin",
    "recent wait of the bin",
    "wait against the recent one",
    "level after such a wait",
    "spread of the bin",
    "last level",
    "level before",
    "level before that",
    "last rate",
    "last wait",
    "emptyings of the bin",
    "level of the area",
    "level of the area today",
    "emptyings in the area today",
    "hour of the start",
    "hour of the end",
    "weekday of the start",
    "weekday of the end",
    "day",
)
"""What a forecast goes by, in the order of ``Past.features``."""


class Past:
    """Everything that has been found until now.

    Args:
        first: a time from which days are counted, so that the season can be learned.
    """

    def __init__(self, first: datetime) -> None:
        self._first = first
        self._bins: dict[str, _History] = defaultdict(lambda: _History(60))
        self._areas: dict[str, _History] = defaultdict(lambda: _History(_OF_AREA))
        self._all = _History(_LATEST)

    def note(self, gap: Gap) -> None:
        """Take what was found at the end of a wait."""
        self._bins[gap.bin].add(gap)
        self._areas[gap.area].add(gap)
        self._all.add(gap)

    def features(self, bin_id: str, area: str, start: datetime, end: datetime) -> list[float]:
        """Return what is known at ``start`` of a bin that will be looked at at ``end``."""
        mean, rate = self._usual()
        hours = max((end - start).total_seconds() / 3600, 0.1)
        own = self._own(self._bins[bin_id], hours, mean, rate)
        around = self._around(self._areas[area], start, mean)
        when = [
            start.hour + start.minute / 60,
            end.hour + end.minute / 60,
            float(start.weekday()),
            float(end.weekday()),
            float((end - self._first).days),
        ]
        return [hours, math.log(hours), _busy_h(start, end), *own, *around, *when]

    def mean_of(self, bin_id: str) -> float:
        """Return the mean level of a bin, drawn towards that of all."""
        mean, _ = self._usual()
        return self._bins[bin_id].drawn(mean)

    def rate_of(self, bin_id: str) -> float:
        """Return the percent for each hour of a bin, drawn towards those of all."""
        _, rate = self._usual()
        return self._bins[bin_id].rate(rate)

    def last_rate_of(self, bin_id: str) -> float:
        """Return the percent for each hour of the last wait of a bin; that of all where there was none."""
        known = self._bins[bin_id].gaps
        return known[-1][2] / known[-1][1] if known else self._usual()[1]

    def _usual(self) -> tuple[float, float]:
        known = self._all
        if not known.gaps:
            return _USUAL_LEVEL, _USUAL_LEVEL / _USUAL_HOURS
        return known.level_sum / len(known.gaps), known.level_sum / known.hours_sum

    @staticmethod
    def _own(known: _History, hours: float, mean: float, rate: float) -> list[float]:
        waits = [wait for _, wait, _ in known.gaps]
        levels = [level for _, _, level in known.gaps]
        count = len(levels)
        level, own_rate = known.drawn(mean), known.rate(rate)
        fading = [0.8 ** (count - 1 - number) for number in range(count)]
        logs = [math.log(wait) for wait in waits]
        recent = _weighed(levels, fading, mean, 1.0)
        recent_log = _weighed(logs, fading, math.log(_USUAL_HOURS), 1.0)
        alike = [
            math.exp(-(((log - math.log(hours)) / _LIKE) ** 2) / 2) * 0.97 ** (count - 1 - number)
            for number, log in enumerate(logs)
        ]
        own_mean = sum(levels) / count if count else mean
        variance = sum((one - own_mean) ** 2 for one in levels) / count if count else 400.0
        spread = (math.sqrt(variance) * count + 20 * _DRAWN) / (count + _DRAWN)
        last = [levels[-number] if count >= number else _NOTHING for number in (1, 2, 3)]
        return [
            *(level, own_rate, own_rate * hours, recent, recent_log, math.log(hours) - recent_log),
            *(_weighed(levels, alike, level, 1.5), spread, *last),
            *(levels[-1] / waits[-1] if count else _NOTHING, waits[-1] if count else _NOTHING, float(count)),
        ]

    @staticmethod
    def _around(known: _History, start: datetime, mean: float) -> list[float]:
        level = known.drawn(mean)
        today = [found for at, _, found in known.gaps if start - at < timedelta(days=1)]
        return [level, (sum(today) + 2 * level) / (len(today) + 2), float(len(today))]


def _weighed(values: Sequence[float], weights: Sequence[float], prior: float, prior_weight: float) -> float:
    pairs = zip(values, weights, strict=True)
    return (sum(value * weight for value, weight in pairs) + prior * prior_weight) / (
        sum(weights) + prior_weight
    )


def _busy_h(start: datetime, end: datetime) -> float:
    """Return the hours between 8 and 24 o'clock."""
    total = timedelta()
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= end:
        lower, upper = max(start, day + timedelta(hours=8)), min(end, day + timedelta(hours=24))
        total += max(upper - lower, timedelta())
        day += timedelta(days=1)
    return total.total_seconds() / 3600


def walk(waits: Sequence[Gap], past: Past) -> list[list[float]]:
    """Return the features of each wait, by what was known at its start; ``past`` then knows all of it."""
    moments = [(gap.end, 0, number) for number, gap in enumerate(waits)]
    moments += [(gap.start, 1, number) for number, gap in enumerate(waits)]
    rows: list[list[float]] = [[] for _ in waits]
    for _, kind, number in sorted(moments):
        gap = waits[number]
        if kind:
            rows[number] = past.features(gap.bin, gap.area, gap.start, gap.end)
        else:
            past.note(gap)
    return rows
