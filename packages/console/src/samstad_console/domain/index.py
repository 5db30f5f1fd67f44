"""Which things a tile shows: an array in Morton order, made anew when places have changed.

Drawing a tile is two searches in a sorted array and a few sums over a run of it, whatever the zoom: 200 000
things are never looked at one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samstad_console.domain.mercator import BITS, morton, project, tile_range
from samstad_console.domain.vector_tile import EXTENT

__all__ = ["Cell", "PlaceIndex"]

_CELLS = 3
"""A tile's side has 2**3 cells; things in one cell are shown as one mark."""
_ALONE_FROM = 17
"""From this zoom on each thing is shown alone."""
_FIRST = 1024


class Cell(NamedTuple):
    """One mark in a tile.

    Attributes:
        row: of the thing, or of one of the things.
        things: how many are in the mark.
        worst: the condition of the worst of them.
        x: units from the tile's left edge.
        y: units from its upper edge.
    """

    row: int
    things: int
    worst: int
    x: int
    y: int


class Run(NamedTuple):
    """The things in a tile, in Morton order: copies, so that marks can be made beside the event loop."""

    z: int
    rows: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint64]
    conditions: npt.NDArray[np.uint8]

    def cells(self) -> list[Cell]:
        """Return the marks of the tile."""
        if not len(self.rows):
            return []
        shift = 2 * (BITS - self.z - _CELLS)
        begins = np.arange(len(self.rows)) if self.z >= _ALONE_FROM else _begins(self.codes, shift)
        things = np.diff(np.append(begins, len(self.rows)))
        worst = np.maximum.reduceat(self.conditions, begins)
        middle_x = np.add.reduceat(_inside(self.codes, self.z), begins) / things
        middle_y = np.add.reduceat(_inside(self.codes >> np.uint64(1), self.z), begins) / things
        found = zip(self.rows[begins], things, worst, middle_x, middle_y, strict=True)
        return [Cell(int(r), int(c), int(w), int(x), int(y)) for r, c, w, x, y in found]


class PlaceIndex:
    """Rows with a place, a kind and a condition; a row is a small number that its owner gives."""

    def __init__(self) -> None:
        self._codes = np.zeros(_FIRST, np.uint64)
        self._kinds = np.zeros(_FIRST, np.int32)
        self._places = np.zeros((_FIRST, 2), np.float64)
        self.conditions = np.zeros(_FIRST, np.uint8)
        self._there = np.zeros(_FIRST, np.bool_)
        self._order: npt.NDArray[np.int64] | None = None
        self._sorted = self._codes[:0]

    def put(self, row: int, *, longitude: float, latitude: float, kind: int) -> bool:
        """Set a row's place and kind; return whether a tile looks different for it."""
        while row >= len(self._there):
            self._grow()
        code = morton(*project(longitude, latitude))
        if self._there[row] and self._codes[row] == code and self._kinds[row] == kind:
            return False
        self._codes[row], self._kinds[row], self._there[row] = code, kind, True
        self._places[row] = longitude, latitude
        self._order = None
        return True

    def drop(self, row: int) -> None:
        """Take a row away."""
        self._there[row] = False
        self.conditions[row] = 0
        self._order = None

    def _grow(self) -> None:
        for name in ("_codes", "_kinds", "_places", "conditions", "_there"):
            old: npt.NDArray[Any] = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros_like(old)]))

    def rows(self, kinds: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return the rows of the wished kinds, worst condition first, else in their order."""
        rows = np.flatnonzero(self._there)
        rows = rows[kinds[self._kinds[rows]]]
        return rows[np.argsort(-self.conditions[rows].astype(np.int8), kind="stable")]

    def bounds(self, rows: npt.NDArray[np.int64]) -> list[float] | None:
        """Return the smallest and largest longitude and latitude of rows: west, south, east, north."""
        if not len(rows):
            return None
        places = self._places[rows]
        return [*places.min(axis=0).tolist(), *places.max(axis=0).tolist()]

    def counts(self, kinds: npt.NDArray[np.bool_], conditions: int) -> npt.NDArray[np.int64]:
        """Return how many rows of each wished kind there are in each condition: kinds by conditions."""
        rows = self.rows(kinds)
        flat = self._kinds[rows].astype(np.int64) * conditions + self.conditions[rows]
        return np.bincount(flat, minlength=len(kinds) * conditions).reshape(-1, conditions)

    def run(self, z: int, x: int, y: int, kinds: npt.NDArray[np.bool_]) -> Run:
        """Return what lies in a tile.

        Args:
            z: zoom, 0 to 24.
            x: column from the west.
            y: row from the north.
            kinds: which of the kinds are shown, by their number.
        """
        first, shift = tile_range(z, x, y)
        order = self._ordered()
        begin = int(np.searchsorted(self._sorted, np.uint64(first)))
        end = int(np.searchsorted(self._sorted, np.uint64(first + (1 << shift) - 1), side="right"))
        rows = order[begin:end]
        shown = kinds[self._kinds[rows]]
        rows = rows[shown]
        return Run(z, rows, self._sorted[begin:end][shown], self.conditions[rows])

    def _ordered(self) -> npt.NDArray[np.int64]:
        if self._order is None:
            rows = np.flatnonzero(self._there)
            self._order = rows[np.argsort(self._codes[rows], kind="stable")]
            self._sorted = self._codes[self._order]
        return self._order


def _begins(codes: npt.NDArray[np.uint64], shift: int) -> npt.NDArray[np.int64]:
    """Return where each cell begins; in Morton order the things of a cell stand together."""
    cells = codes >> np.uint64(shift)
    return np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))


def _inside(codes: npt.NDArray[np.uint64], z: int) -> npt.NDArray[np.float64]:
    """Return every other bit of the codes as units inside their tile."""
    found: npt.NDArray[np.uint64] = codes & np.uint64(0x5555555555555555)
    for shift, mask in (
        (1, 0x3333333333333333),
        (2, 0x0F0F0F0F0F0F0F0F),
        (4, 0x00FF00FF00FF00FF),
        (8, 0x0000FFFF0000FFFF),
        (16, 0x00000000FFFFFFFF),
    ):
        found = (found | found >> np.uint64(shift)) & np.uint64(mask)
    side = 1 << BITS - z
    units: npt.NDArray[np.float64] = (found % np.uint64(side)).astype(np.float64) * (EXTENT / side)
    return units
