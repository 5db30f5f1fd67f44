"""The RoadMatrix port: metres and seconds by road."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

__all__ = ["Matrix", "NoRoads", "RoadMatrix"]


class Matrix(NamedTuple):
    """Between places, row by row."""

    metres: list[list[int]]
    seconds: list[list[int]]


class RoadMatrix(Protocol):
    """Gives ways by road."""

    async def between(self, places: Sequence[tuple[float, float]]) -> Matrix | None:
        """Return the ways between places (longitude, latitude); None where there is no answer now."""
        ...


class NoRoads:
    """A port without roads: ways are great circles with a detour."""

    async def between(self, places: Sequence[tuple[float, float]]) -> Matrix | None:  # noqa: ARG002 - the port's
        """Return None."""
        return None
