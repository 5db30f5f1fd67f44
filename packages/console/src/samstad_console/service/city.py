"""Everything that has a place and may be shown, kept in memory and in step with the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samstad_console.domain.condition import Condition
from samstad_console.domain.index import PlaceIndex
from samstad_console.domain.thing import Thing
from samstad_console.domain.vector_tile import TilePoint, encode_tile
from samstad_console.mapping import ALERT, OpenAlert, alert_of, is_gone, thing_of, types_of
from samstad_console.service.changes import Changes

__all__ = ["City", "Shown"]

LAYER = "things"
_MANY = 5_000
_ALERTS = -1
"""Stands for the row of every alert: they are no things on the map, and a list of them is read anew."""


class Shown(NamedTuple):
    """A thing and how it fares, alerts about it counted."""

    row: int
    thing: Thing
    condition: Condition


class City:
    """The read model of one tenant. Taking the same change twice does no harm.

    Args:
        most: things that are kept; what comes beyond is counted in ``refused`` and not shown.
    """

    def __init__(self, *, most: int = 500_000) -> None:
        self._most = most
        self._rows: dict[str, int] = {}
        self._things: list[Thing | None] = []
        self._free: list[int] = []
        self._sets: list[frozenset[str]] = []
        self._set_of: dict[tuple[str, ...], int] = {}
        self._alerts: dict[str, OpenAlert] = {}
        self._about: dict[str, dict[str, Condition]] = {}
        self.index = PlaceIndex()
        self.changes = Changes()
        self.version = 0
        self.refused = 0

    def __len__(self) -> int:
        """How many things there are."""
        return len(self._rows)

    # -- what comes in -----------------------------------------------------------------------------------

    def take(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take entities as they are now, or as they ended."""
        for document in documents:
            if ALERT in types_of(document):
                self._take_alert(document)
                continue
            thing = None if is_gone(document) else thing_of(document)
            if thing is not None:
                self._put(thing)
            elif document["id"] in self._rows:
                self._drop(document["id"])

    def _take_alert(self, document: Mapping[str, Any]) -> None:
        alert = None if is_gone(document) else alert_of(document)
        before = self._alerts.pop(document["id"], None)
        if before is not None:
            self._about.get(before.source, {}).pop(before.id, None)
        if alert is not None:
            self._alerts[alert.id] = alert
            self._about.setdefault(alert.source, {})[alert.id] = alert.condition
        told: dict[str, object] = {"row": _ALERTS, "id": document["id"], "type": ALERT}
        self.changes.add(_ALERTS, types_of(document), told)
        for source in {one.source for one in (before, alert) if one is not None}:
            if not self._about.get(source):
                self._about.pop(source, None)
            row = self._rows.get(source)
            if row is not None:
                self._judge(row)

    def _put(self, thing: Thing) -> None:
        row = self._rows.get(thing.id)
        fresh = row is None
        if row is None:
            if len(self._rows) >= self._most:
                self.refused += 1
                return
            row = self._new_row(thing.id)
        self._things[row] = thing
        kind = self._kind(thing.types)
        moved = self.index.put(row, longitude=thing.longitude, latitude=thing.latitude, kind=kind)
        self._judge(row, moved=moved or fresh)

    def _new_row(self, entity_id: str) -> int:
        if self._free:
            row = self._free.pop()
        else:
            row = len(self._things)
            self._things.append(None)
        self._rows[entity_id] = row
        return row

    def _kind(self, types: tuple[str, ...]) -> int:
        """Return the number of a set of types: who may read which kinds is asked once for each set."""
        number = self._set_of.get(types)
        if number is None:
            number = self._set_of[types] = len(self._sets)
            self._sets.append(frozenset(types))
        return number

    def _drop(self, entity_id: str) -> None:
        row = self._rows.pop(entity_id)
        thing = self._things[row]
        self._things[row] = None
        self._free.append(row)
        self.index.drop(row)
        self.version += 1
        types = () if thing is None else thing.types
        self.changes.add(row, types, {"row": row, "id": entity_id, "gone": True})

    def _judge(self, row: int, *, moved: bool = False) -> None:
        """Set the condition of a thing, and tell of it."""
        thing = self._things[row]
        if thing is None:
            return
        condition = max([thing.own, *self._about.get(thing.id, {}).values()])
        self.index.conditions[row] = condition
        self.version += 1
        told: dict[str, object] = {
            "row": row,
            "id": thing.id,
            "type": thing.type,
            "condition": int(condition),
            "observedAt": thing.observed_at,
            "moved": moved,
        }
        self.changes.add(row, thing.types, told)

    # -- what is asked -----------------------------------------------------------------------------------

    def kinds(self, readable: frozenset[str], wished: frozenset[str] | None = None) -> npt.NDArray[np.bool_]:
        """Return which kinds a reader is shown: all types of the kind readable, one of them wished.

        Args:
            readable: types that the reader may read.
            wished: types that are asked for; None for all.
        """
        shown = [types <= readable and (wished is None or bool(types & wished)) for types in self._sets]
        return np.array(shown, np.bool_)

    async def tile(self, z: int, x: int, y: int, kinds: npt.NDArray[np.bool_]) -> bytes:
        """Return a vector tile; a full one is counted together beside the event loop (I5)."""
        run = self.index.run(z, x, y, kinds)
        cells = await asyncio.to_thread(run.cells) if len(run.rows) > _MANY else run.cells()
        return encode_tile(LAYER, (self._point(*cell) for cell in cells))

    def _point(self, row: int, count: int, worst: int, x: int, y: int) -> TilePoint:
        if count > 1:
            return TilePoint(row + 1, x, y, {"count": count, "condition": worst})
        thing = self._things[row]
        told: dict[str, str | int] = {"condition": worst}
        if thing is not None:
            told |= {"entity": thing.id, "type": thing.type, "observed": thing.observed_at}
        return TilePoint(row + 1, x, y, told)

    def list_rows(self, kinds: npt.NDArray[np.bool_], *, worse_only: bool = False) -> npt.NDArray[np.int64]:
        """Return the rows of some kinds, worst first; only what is worse than well, where that is asked."""
        rows = self.index.rows(kinds)
        return rows[self.index.conditions[rows] > Condition.OK] if worse_only else rows

    def matching(self, rows: npt.NDArray[np.int64], text: str) -> npt.NDArray[np.int64]:
        """Return the rows whose name or id has a text in it, in any case; may run beside the event loop."""
        wanted = text.casefold()
        return np.array([row for row in rows.tolist() if self._matches(row, wanted)], np.int64)

    def page(self, rows: npt.NDArray[np.int64], *, limit: int, offset: int) -> list[Shown]:
        """Return the things of a part of the rows; one that has gone meanwhile is left out."""
        found = (self._shown(row) for row in rows[offset : offset + limit].tolist())
        return [one for one in found if one is not None]

    def _matches(self, row: int, wanted: str) -> bool:
        thing = self._things[row]
        if thing is None:
            return False
        return wanted in thing.id.casefold() or any(
            wanted in name.casefold() for name in thing.names.values()
        )

    def get(self, entity_id: str) -> Shown | None:
        """Return a thing; None where it has no place, or is not there."""
        row = self._rows.get(entity_id)
        return None if row is None else self._shown(row)

    def _shown(self, row: int) -> Shown | None:
        thing = self._things[row]
        return None if thing is None else Shown(row, thing, Condition(int(self.index.conditions[row])))

    def summary(self, kinds: npt.NDArray[np.bool_]) -> dict[str, list[int]]:
        """Return for each type how many things there are in each condition, UNKNOWN first."""
        counts = self.index.counts(kinds, len(Condition))
        found: dict[str, list[int]] = {}
        for types, number in self._set_of.items():
            if kinds[number] and counts[number].any():
                before = found.get(types[0], [0] * len(Condition))
                found[types[0]] = [a + int(b) for a, b in zip(before, counts[number], strict=True)]
        return found

    def bounds(self, kinds: npt.NDArray[np.bool_]) -> list[float] | None:
        """Return west, south, east and north of what is shown; None where nothing is."""
        return self.index.bounds(self.index.rows(kinds))
