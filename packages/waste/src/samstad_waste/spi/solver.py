"""The Solver port: finds a day's routes."""

from __future__ import annotations

from typing import Protocol

from samstad_waste.domain.routing import Problem, Solved

__all__ = ["Solver", "SolverAway"]


class SolverAway(Exception):
    """The solver died or took far too long; the same may be asked again."""


class Solver(Protocol):
    """Finds a day's routes."""

    async def solve(self, problem: Problem) -> Solved:
        """Return the routes.

        Raises:
            PlanRefused: the problem cannot be.
            SolverAway: nothing came of it.
        """
        ...
