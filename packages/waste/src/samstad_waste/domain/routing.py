"""One day's collection as a problem and its answer: what a solver is given and gives. Pure values.

Metres, seconds from the day's start, litres. ``places`` is one list that everything points into.
"""

from __future__ import annotations

import msgspec

from samstad_waste.domain.container import metres_between
from samstad_waste.domain.errors import PlanRefused

__all__ = [
    "Break",
    "Leg",
    "Problem",
    "Solved",
    "Step",
    "Unloading",
    "Vehicle",
    "Visit",
    "great_circle",
]

DAY_S = 86_400


class Visit(msgspec.Struct, frozen=True):
    """A bin that may be emptied.

    Attributes:
        place: number of its place.
        litres: what it is expected to hold, by stream.
        service_s: at the bin.
        early_s: it may be emptied from,
        late_s: to.
        prize_m: metres of driving that the emptying is worth; no matter where it is required.
        required: it must be emptied.
    """

    id: str
    place: int
    litres: dict[str, float]
    service_s: int = 90
    early_s: int = 0
    late_s: int = DAY_S
    prize_m: int = 0
    required: bool = False


class Break(msgspec.Struct, frozen=True):
    """A pause that begins between two times."""

    early_s: int
    late_s: int
    duration_s: int


class Vehicle(msgspec.Struct, frozen=True):
    """A lorry with its crew for the day.

    Attributes:
        depot: number of the place where it starts and ends.
        litres: of loose waste that it takes, by stream, compaction included; it takes no other streams.
        start_s: of the shift.
        end_s: of the shift; it is back at its depot then.
        unloading: numbers of the unloadings that it may use, on the way.
        ends_empty: it unloads before it goes home.
    """

    id: str
    depot: int
    litres: dict[str, float]
    start_s: int = 6 * 3600
    end_s: int = 15 * 3600
    unloading: tuple[int, ...] = ()
    breaks: tuple[Break, ...] = ()
    ends_empty: bool = False
    fixed_m: int = 0


class Unloading(msgspec.Struct, frozen=True):
    """Where lorries unload: how long it takes, and when it is open."""

    id: str
    place: int
    service_s: int = 900
    early_s: int = 0
    late_s: int = DAY_S


class Problem(msgspec.Struct, frozen=True):
    """One day.

    Attributes:
        places: longitude and latitude.
        metres: between places, row by row; None: great circle times ``detour``.
        seconds: the same for driving times; None: by ``speed_ms``.
        start: routes to begin the search with, by vehicle: numbers of visits, and -1 - n for unloading n.
        seconds_of_search: CPU seconds.
        wall_factor: the search also ends after so many times as many seconds on the wall.
    """

    places: list[tuple[float, float]]
    visits: list[Visit]
    vehicles: list[Vehicle]
    unloadings: list[Unloading] = []
    metres: list[list[int]] | None = None
    seconds: list[list[int]] | None = None
    detour: float = 1.35
    speed_ms: float = 7.8
    start: dict[str, list[int]] | None = None
    seconds_of_search: float = 10.0
    wall_factor: float = 10.0
    seed: int = 1
    second_weight: int = 1

    def check(self) -> Problem:
        """Return the same; raises PlanRefused with what to change."""
        if not self.vehicles:
            raise PlanRefused("There is no vehicle: add a WasteVehicle with a depot and a capacity.")
        for number, vehicle in enumerate(self.vehicles):
            _check_vehicle(vehicle, f"/vehicles/{number}")
        for number, visit in enumerate(self.visits):
            if visit.late_s < visit.early_s:
                raise PlanRefused(
                    f"{visit.id} may be emptied from {visit.early_s} s to {visit.late_s} s: turn them round.",
                    pointer=f"/visits/{number}",
                )
        return self


def _check_vehicle(vehicle: Vehicle, pointer: str) -> None:
    if vehicle.end_s - vehicle.start_s < 600:
        raise PlanRefused(f"The shift of {vehicle.id} must last ten minutes at least.", pointer=pointer)
    if not vehicle.litres or any(litres < 0 for litres in vehicle.litres.values()):
        raise PlanRefused(
            f"{vehicle.id} takes nothing: give litres for each of its streams.", pointer=pointer
        )
    paused = sum(one.duration_s for one in vehicle.breaks)
    if paused >= vehicle.end_s - vehicle.start_s:
        raise PlanRefused(f"The breaks of {vehicle.id} fill its whole shift.", pointer=pointer)
    if vehicle.ends_empty and not vehicle.unloading:
        raise PlanRefused(f"{vehicle.id} shall end empty and may unload nowhere.", pointer=pointer)


class Step(msgspec.Struct, frozen=True):
    """One step of a route.

    Attributes:
        kind: start, stop, unload, break or end.
        id: of the bin or the unloading; empty for others.
        arrive_s: there.
        leave_s: from there.
        metres: driven to it since the step before.
    """

    kind: str
    id: str
    place: int
    arrive_s: int
    leave_s: int
    metres: int


class Leg(msgspec.Struct, frozen=True):
    """What one vehicle does."""

    vehicle: str
    steps: list[Step]
    metres: int
    litres: float


class Solved(msgspec.Struct, frozen=True):
    """The answer.

    Attributes:
        left: bins that are in no route, with a word why: ``distance``, ``window``, ``break`` or ``capacity``.
        feasible: whether everything that is required fits.
        iterations: of the search.
    """

    legs: list[Leg]
    left: dict[str, str]
    feasible: bool
    cost: int
    iterations: int


def great_circle(problem: Problem) -> tuple[list[list[int]], list[list[int]]]:
    """Return metres and seconds between all places of a problem without a road matrix."""
    metres = [
        [round(problem.detour * metres_between(one, other)) for other in problem.places]
        for one in problem.places
    ]
    return metres, [[round(way / problem.speed_ms) for way in row] for row in metres]
