"""Plans of a day: made from what is foreseen, made anew on the day, explained for every bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from samstad_waste.domain.errors import PlanRefused
from samstad_waste.domain.plan import Plan, PlannedRoute, PlannedStop
from samstad_waste.domain.routing import Leg, Problem, Unloading, Vehicle, Visit
from samstad_waste.domain.urgency import Policy, Urgency, Worth, worth
from samstad_waste.service.bins import Bin, Bins
from samstad_waste.service.fleet import Fleet, KnownVehicle
from samstad_waste.spi.matrix import RoadMatrix
from samstad_waste.spi.solver import Solver

__all__ = ["Planner", "Planning", "Wanted"]

_SECOND_US = 1_000_000
_HOUR_US = 3_600 * _SECOND_US
_MOST_CANDIDATES = 2_000
"""A matrix of more places costs more than their bins, the least urgent, are worth on a day."""
_USUAL_L = 240.0


class Wanted(NamedTuple):
    """What a person asks of a plan.

    Attributes:
        out: vehicles that are not to be used.
        pinned: bins that must be in (True) or out (False).
        seconds: CPU seconds of search.
    """

    day: date
    by: str
    reason: str = ""
    out: tuple[str, ...] = ()
    pinned: Mapping[str, bool] = {}
    seconds: float = 20.0


class Planning(NamedTuple):
    """How plans are made here.

    Attributes:
        next_h: hours from one collection to the next.
        last_h: hours after which a bin is emptied whatever is foreseen; 0: never.
    """

    zone: ZoneInfo
    detour: float = 1.35
    speed_ms: float = 7.8
    next_h: float = 24.0
    last_h: float = 14 * 24.0
    policy: Policy = Policy()


class _Candidate(NamedTuple):
    bin: Bin
    urgency: Urgency
    worth: Worth


class _Making(NamedTuple):
    plan_id: str
    version: int
    zero_us: int


class Planner:
    """Makes plans.

    Args:
        bins: the containers.
        fleet: what there is to collect with.
        solver: finds routes.
        matrix: of roads; gives None where it has none.
        planning: how plans are made here.
    """

    def __init__(
        self, bins: Bins, fleet: Fleet, solver: Solver, matrix: RoadMatrix, planning: Planning
    ) -> None:
        self._bins = bins
        self._fleet = fleet
        self._solver = solver
        self._matrix = matrix
        self._planning = planning

    async def make(self, wanted: Wanted, *, now_us: int, plan_id: str, before: Plan | None = None) -> Plan:
        """Return a plan; ``before``: one of the same day that it goes on from, its finished stops kept.

        Raises:
            PlanRefused: no vehicle can be used, or a bin that is asked for is unknown or has no place.
            SolverAway: the solver gave no answer.
        """
        zero_us = self._midnight_us(wanted.day)
        from_s = max(0, (now_us - zero_us) // _SECOND_US)
        vehicles = self._vehicles(wanted.out, from_s)
        done = _done(before)
        candidates, left, seen = self._candidates(wanted, zero_us, vehicles, skip=done.keys())
        problem = self._problem(candidates, vehicles, wanted, before)
        matrix = await self._matrix.between(problem.places)
        if matrix is not None:
            problem = msgspec.structs.replace(problem, metres=matrix.metres, seconds=matrix.seconds)
        solved = await self._solver.solve(problem)
        left.update(solved.left)
        why = {one.bin.container.id: one for one in candidates}
        version = before.version + 1 if before else 1
        routes = [
            self._route(leg, why, _Making(plan_id, version, zero_us), _kept(before, leg.vehicle))
            for leg in solved.legs
        ]
        driven = {route.vehicle for route in routes}
        routes += [one for one in _only_done(before) if one.vehicle not in driven]
        return Plan(
            id=plan_id,
            day=wanted.day.isoformat(),
            version=version,
            status=before.status if before else "proposed",
            made_us=now_us,
            by=wanted.by,
            reason=wanted.reason,
            routes=routes,
            left={**left, **dict.fromkeys(done, "done")},
            worth=seen,
            feasible=solved.feasible,
            out=list(wanted.out),
            pinned=dict(wanted.pinned),
        )

    def today(self, *, now_us: int) -> date:
        """Return the city's day at a time."""
        return datetime.fromtimestamp(now_us / 1e6, self._planning.zone).date()

    def _midnight_us(self, day: date) -> int:
        local = datetime.combine(day, time(), self._planning.zone)
        return (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def _vehicles(self, out: Sequence[str], from_s: int) -> list[KnownVehicle]:
        found = [
            one
            for one in self._fleet.vehicles.values()
            if one.in_use
            and one.id not in out
            and one.depot in self._fleet.depots
            and one.shift_s[1] - max(one.shift_s[0], from_s) >= 900
        ]
        if not found:
            why = "; ".join(self._fleet.refused.values()) or (
                "their shifts are over, they are out of use, or a depot is missing"
                if self._fleet.vehicles
                else "add a WasteVehicle and its WasteDepot"
            )
            raise PlanRefused(f"No vehicle can be used on that day: {why}.")
        return [
            one._replace(shift_s=(max(one.shift_s[0], from_s), one.shift_s[1]))
            for one in sorted(found, key=lambda one: one.id)
        ]

    def _candidates(
        self, wanted: Wanted, zero_us: int, vehicles: Sequence[KnownVehicle], *, skip: object
    ) -> tuple[list[_Candidate], dict[str, str], dict[str, tuple[float, float, int]]]:
        for container_id, is_in in wanted.pinned.items():
            one = self._bins.find(container_id)
            if one is None or (is_in and one.container.place is None):
                raise PlanRefused(
                    f"{container_id} is unknown or has no location: it cannot be in a plan.",
                    pointer="/pinned",
                )
        start_us = zero_us + min(one.shift_s[0] for one in vehicles) * _SECOND_US
        next_us = start_us + round(self._planning.next_h * _HOUR_US)
        found: list[_Candidate] = []
        left: dict[str, str] = {}
        seen: dict[str, tuple[float, float, int]] = {}
        for one in self._bins.all():
            container_id = one.container.id
            if container_id in skip:  # type: ignore[operator]
                continue
            urgency = self._urgency(one, start_us, next_us, wanted.pinned.get(container_id))
            value = worth(urgency, self._planning.policy)
            seen[container_id] = (round(urgency.probability, 4), round(urgency.expected, 3), value.prize_m)
            if one.container.place is None:
                left[container_id] = "noPlace"
            elif not value.is_candidate:
                left[container_id] = value.reason
            else:
                found.append(_Candidate(one, urgency, value))
        found.sort(key=lambda one: (not one.worth.required, -one.worth.prize_m, one.bin.container.id))
        left.update((one.bin.container.id, "notToday") for one in found[_MOST_CANDIDATES:])
        return found[:_MOST_CANDIDATES], left, seen

    def _urgency(self, one: Bin, start_us: int, next_us: int, pinned: bool | None) -> Urgency:
        at_next = self._bins.forecast(one, at_us=next_us)
        now = self._bins.forecast(one, at_us=start_us)
        last_us, due_us = one.track.emptied_us, one.container.due_us
        is_old = bool(
            self._planning.last_h and last_us and start_us - last_us > self._planning.last_h * _HOUR_US
        )
        return Urgency(
            probability=at_next.probability_of(1.0),
            expected=min(now.start + now.mean, 1.2),
            due=is_old or one.is_unknown or bool(due_us and due_us < next_us and last_us < due_us),
            pinned=pinned,
        )

    def _problem(
        self,
        candidates: Sequence[_Candidate],
        vehicles: Sequence[KnownVehicle],
        wanted: Wanted,
        before: Plan | None,
    ) -> Problem:
        homes = sorted({one.depot for one in vehicles})
        sites = sorted({site for one in vehicles for site in one.sites if site in self._fleet.sites})
        places = [self._fleet.depots[one].place for one in homes]
        places += [self._fleet.sites[one].place for one in sites]
        visits = []
        for one in candidates:
            visits.append(_visit(one, len(places)))
            places.append(one.bin.container.place or (0.0, 0.0))
        return Problem(
            places=places,
            visits=visits,
            vehicles=[_vehicle(one, homes, sites) for one in vehicles],
            unloadings=[
                Unloading(one, len(homes) + number, known.service_s, *known.window_s)
                for number, one in enumerate(sites)
                for known in (self._fleet.sites[one],)
            ],
            detour=self._planning.detour,
            speed_ms=self._planning.speed_ms,
            start=_start(before, visits, sites) if before else None,
            seconds_of_search=wanted.seconds,
            wall_factor=1.5 if before else 10.0,
        )

    def _route(
        self,
        leg: Leg,
        why: Mapping[str, _Candidate],
        making: _Making,
        done_before: Sequence[PlannedStop],
    ) -> PlannedRoute:
        plan_id, version, zero_us = making
        local = leg.vehicle.rpartition(":")[2]
        base = plan_id.replace(":CollectionPlan:", ":CollectionRoute:", 1)
        stops = list(done_before)
        for number, step in enumerate(leg.steps):
            one = why.get(step.id)
            site = self._fleet.sites.get(step.id)
            place = (one.bin.container.place if one else site.place if site else None) or (
                self._fleet.depots[self._fleet.vehicles[leg.vehicle].depot].place
            )
            name = one.bin.container.name if one else site.name if site else ""
            stops.append(
                PlannedStop(
                    id=f"{base.replace('Route', 'Stop', 1)}-{local}-{version}-{number}",
                    kind=step.kind,
                    subject=step.id,
                    name=name or step.id.rpartition(":")[2],
                    place=place,
                    arrive_us=zero_us + step.arrive_s * _SECOND_US,
                    leave_us=zero_us + step.leave_s * _SECOND_US,
                    metres=step.metres,
                    why=one.worth.reason if one else "",
                    level=round(one.urgency.expected, 3) if one else None,
                )
            )
        name = self._fleet.vehicles[leg.vehicle].name
        metres = leg.metres + sum(one.metres for one in done_before)
        return PlannedRoute(f"{base}-{local}", leg.vehicle, name, metres, leg.litres, stops)


def _visit(one: _Candidate, place: int) -> Visit:
    container = one.bin.container
    litres = (container.capacity_l or _USUAL_L) * max(one.urgency.expected, 0.05) / len(container.streams)
    early_s, late_s = container.window_s
    return Visit(
        id=container.id,
        place=place,
        litres=dict.fromkeys(container.streams, litres),
        service_s=container.service_s,
        early_s=early_s,
        late_s=late_s,
        prize_m=one.worth.prize_m,
        required=one.worth.required,
    )


def _vehicle(one: KnownVehicle, homes: Sequence[str], sites: Sequence[str]) -> Vehicle:
    start_s, end_s = one.shift_s
    mine = tuple(sites.index(site) for site in one.sites if site in sites)
    return Vehicle(
        id=one.id,
        depot=homes.index(one.depot),
        litres=one.litres,
        start_s=start_s,
        end_s=end_s,
        unloading=mine,
        breaks=tuple(pause for pause in one.breaks if pause.late_s > start_s),
        ends_empty=one.ends_empty and bool(mine),
    )


def _start(before: Plan, visits: Sequence[Visit], sites: Sequence[str]) -> dict[str, list[int]]:
    """Return the routes of the plan before as numbers, without what is done."""
    numbers = {visit.id: number for number, visit in enumerate(visits)}
    numbers |= {site: -1 - number for number, site in enumerate(sites)}
    found = {}
    for route in before.routes:
        open_stops = [
            one for one in route.stops if one.status == "planned" and one.kind in {"stop", "unload"}
        ]
        while open_stops and open_stops[-1].kind == "unload":
            open_stops.pop()  # the last one is the vehicle's own end
        found[route.vehicle] = [numbers[one.subject] for one in open_stops if one.subject in numbers]
    return found


def _done(before: Plan | None) -> dict[str, PlannedStop]:
    stops = [stop for route in before.routes for stop in route.stops] if before else []
    return {stop.subject: stop for stop in stops if stop.kind == "stop" and stop.status != "planned"}


def _kept(before: Plan | None, vehicle: str) -> list[PlannedStop]:
    """Return the stops of a vehicle that are done already."""
    routes = before.routes if before else ()
    return [
        stop
        for route in routes
        if route.vehicle == vehicle
        for stop in route.stops
        if stop.status != "planned"
    ]


def _only_done(before: Plan | None) -> list[PlannedRoute]:
    """Return the routes before with what is done of them alone."""
    found = []
    for route in before.routes if before else ():
        stops = [stop for stop in route.stops if stop.status != "planned"]
        if stops:
            metres = sum(stop.metres for stop in stops)
            found.append(msgspec.structs.replace(route, stops=stops, metres=metres, litres=0.0))
    return found
