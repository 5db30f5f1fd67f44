"""The current entities of one tenant (or of one of its snapshots)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import orjson

from samstad_broker.domain.state.bucket import TypeBucket
from samstad_broker.domain.state.builds import Build, Builds
from samstad_broker.domain.state.expiries import Expiries
from samstad_broker.domain.state.grid import Grid
from samstad_broker.domain.state.ordered import OrderedRecords
from samstad_broker.domain.state.record import Record, exact_bytes
from samstad_ngsild.document import NGSI_LD, EntityDocument

__all__ = ["LOCATION", "Dataset", "Watch"]

LOCATION = NGSI_LD + "location"
"""The geo-attribute that is indexed from the start (clause 4.7.1); others are when a query asks for them."""


class Watch:
    """Collects the ids of entities that come, change or go, for somebody who copies them meanwhile."""

    __slots__ = ("ids",)

    def __init__(self) -> None:
        self.ids: set[str] = set()


class Dataset:
    """Entities by id, by type, by value and by place.

    Every change goes through ``add``, ``change`` and ``remove``, which keep all indexes in step.

    Args:
        expiries: follows what is transient in it (clause 4.22).
        builds: builds the indexes that questions want.
    """

    def __init__(self, expiries: Expiries | None = None, builds: Builds | None = None) -> None:
        self.expiries = Expiries() if expiries is None else expiries
        self.builds = Builds() if builds is None else builds
        self.entities: dict[str, Record] = {}
        self.records = OrderedRecords()
        self.types: dict[str, TypeBucket] = {}
        self.grids: dict[str, Grid] = {LOCATION: Grid()}
        self._growing: set[str] = set()
        self._types: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.by_sequence: dict[int, Record] = {}
        self.watches: list[Watch] = []

    def __len__(self) -> int:
        return len(self.entities)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def get(self, entity_id: str) -> Record | None:
        """Return the record of an entity, or None."""
        return self.entities.get(entity_id)

    def add(self, document: EntityDocument, sequence: int, encoded: bytes | None = None) -> Record:
        """Take in a new entity; its id must not be inside yet."""
        kept = encoded if encoded is not None else exact_bytes(orjson.dumps(document))
        record = Record(document["id"], sequence, self._shared(document["type"]), kept)
        self.entities[record.id] = record
        self.records.add(record)
        self.by_sequence[sequence] = record
        for name in record.types:
            self._bucket(name).add(record, document)
        for attribute, grid in self.grids.items():
            _place(grid, attribute, record, document)
        self.expiries.follow(sequence, kept, document)
        for watch in self.watches:
            watch.ids.add(record.id)
        return record

    def restore(self, entities: Iterable[tuple[int, bytes]]) -> None:
        """Take in many entities of a checkpoint, as (sequence, document); none of them is inside yet.

        What costs most is left for later: places are taken in beside, when ``restored`` was called.
        """
        found: list[Record] = []
        by_types: dict[tuple[str, ...], tuple[list[Record], dict[tuple[str, ...], int]]] = {}
        parse, follow, by_sequence = orjson.loads, self.expiries.follow, self.by_sequence
        for sequence, encoded in entities:
            document = parse(encoded)
            types = self._shared(document["type"])
            record = Record(document["id"], sequence, types, encoded)
            self.entities[record.id] = by_sequence[sequence] = record
            found.append(record)
            records, shapes = by_types.setdefault(types, ([], {}))
            records.append(record)
            shape = tuple(document)
            shapes[shape] = shapes.get(shape, 0) + 1
            follow(sequence, encoded, document)
        self.records.extend(found)
        for types, (records, shapes) in by_types.items():
            for name in types:
                self._bucket(name).restore(records, shapes)

    def restored(self) -> None:
        """Begin to take in the places of what was restored."""
        for attribute, grid in self.grids.items():
            self._growing.add(attribute)
            self.builds.later(self._grid_build(attribute, grid))

    def change(
        self,
        record: Record,
        before: EntityDocument,
        after: EntityDocument,
        touched: Iterable[str] | None = None,
    ) -> None:
        """Replace an entity's document; ``touched`` names the attributes that may differ (None: any)."""
        record.document = exact_bytes(orjson.dumps(after))
        record.views = None
        for watch in self.watches:
            watch.ids.add(record.id)
        self.expiries.follow(record.sequence, record.document, after)
        types = self._shared(after["type"])
        if types != record.types:
            self._retype(record, before, after, types)
        else:
            for name in types:
                self.types[name].change(record, before, after, touched)
        for attribute, grid in self.grids.items():
            if touched is None or attribute in touched:
                _place(grid, attribute, record, after)

    def _retype(
        self, record: Record, before: EntityDocument, after: EntityDocument, types: tuple[str, ...]
    ) -> None:
        for name in record.types:
            self._leave(name, record, before)
        record.types = types
        for name in types:
            self._bucket(name).add(record, after)

    def remove(self, record: Record, document: EntityDocument) -> None:
        """Take out an entity."""
        del self.entities[record.id]
        for watch in self.watches:
            watch.ids.add(record.id)
        del self.by_sequence[record.sequence]
        self.expiries.drop(record.sequence)
        self.records.remove(record)
        for name in record.types:
            self._leave(name, record, document)
        for grid in self.grids.values():
            grid.drop(record.sequence)

    def _bucket(self, name: str) -> TypeBucket:
        bucket = self.types.get(name)
        if bucket is None:
            bucket = self.types[name] = TypeBucket(self.builds)
        return bucket

    def _leave(self, name: str, record: Record, document: EntityDocument) -> None:
        bucket = self.types[name]
        bucket.remove(record, document)
        if not bucket.records:
            del self.types[name]

    def grid(self, attribute: str) -> Grid | None:
        """Return the grid of a geo-attribute, built at the first question; None while it is built."""
        grid = self.grids.get(attribute)
        if grid is None:
            grid = self.grids[attribute] = Grid()
            self._growing.add(attribute)
            self.builds.begin(self._grid_build(attribute, grid), len(self.records))
        return None if attribute in self._growing else grid

    def _grid_build(self, attribute: str, grid: Grid) -> Build:
        return Build(
            self.records,
            lambda sequence, document: _put(grid, attribute, sequence, document),
            lambda: self._growing.discard(attribute),
        )

    def _shared(self, types: Sequence[str]) -> tuple[str, ...]:
        """Return one tuple for all entities of the same types: each would keep texts of its own."""
        wanted = tuple(types)
        return self._types.setdefault(wanted, wanted)


def _place(grid: Grid, attribute: str, record: Record, document: EntityDocument) -> None:
    """Follow an entity's place."""
    _put(grid, attribute, record.sequence, document)


def _put(grid: Grid, attribute: str, sequence: int, document: EntityDocument) -> None:
    """Take in a place; that of an entity with several instances is left to the evaluator."""
    instances = document.get(attribute)
    if instances and len(instances) > 1:
        grid.put_undecided(sequence)
    elif instances and instances[0]["type"] == "GeoProperty":
        grid.put(sequence, instances[0]["value"])
    else:
        grid.drop(sequence)
