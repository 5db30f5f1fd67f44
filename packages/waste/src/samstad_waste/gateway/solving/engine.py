"""A day's collection as PyVRP sees it, and its answer as a day's routes."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyvrp

from samstad_waste.domain.routing import Problem, Solved, Step, Unloading, Vehicle, great_circle
from samstad_waste.gateway.solving.breaks import with_breaks
from samstad_waste.gateway.solving.stopping import CpuTime

__all__ = ["solve"]

Matrix = npt.NDArray[np.int64]
_EARTH_M = 6_371_008.8
_MOST_PRIZE = 2**40


def solve(problem: Problem) -> Solved:
    """Return a day's routes.

    A vehicle with breaks is given a shift that is shorter by them; they are put in afterwards.

    Raises:
        PlanRefused: the problem cannot be.
    """
    problem.check()
    day = _Day(problem)
    found = pyvrp.solve(
        day.data,
        CpuTime(problem.seconds_of_search, wall_factor=problem.wall_factor),
        seed=problem.seed,
        collect_stats=False,
        display=False,
        initial_solution=day.start(),
    )
    return day.answer(found)


class _Day:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.metres, self.seconds = _matrices(problem)
        self.streams = sorted({one for visit in problem.visits for one in visit.litres}) or ["other"]
        self.homes = sorted({vehicle.depot for vehicle in problem.vehicles})
        self.data = pyvrp.ProblemData(
            [pyvrp.Location(lon, lat) for lon, lat in problem.places],
            self._clients(),
            self._depots(),
            [self._vehicle(vehicle) for vehicle in problem.vehicles],
            [cast("Any", self.metres)],
            [cast("Any", self.seconds)],
        )

    def _clients(self) -> list[pyvrp.Client]:
        return [
            pyvrp.Client(
                visit.place,
                pickup=[round(visit.litres.get(stream, 0)) for stream in self.streams],
                service_duration=visit.service_s,
                tw_early=visit.early_s,
                tw_late=visit.late_s,
                prize=min(max(visit.prize_m, 0), _MOST_PRIZE),
                required=visit.required,
            )
            for visit in self.problem.visits
        ]

    def _depots(self) -> list[pyvrp.Depot]:
        homes = [pyvrp.Depot(place) for place in self.homes]
        sites = [
            pyvrp.Depot(one.place, tw_early=one.early_s, tw_late=one.late_s, service_duration=one.service_s)
            for one in self.problem.unloadings
        ]
        return [*homes, *sites]

    def _site(self, number: int) -> int:
        return len(self.homes) + number

    def last_site(self, vehicle: Vehicle) -> int | None:
        """Return the unloading nearest to the depot, before the way home; None where it may end loaded."""
        if not vehicle.ends_empty:
            return None
        unloadings = self.problem.unloadings
        return min(vehicle.unloading, key=lambda number: self.metres[unloadings[number].place, vehicle.depot])

    def _vehicle(self, vehicle: Vehicle) -> pyvrp.VehicleType:
        home = self.homes.index(vehicle.depot)
        last = self.last_site(vehicle)
        end_s = vehicle.end_s - sum(one.duration_s for one in vehicle.breaks)
        if last is not None:
            unloading = self.problem.unloadings[last]
            end_s -= int(self.seconds[unloading.place, vehicle.depot]) + unloading.service_s
        return pyvrp.VehicleType(
            capacity=[round(vehicle.litres.get(stream, 0)) for stream in self.streams],
            start_depot=home,
            end_depot=home if last is None else self._site(last),
            fixed_cost=vehicle.fixed_m,
            tw_early=vehicle.start_s,
            tw_late=max(end_s, vehicle.start_s),
            unit_duration_cost=self.problem.second_weight,
            reload_depots=[self._site(number) for number in vehicle.unloading],
            name=vehicle.id,
        )

    def start(self) -> pyvrp.Solution | None:
        """Return the routes to begin with; those that no longer can be are left out."""
        wanted = self.problem.start
        if not wanted:
            return None
        routes = []
        for number, vehicle in enumerate(self.problem.vehicles):
            steps = [self._activity(one) for one in wanted.get(vehicle.id, ()) if self._is_there(one)]
            if any(one.is_client() for one in steps):
                routes.append(pyvrp.Route(self.data, steps, number))
        return pyvrp.Solution(self.data, routes)

    def _is_there(self, number: int) -> bool:
        return -len(self.problem.unloadings) <= number < len(self.problem.visits)

    def _activity(self, number: int) -> pyvrp.Activity:
        if number >= 0:
            return pyvrp.Activity(pyvrp.ActivityType.CLIENT, number)
        return pyvrp.Activity(pyvrp.ActivityType.DEPOT, self._site(-number - 1))

    def answer(self, found: Any) -> Solved:
        """Return PyVRP's answer in our words."""
        legs, left = [], {}
        for route in found.best.routes():
            vehicle = self.problem.vehicles[route.vehicle_type()]
            leg, missed = with_breaks(
                self.problem,
                vehicle,
                self._steps(route, vehicle),
                metres=self.metres,
                seconds=self.seconds,
            )
            left.update(dict.fromkeys(missed, "break"))
            legs.append(leg)
        served = {step.id for leg in legs for step in leg.steps if step.kind == "stop"}
        for visit in self.problem.visits:
            if visit.id not in served:
                left.setdefault(visit.id, self._why(visit.litres))
        required = {visit.id for visit in self.problem.visits if visit.required}
        cost = found.cost()
        return Solved(
            legs=legs,
            left=left,
            feasible=found.is_feasible() and not required & left.keys(),
            cost=int(cost) if cost < 2**60 else 2**60,
            iterations=found.num_iterations,
        )

    def _why(self, litres: dict[str, float]) -> str:
        for vehicle in self.problem.vehicles:
            if all(vehicle.litres.get(stream, 0) >= amount for stream, amount in litres.items()):
                return "distance"
        return "capacity"

    def _steps(self, route: Any, vehicle: Vehicle) -> list[Step]:
        steps: list[Step] = []
        schedule = list(route.schedule())
        before = vehicle.depot
        for number, one in enumerate(schedule):
            kind, entity_id, place = self._what(one, is_first=number == 0)
            metres = int(self.metres[before, place]) if number else 0
            steps.append(Step(kind, entity_id, place, one.start_time, one.end_time, metres))
            before = place
        last = steps[-1]
        if vehicle.ends_empty:
            unloads_s = last.arrive_s + self._unloading(last.id).service_s
            steps[-1] = last = Step("unload", last.id, last.place, last.arrive_s, unloads_s, last.metres)
            arrive_s = unloads_s + int(self.seconds[last.place, vehicle.depot])
            way_m = int(self.metres[last.place, vehicle.depot])
            steps.append(Step("end", "", vehicle.depot, arrive_s, arrive_s, way_m))
        else:
            steps[-1] = Step("end", "", last.place, last.arrive_s, last.arrive_s, last.metres)
        return steps

    def _unloading(self, entity_id: str) -> Unloading:
        return next(one for one in self.problem.unloadings if one.id == entity_id)

    def _what(self, one: Any, *, is_first: bool) -> tuple[str, str, int]:
        if one.is_client():
            visit = self.problem.visits[one.idx]
            return "stop", visit.id, visit.place
        if one.idx < len(self.homes):
            return "start" if is_first else "end", "", self.homes[one.idx]
        unloading = self.problem.unloadings[one.idx - len(self.homes)]
        return "unload", unloading.id, unloading.place


def _matrices(problem: Problem) -> tuple[Matrix, Matrix]:
    if problem.metres is not None and problem.seconds is not None:
        return np.asarray(problem.metres, np.int64), np.asarray(problem.seconds, np.int64)
    if len(problem.places) <= 3:
        metres, seconds = great_circle(problem)
        return np.asarray(metres, np.int64), np.asarray(seconds, np.int64)
    lon, lat = np.radians(np.asarray(problem.places, float)).T
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    ways = problem.detour * 2 * _EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return np.rint(ways).astype(np.int64), np.rint(ways / problem.speed_ms).astype(np.int64)
