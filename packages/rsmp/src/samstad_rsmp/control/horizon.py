"""Rolling horizon: a search over stages for the least waiting of everybody in sight.

Time goes in steps of two seconds, in which each lane lets one vehicle go when its link is green, its exit
free and, where it must yield, nobody comes. A beam of the best ways so far is kept for each stage; what is
left at the end counts as a queue that must still be served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samstad_rsmp.control.crossing import Crossing, View

__all__ = ["STEP_S", "Horizon", "Now", "Planned"]

STEP_S = 2
"""The headway of vehicles that leave a queue, and the step of time."""
NEVER = 30_000
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Now(NamedTuple):
    """Where the junction stands.

    Attributes:
        stage: which is green, or coming.
        holds_s: for how long it must stay.
        ends_s: when it must end if others wait.
        changing_s: how long until all of it is green.
    """

    stage: int
    holds_s: float
    ends_s: float
    changing_s: float = 0.0


class Planned(NamedTuple):
    """The best way found.

    Attributes:
        stage: what should be green now.
        change_in_s: when the next change is due, None for not within the horizon.
        departures: for each lane when its vehicles will leave, seconds from now; without those that stay.
        cost: weighted vehicle-seconds of waiting.
    """

    stage: int
    change_in_s: int | None
    departures: list[list[float]]
    cost: float


@dataclass(frozen=True)
class Tuning:
    """How the search works.

    Attributes:
        steps: the horizon in steps.
        width: ways kept for each stage.
        most: vehicles looked at for each lane.
        loss_s: green that is lost at each change beyond the intergreen.
        rest: weight of what is left at the end.
        growth: by how much a vehicle counts for more for each second that it has stood.
        pressed: how much vehicles count for on lanes that are full, where they block others upstream.
    """

    steps: int = 25
    width: int = 8
    most: int = 30
    loss_s: float = 1.0
    rest: float = 1.0
    growth: float = 0.0
    pressed: float = 4.0


@dataclass
class _Beam:
    served: Ints
    stage: Ints
    age: Ints
    change: Ints
    config: Ints
    cost: Floats
    first: Ints
    trace: list[tuple[Ints, Ints]]
    """For each step from which row each came, and what had been served."""


class Horizon:
    """The search for one junction; tables are made once."""

    def __init__(self, crossing: Crossing, tuning: Tuning | None = None) -> None:
        self._crossing = crossing
        self._tuning = tuning or Tuning()
        count = len(crossing.stages)
        self._count = count
        links = len(crossing.links)
        # a configuration is a stage (0..S-1) or a change from one to another (S + i*S + j); column `links` is
        # for vehicles whose way nobody knows
        self._strong = np.zeros((count + count * count, links + 1), dtype=bool)
        self._weak = np.zeros_like(self._strong)
        for one, stage in enumerate(crossing.stages):
            self._strong[one, list(stage.strong)] = True
            self._weak[one, list(stage.weak)] = True
        for one in range(count):
            for other in range(count):
                row = count + one * count + other
                self._strong[row] = self._strong[one] & self._strong[other]
                both = (self._strong[one] | self._weak[one]) & (self._strong[other] | self._weak[other])
                self._weak[row] = both & ~self._strong[row]
        loss = self._tuning.loss_s
        self._steps = np.array(
            [[_steps(crossing.change_s(i, j) + loss) for j in range(count)] for i in range(count)],
            dtype=np.int64,
        )
        self._least = np.array(
            [[_steps(_least_s(crossing, i, j)) for j in range(count)] for i in range(count)], dtype=np.int64
        )
        np.fill_diagonal(self._least, NEVER)
        self._longest = np.array([_steps(_longest_s(crossing, i)) for i in range(count)], dtype=np.int64)
        self._bits = np.array([1 << (n % 62) for n in range(links)] + [0], dtype=np.int64)
        self._foes = np.array(
            [sum({1 << (foe % 62) for foe in link.foes}) for link in crossing.links] + [0], dtype=np.int64
        )
        lane_links: list[list[int]] = [[] for _ in range(crossing.lanes)]
        for number, link in enumerate(crossing.links):
            lane_links[link.lane].append(number)
        self._guess = [min(found, default=links) for found in lane_links]

    def plan(self, view: View, now: Now) -> Planned:
        """Search from here."""
        tables = _Tables(view, self._tuning, self._guess, len(self._crossing.links))
        beam = self._start(now)
        for step in range(self._tuning.steps):
            beam = self._expand(beam, step, now)
            self._advance(beam, step, tables)
            beam = self._prune(beam, step, tables)
        return self._best(beam)

    def _start(self, now: Now) -> _Beam:
        lanes = self._crossing.lanes
        change = _steps(now.changing_s) if now.changing_s > 0 else 0
        one = np.array([now.stage], dtype=np.int64)
        return _Beam(
            served=np.zeros((1, lanes), dtype=np.int64),
            stage=one,
            age=np.array([0], dtype=np.int64),
            change=np.array([change], dtype=np.int64),
            config=self._count + one * self._count + one,
            cost=np.zeros(1),
            first=np.array([-1], dtype=np.int64),
            trace=[],
        )

    def _expand(self, beam: _Beam, step: int, now: Now) -> _Beam:
        count = self._count
        untouched = beam.first < 0
        may = (beam.change == 0)[:, None] & (
            untouched[:, None] | (beam.age[:, None] >= self._least[beam.stage])
        )
        may &= np.arange(count)[None, :] != beam.stage[:, None]
        if step * STEP_S < now.holds_s:
            may[untouched] = False
        if step >= self._tuning.steps - 3:
            may[:] = False
        over = np.where(untouched, step * STEP_S >= now.ends_s, beam.age >= self._longest[beam.stage])
        keep = np.flatnonzero(~(over & may.any(axis=1)))
        rows, target = np.nonzero(may)
        parent = np.concatenate([keep, rows])
        old = beam.stage
        first = np.concatenate(
            [beam.first[keep], np.where(untouched[rows], step * count + target, beam.first[rows])]
        )
        return _Beam(
            served=beam.served[parent],
            stage=np.concatenate([old[keep], target]),
            age=np.concatenate([beam.age[keep], np.zeros(len(rows), dtype=np.int64)]),
            change=np.concatenate([beam.change[keep], self._steps[old[rows], target]]),
            config=np.concatenate([beam.config[keep], count + old[rows] * count + target]),
            cost=beam.cost[parent],
            first=first,
            trace=[*beam.trace, (parent, parent)],
        )

    def _advance(self, beam: _Beam, step: int, tables: _Tables) -> None:
        changing = beam.change > 0
        config = np.where(changing, beam.config, beam.stage)
        at = beam.served + tables.offset
        here = (tables.reach.take(at) <= step) & (tables.free_from.take(at) <= step)
        link = tables.link.take(at)
        rows = config[:, None] * self._strong.shape[1] + link
        goes = here & self._strong.take(rows)
        yields = here & self._weak.take(rows)
        if yields.any():
            taken = np.bitwise_or.reduce(np.where(goes, self._bits.take(link), 0), axis=1)
            goes |= yields & ((self._foes.take(link) & taken[:, None]) == 0)
        beam.served += goes
        beam.cost += STEP_S * (tables.come[step] - tables.weights.take(beam.served + tables.sums).sum(axis=1))
        beam.change = np.where(changing, beam.change - 1, 0)
        beam.age = np.where(changing, beam.age, beam.age + 1)

    def _prune(self, beam: _Beam, step: int, tables: _Tables) -> _Beam:
        left = tables.here[step] - beam.served
        np.maximum(left, 0, out=left)
        at = beam.served + tables.offset
        green = (self._strong | self._weak).take(
            beam.stage[:, None] * self._strong.shape[1] + tables.link.take(at)
        )
        wait = STEP_S * left * (0.5 * (left + 1.0) + np.where(green, beam.change[:, None], 3.0))
        score = beam.cost + self._tuning.rest * (wait @ tables.press)
        key = beam.served @ tables.salt + beam.stage * 7_919 + np.minimum(beam.age, 8) * 104_729
        order = np.lexsort((score, beam.stage))
        kept: list[int] = []
        seen: set[int] = set()
        room = [self._tuning.width] * self._count
        stages, keys = beam.stage[order].tolist(), key[order].tolist()
        for index, stage, mark in zip(order.tolist(), stages, keys, strict=True):
            if room[stage] and mark not in seen:
                seen.add(mark)
                room[stage] -= 1
                kept.append(index)
        chosen = np.array(kept)
        beam.trace[-1] = (beam.trace[-1][0][chosen], beam.served[chosen])
        self._score = score[chosen]
        return _Beam(
            beam.served[chosen],
            beam.stage[chosen],
            beam.age[chosen],
            beam.change[chosen],
            beam.config[chosen],
            beam.cost[chosen],
            beam.first[chosen],
            beam.trace,
        )

    def _best(self, beam: _Beam) -> Planned:
        best = int(np.argmin(self._score))
        first = int(beam.first[best])
        trace: list[Any] = []
        row = best
        for parents, served in reversed(beam.trace):
            trace.append(served[row])
            row = int(parents[row])
        trace.reverse()
        departures = _departures(np.array(trace))
        cost = float(self._score[best])
        if first < 0:
            return Planned(int(beam.stage[best]), None, departures, cost)
        step, target = divmod(first, self._count)
        return Planned(target, step * STEP_S, departures, cost)


class _Tables:
    """What is seen, as tables that a search reads."""

    def __init__(self, view: View, tuning: Tuning, guesses: Sequence[int], unknown: int) -> None:
        lanes = len(guesses)
        most = min(tuning.most, max((len(queue) for queue in view.queues), default=0)) + 1
        reach = np.full((lanes, most), NEVER, dtype=np.int64)
        link = np.full((lanes, most), unknown, dtype=np.int64)
        weights = np.zeros((lanes, most + 1))
        for lane, queue in enumerate(view.queues):
            guess = guesses[lane]
            total, press = 0.0, tuning.pressed if lane in view.pressed else 1.0
            for n, one in enumerate(queue[: most - 1]):
                reach[lane, n] = max(0, int(one.reaches_s / STEP_S + 0.5))
                link[lane, n] = one.link if one.link >= 0 else guess
                total += press * one.weight * (1.0 + tuning.growth * one.waited_s)
                weights[lane, n + 1] = total
            if len(queue) < most:
                weights[lane, len(queue) + 1 :] = total
        self.reach, self.link, self.weights = reach.ravel(), link.ravel(), weights.ravel()
        self.offset = np.arange(lanes, dtype=np.int64) * most
        self.sums = np.arange(lanes, dtype=np.int64) * (most + 1)
        self.press = np.ones(lanes)
        self.press[list(view.pressed)] = tuning.pressed
        blocked = np.zeros(unknown + 1, dtype=np.int64)
        blocked[list(view.blocked)] = 5
        self.free_from = blocked.take(self.link)
        steps = np.arange(tuning.steps)
        arrived = reach[:, None, :] <= steps[None, :, None]
        self.here = arrived.sum(axis=2).T
        self.come = np.take_along_axis(weights, self.here.T, axis=1).sum(axis=0)
        self.salt = (np.arange(lanes, dtype=np.int64) + 1) ** 5 % 1_000_003 * 1_009 + 17


def _departures(served: Ints) -> list[list[float]]:
    """Turn the counts after each step into the time of each departure."""
    found: list[list[float]] = []
    for lane in range(served.shape[1]):
        counts = served[:, lane].tolist()
        times: list[float] = []
        for step, count in enumerate(counts):
            times += [float(step * STEP_S)] * (count - len(times))
        found.append(times)
    return found


def _steps(seconds: float) -> int:
    return int(seconds / STEP_S + 0.75)


def _least_s(crossing: Crossing, one: int, other: int) -> int:
    ending = crossing.stages[one].greens - crossing.stages[other].greens
    return max((crossing.min_green_s.get(group, 0) for group in ending), default=0)


def _longest_s(crossing: Crossing, one: int) -> int:
    return min(
        (crossing.max_green_s.get(group, NEVER) for group in crossing.stages[one].greens), default=NEVER
    )
