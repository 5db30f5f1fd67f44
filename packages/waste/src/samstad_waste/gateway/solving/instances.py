"""Routing problems of the public formats (VRPLIB and PyVRP's extensions of it), solved as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvrp
from pyvrp.stop import MaxIterations

from samstad_waste.domain.errors import InstanceRefused
from samstad_waste.gateway.solving.stopping import CpuTime

__all__ = ["ROUNDINGS", "SolvedFile", "solve_file"]

ROUNDINGS = ("round", "trunc", "dimacs", "exact", "none")


@dataclass(frozen=True, slots=True)
class SolvedFile:
    """What came of a file.

    Attributes:
        cost: by the file's own measure; infinite where nothing feasible was found.
        routes: numbers of clients as the format counts them, each route's depot left out.
    """

    cost: float
    feasible: bool
    iterations: int
    clients: int
    routes: list[list[int]]

    def text(self) -> str:
        """Return it as a VRPLIB solution."""
        lines = [
            f"Route #{number}: {' '.join(map(str, route))}" for number, route in enumerate(self.routes, 1)
        ]
        return "\n".join([*lines, f"Cost: {round(self.cost, 2):g}" if self.feasible else "Cost: inf", ""])


def solve_file(path: Path, *, rounding: str, seconds: float, iterations: int, seed: int) -> SolvedFile:
    """Solve an instance.

    Args:
        path: of the file.
        rounding: one of ROUNDINGS, as the instance's set says.
        seconds: CPU seconds of search.
        iterations: of search instead; 0 for none.
        seed: of chance.

    Raises:
        InstanceRefused: it is no instance.
    """
    if rounding not in ROUNDINGS:
        raise InstanceRefused(f"--rounding is one of {', '.join(ROUNDINGS)}, not {rounding!r}.")
    if not path.is_file():
        raise InstanceRefused(f"{path} is no file: name an instance in VRPLIB's format.")
    try:
        data = pyvrp.read(path, round_func=rounding)
    except Exception as error:
        raise InstanceRefused(
            f"{path.name} is no instance in VRPLIB's format: {type(error).__name__}: {error}"
        ) from error
    stop: Any = MaxIterations(iterations) if iterations else CpuTime(seconds)
    found = pyvrp.solve(data, stop, seed=seed, collect_stats=False, display=False)
    routes = [_visits(data, route) for route in found.best.routes()]
    return SolvedFile(found.cost(), found.is_feasible(), found.num_iterations, data.num_clients, routes)


def _visits(data: pyvrp.ProblemData, route: pyvrp.Route) -> list[int]:
    """Return the locations of a route between its ends; an unloading on the way stands by its depot."""
    visits = []
    for step in list(route.schedule())[1:-1]:
        place = data.depots()[step.idx] if step.is_depot() else data.clients()[step.idx]
        visits.append(place.location)
    return visits
