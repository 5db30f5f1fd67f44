"""Days of collection, one after another, by a policy; kilometres, hours, overflow, fill at emptying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samstad_waste.domain.routing import Problem, Solved, Unloading, Vehicle, Visit
from samstad_waste.domain.urgency import Policy
from samstad_waste.simulation.city import STEP_H, STEPS, City, Street, invent
from samstad_waste.simulation.policies import FixedRounds, Foresight, sparsest_rounds

__all__ = ["Outcome", "Scenario", "compare"]

Solve = Callable[[Problem], Solved]
_HOUR_US = 3_600_000_000
_MONDAY_US = 1_767_571_200_000_000
"""2026-01-05 00:00 UTC."""
_START_H = 6


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is compared.

    Attributes:
        faulty: share of the sensors that are dead or lie.
        level: service level that the fixed rounds must hold.
        settling: days before counting begins, in which the forecast learns.
        seconds: CPU seconds of search for each day.
        by_bin: the fixed rounds know every bin's true mean, instead of having one interval for an area.
    """

    bins: int = 1_100
    vehicles: int = 4
    days: int = 365
    faulty: float = 0.0
    level: float = 0.999
    settling: int = 14
    seconds: float = 1.0
    overflow_m: float = 2_000.0
    oldest_days: float = 14.0
    by_bin: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a policy, for each day that was counted.

    Attributes:
        service_level: share of the waste that came while there was room.
        overflow_h: hours that bins stood full.
        fill: mean share at emptying.
        unserved: bins that must be emptied and were not, over all days.
    """

    policy: str
    km: float
    hours: float
    emptyings: float
    fill: float
    service_level: float
    overflow_h: float
    unserved: int


def compare(
    scenario: Scenario, *, seed: int, solve: Solve, told: Callable[[str], None] = lambda _: None
) -> tuple[Outcome, Outcome]:
    """Return what the sparsest fixed rounds and the planned days bring in the same city and the same days.

    Args:
        scenario: what is compared.
        seed: of the city and its days.
        solve: finds a day's routes; the same for both.
        told: told how far it is.
    """
    city = invent(scenario.bins, seed=seed, faulty=scenario.faulty)
    days = scenario.settling + scenario.days
    rounds, held = sparsest_rounds(city, seed=seed, level=scenario.level, days=days, by_bin=scenario.by_bin)
    told(f"seed {seed}: fixed rounds hold {held:.4%}")
    fixed = _Days(scenario, city, seed, solve).run(rounds, told)
    policy = Policy(overflow_m=scenario.overflow_m)
    foresight = Foresight(city, policy, oldest_days=scenario.oldest_days)
    return fixed, _Days(scenario, city, seed, solve).run(foresight, told)


class _Days:
    def __init__(self, scenario: Scenario, city: City, seed: int, solve: Solve) -> None:
        self._scenario = scenario
        self._city = city
        self._seed = seed
        self._solve = solve
        self._street = Street(city, seed=seed)
        self._metres = self._driven_s = self._emptyings = self._unserved = 0
        self._fills: list[float] = []

    def run(self, policy: FixedRounds | Foresight, told: Callable[[str], None]) -> Outcome:
        """Let all days pass."""
        name = "fixed rounds" if isinstance(policy, FixedRounds) else "planned"
        for day in range(self._scenario.settling + self._scenario.days):
            if day == self._scenario.settling:
                self._begin_to_count()
            self._day(day, policy)
            if day % 30 == 29:
                told(f"seed {self._seed}: {name}, day {day + 1}")
        days, street = self._scenario.days, self._street
        return Outcome(
            policy=name,
            km=self._metres / 1000 / days,
            hours=self._driven_s / 3600 / days,
            emptyings=self._emptyings / days,
            fill=sum(self._fills) / max(len(self._fills), 1),
            service_level=street.service_level,
            overflow_h=street.full_steps * STEP_H / days,
            unserved=self._unserved,
        )

    def _begin_to_count(self) -> None:
        self._metres = self._driven_s = self._emptyings = self._unserved = 0
        self._fills = []
        self._street.came = self._street.spilt = 0.0
        self._street.full_steps = 0

    def _day(self, day: int, policy: FixedRounds | Foresight) -> None:
        zero_us = _MONDAY_US + day * 24 * _HOUR_US
        coming: dict[int, list[int]] = {}
        for block in range(STEPS):
            if block * STEP_H == _START_H:
                coming = self._collected(day, zero_us, policy)
            for number in coming.get(block, ()):
                self._fills += self._street.empty([number])
                if isinstance(policy, Foresight):
                    policy.emptied(number, at_us=zero_us + block * STEP_H * _HOUR_US)
            self._street.step(day * STEPS + block)
            if isinstance(policy, Foresight) and block % 2:
                at_us = zero_us + (block + 1) * STEP_H * _HOUR_US
                policy.hear(self._street.sensed(), at_us=at_us)

    def _collected(self, day: int, zero_us: int, policy: FixedRounds | Foresight) -> dict[int, list[int]]:
        """Return the bins that are emptied on a day, by the step in which the lorry comes."""
        visits = self._visits(day, zero_us, policy)
        if not visits:
            return {}
        solved = self._solve(self._problem(visits))
        required = {visit.id for visit in visits if visit.required}
        self._unserved += len(required & solved.left.keys())
        coming: dict[int, list[int]] = {}
        for leg in solved.legs:
            self._metres += leg.metres
            self._driven_s += leg.steps[-1].leave_s - leg.steps[0].arrive_s
            for step in leg.steps:
                if step.kind == "stop":
                    self._emptyings += 1
                    coming.setdefault(step.arrive_s // 3600 // STEP_H, []).append(int(step.id))
        return coming

    def _visits(self, day: int, zero_us: int, policy: FixedRounds | Foresight) -> list[Visit]:
        if isinstance(policy, FixedRounds):
            return [
                Visit(
                    str(one),
                    one + 2,
                    {"other": self._city.litres * min(self._city.rates[one] * policy.intervals[one], 1.0)},
                    service_s=180,
                    required=True,
                )
                for one in policy.due(day)
            ]
        policy.learn()
        start_us = zero_us + _START_H * _HOUR_US
        return policy.visits(start_us=start_us, next_us=start_us + 30 * _HOUR_US)

    def _problem(self, visits: list[Visit]) -> Problem:
        kept = [0, 1, *(visit.place for visit in visits)]
        numbered = [
            Visit(
                visit.id,
                number + 2,
                visit.litres,
                service_s=visit.service_s,
                prize_m=visit.prize_m,
                required=visit.required,
            )
            for number, visit in enumerate(visits)
        ]
        lorries = [
            Vehicle(
                f"lorry {number}",
                0,
                {"other": 75_000.0},
                start_s=_START_H * 3600,
                end_s=15 * 3600,
                unloading=(0,),
                ends_empty=True,
            )
            for number in range(self._scenario.vehicles)
        ]
        return Problem(
            places=[self._city.places[place] for place in kept],
            visits=numbered,
            vehicles=lorries,
            unloadings=[Unloading("site", 1, 900)],
            seconds_of_search=self._scenario.seconds,
            seed=self._seed,
            second_weight=0,
        )
