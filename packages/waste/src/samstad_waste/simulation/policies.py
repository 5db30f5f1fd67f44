"""Which bins a day's crews empty: by fixed rounds, or by what sensors and the forecast say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from samstad_waste.domain.pace import Group, Pace, Week, forecast, learn
from samstad_waste.domain.routing import Visit
from samstad_waste.domain.track import LevelSeen, Reading, Track, emptied_by_crew, follow
from samstad_waste.domain.trust import basis
from samstad_waste.domain.urgency import Policy, Urgency, worth
from samstad_waste.simulation.city import STEPS, City, Street

__all__ = ["FixedRounds", "Foresight", "sparsest_rounds"]

DAY_US = 24 * 3_600_000_000
_INTERVALS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14)
_SEEN_FROM = 2


class FixedRounds:
    """Every bin is emptied each so many days; neighbours of the same interval on the same day."""

    def __init__(self, city: City, intervals: Sequence[int], rounds: Sequence[int]) -> None:
        self.intervals = intervals
        places = city.places[_SEEN_FROM:]
        middle: dict[int, list[float]] = {}
        for one, place in zip(rounds, places, strict=True):
            middle.setdefault(one, []).append(place[0] + 3 * place[1])
        order = sorted(middle, key=lambda one: sum(middle[one]) / len(middle[one]))
        interval_of = dict(zip(rounds, intervals, strict=True))
        offsets: dict[int, int] = {}
        for interval in set(intervals):
            same = [one for one in order if interval_of[one] == interval]
            offsets |= {one: number * interval // len(same) for number, one in enumerate(same)}
        self._offsets = [offsets[one] for one in rounds]

    def due(self, day: int) -> list[int]:
        """Return the bins of a day."""
        return [
            one for one, interval in enumerate(self.intervals) if (day + self._offsets[one]) % interval == 0
        ]


def sparsest_rounds(
    city: City, *, seed: int, level: float, days: int, by_bin: bool
) -> tuple[FixedRounds, float]:
    """Return the rarest rounds by which so large a share of the waste finds room, and that share.

    A round is a part of the city and has one interval, by the bins that fill fastest there. By bin, each
    bin has an interval of its own by its true mean, which is more than a city knows. One factor for all is
    made smaller until the level is held in the very days that are compared, so no sparser one would do.
    """
    rounds = list(range(len(city.rates))) if by_bin else [int(area) for area in city.areas]
    pace = city.rates if by_bin else _fastest(city)
    for factor in np.arange(1.1, 0.2, -0.02):
        intervals = [max((one for one in _INTERVALS if one <= most), default=1) for most in factor / pace]
        found = FixedRounds(city, intervals, rounds)
        street = Street(city, seed=seed)
        for day in range(days):
            for block in range(STEPS):
                if block == 2:
                    street.empty(found.due(day))
                street.step(day * STEPS + block)
        if street.service_level >= level:
            break
    return found, street.service_level


def _fastest(city: City) -> npt.NDArray[np.float64]:
    """Return for each bin what nine of ten bins of its area stay below."""
    pace = np.empty(len(city.rates))
    for area in set(city.areas):
        pace[city.areas == area] = np.quantile(city.rates[city.areas == area], 0.9)
    return pace


class Foresight:
    """Goes by sensors and the forecast, as the service does.

    Args:
        city: what stands where; rates are not looked at.
        policy: what an overflow costs.
        oldest_days: a bin is emptied after so many days at most.
    """

    def __init__(self, city: City, policy: Policy, *, oldest_days: float) -> None:
        self._policy = policy
        self._oldest_us = oldest_days * DAY_US
        self._litres = city.litres
        count = len(city.rates)
        self.tracks = [Track()] * count
        self.paces = [Pace()] * count
        self.group = Group()
        self.week = Week.usual()

    def hear(self, told: Sequence[float | None], *, at_us: int) -> None:
        """Take what the sensors say."""
        for number, level in enumerate(told):
            if level is None:
                continue
            before = self.tracks[number]
            self.tracks[number], events = follow(before, Reading(level, at_us))
            known = before.known
            for event in events:
                if isinstance(event, LevelSeen) and known is not None and event.level >= known.level - 0.15:
                    after = Reading(event.level, event.at_us)
                    self.paces[number] = learn(
                        self.paces[number], self.week, known, after, rate=self.group.rate
                    )
                    known = after

    def emptied(self, number: int, *, at_us: int) -> None:
        """Take a crew's word."""
        self.tracks[number], _ = emptied_by_crew(self.tracks[number], at_us=at_us)

    def learn(self) -> None:
        """Learn what bins have in common."""
        self.group = Group.of([one for one in self.paces if one.busy_h])

    def visits(self, *, start_us: int, next_us: int) -> list[Visit]:
        """Return the candidates of a day."""
        found = []
        for number, (track, pace) in enumerate(zip(self.tracks, self.paces, strict=True)):
            known, by = basis(track, pace, self.group, self.week)
            later = forecast(known, by, self.group, self.week, at_us=next_us)
            now = forecast(known, by, self.group, self.week, at_us=start_us)
            is_old = start_us - track.emptied_us > self._oldest_us if track.emptied_us else known is None
            value = worth(
                Urgency(later.probability_of(1.0), min(now.start + now.mean, 1.2), due=is_old), self._policy
            )
            if value.is_candidate:
                litres = {"other": self._litres * min(max(now.start + now.mean, 0.05), 1.0)}
                found.append(
                    Visit(
                        str(number),
                        number + _SEEN_FROM,
                        litres,
                        service_s=180,
                        prize_m=value.prize_m,
                        required=value.required,
                    )
                )
        return found
