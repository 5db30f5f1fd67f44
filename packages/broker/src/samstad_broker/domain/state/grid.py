"""A grid over longitude and latitude, so that a geo-query looks at a neighbourhood instead of a city."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import floor
from typing import Any

__all__ = ["Box", "Grid", "box_of"]

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west > east crosses the antimeridian."""

_CELL_DEG = 0.01
"""About 1.1 km northwards and 0.55 km eastwards at 60° north."""

_MOST_CELLS = 64
"""A geometry or question that covers more cells is treated as large."""


def box_of(geometry: dict[str, Any]) -> Box:
    """Return the smallest box around a GeoJSON geometry."""
    longitudes: list[float] = []
    latitudes: list[float] = []
    stack: list[Any] = [geometry["coordinates"]]
    while stack:
        item = stack.pop()
        if isinstance(item[0], list):
            stack.extend(item)
        else:
            longitudes.append(item[0])
            latitudes.append(item[1])
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _cells(box: Box) -> list[tuple[int, int]] | None:
    west, south, east, north = (floor(side / _CELL_DEG) for side in box)
    if (east - west + 1) * (north - south + 1) > _MOST_CELLS:
        return None
    return [(x, y) for x in range(west, east + 1) for y in range(south, north + 1)]


class Grid:
    """Which records lie where, by one geo-attribute.

    Attributes:
        geometries: sequence → geometry, so that a predicate needs no document.
    """

    __slots__ = ("_cells", "_large", "geometries")

    def __init__(self) -> None:
        self.geometries: dict[int, dict[str, Any]] = {}
        self._cells: dict[tuple[int, int], set[int]] = {}
        self._large: set[int] = set()

    def put(self, sequence: int, geometry: dict[str, Any]) -> None:
        """Place or move a record."""
        if self.geometries.get(sequence) == geometry:
            return
        self.drop(sequence)
        self.geometries[sequence] = geometry
        cells = _cells(box_of(geometry))
        if cells is None:
            self._large.add(sequence)
            return
        for cell in cells:
            self._cells.setdefault(cell, set()).add(sequence)

    def put_undecided(self, sequence: int) -> None:
        """Take in a record that is in several places at once: it is a candidate everywhere."""
        self.drop(sequence)
        self._large.add(sequence)

    def drop(self, sequence: int) -> None:
        """Forget a record; nothing happens when it is not there."""
        self._large.discard(sequence)
        geometry = self.geometries.pop(sequence, None)
        if geometry is None:
            return
        for cell in _cells(box_of(geometry)) or ():
            members = self._cells[cell]
            members.discard(sequence)
            if not members:
                del self._cells[cell]

    def near(self, boxes: Iterable[Box]) -> set[int] | None:
        """Return the records that may touch the boxes; None when that is most of them anyway."""
        found: set[int] = set(self._large)
        for box in boxes:
            for part in _split_at_antimeridian(box):
                cells = _cells(part)
                if cells is None:
                    if len(self._cells) <= _MOST_CELLS:
                        return None
                    cells = [cell for cell in self._cells if _touches(cell, part)]
                for cell in cells:
                    found |= self._cells.get(cell, frozenset())
        return found


def _touches(cell: tuple[int, int], box: Box) -> bool:
    west, south = cell[0] * _CELL_DEG, cell[1] * _CELL_DEG
    return west <= box[2] and west + _CELL_DEG >= box[0] and south <= box[3] and south + _CELL_DEG >= box[1]


def _split_at_antimeridian(box: Box) -> Iterator[Box]:
    west, south, east, north = box
    if west <= east:
        yield box
        return
    yield (west, south, 180.0, north)
    yield (-180.0, south, east, north)
