"""Every temporal index runs every test of this directory; a new one adds one line to ``INDEXES``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from samstad_broker.domain.payload import change_payload, creation_payload, end_payload
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.history import HistoryIndex
from samstad_broker.store.memory import MemoryHistoryIndex
from samstad_broker.store.sqlite.history import SqliteHistoryIndex
from samstad_ngsild.entities.dates import iso

NIGHT_US = 1_795_574_400_000_000
"""2026-11-25T02:40:00Z"""
MINUTE_US = 60_000_000

Open = Callable[..., AbstractAsyncContextManager[HistoryIndex]]


@asynccontextmanager
async def _memory(_directory: Path, *, keeps_deleted: bool = False) -> AsyncIterator[HistoryIndex]:
    yield MemoryHistoryIndex(keeps_deleted=keeps_deleted)


@asynccontextmanager
async def _sqlite(directory: Path, *, keeps_deleted: bool = False) -> AsyncIterator[HistoryIndex]:
    index = SqliteHistoryIndex(directory / "temporal.db", keeps_deleted=keeps_deleted)
    await index.open()
    yield index
    await index.close()


INDEXES: dict[str, Open] = {"memory": _memory, "sqlite": _sqlite}


@pytest.fixture(params=sorted(INDEXES))
def open_index(request, tmp_path) -> Callable[..., AbstractAsyncContextManager[HistoryIndex]]:
    """Give a function that opens an index over the same place at each call."""
    return lambda **settings: INDEXES[request.param](tmp_path, **settings)


@pytest.fixture
async def index(open_index) -> AsyncIterator[HistoryIndex]:
    async with open_index() as opened:
        yield opened


def number(value: Any, minute: int | None = None, **members: Any) -> dict[str, Any]:
    """Return an instance of a Property, observed so many minutes after midnight."""
    instance = {"type": "Property", "value": value, **members}
    if minute is not None:
        instance["observedAt"] = iso(NIGHT_US + minute * MINUTE_US)
    return instance


class Street:
    """Writes rows as the operations do, each a second after the one before, into a list."""

    def __init__(self, *, tenant: str = "", snapshot: str = "") -> None:
        self.rows: list[Row] = []
        self.entities: dict[str, dict[str, Any]] = {}
        self._space = (tenant, snapshot)

    @property
    def now_us(self) -> int:
        return NIGHT_US + (len(self.rows) + 1) * 1_000_000

    def row(self, kind: RowKind, subject: str, payload: Any) -> Row:
        data = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        row = Row(Position(1, len(self.rows) + 1), self.now_us, kind, *self._space, subject, data)
        self.rows.append(row)
        return row

    def write(self, entity_id: str, *, types: tuple[str, ...] = ("Lamp",), scope=None, **attributes) -> Row:
        """Create or change an entity; an empty list ends an attribute, ``scope`` sets the scope."""
        at = iso(self.now_us)
        before = self.entities.get(entity_id)
        after = dict(before or {"id": entity_id, "type": list(types), "createdAt": at}, modifiedAt=at)
        if scope is not None:
            after["scope"] = scope
        touched = {name: self._stamped(value, before, name, at) for name, value in attributes.items()}
        for name, instances in touched.items():
            after.pop(name, None)
            if instances:
                after[name] = instances
        self.entities[entity_id] = after
        if before is None:
            return self.row(RowKind.CHANGE, entity_id, creation_payload("op", after))
        return self.row(RowKind.CHANGE, entity_id, change_payload("op", before, after, touched))

    @staticmethod
    def _stamped(value: Any, before: Any, name: str, at: str) -> list[dict[str, Any]]:
        known = {i.get("datasetId"): i for i in (before or {}).get(name, ())}
        instances = value if isinstance(value, list) else [value]
        return [
            instance
            if instance in known.values()
            else {
                **instance,
                "createdAt": known.get(instance.get("datasetId"), {}).get("createdAt", at),
                "modifiedAt": at,
            }
            for instance in instances
        ]

    def end(self, entity_id: str, kind: RowKind = RowKind.DELETE) -> Row:
        before = self.entities.pop(entity_id)
        return self.row(kind, entity_id, end_payload("op", before, iso(self.now_us)))

    def add(self, entity_id: str, *, types: tuple[str, ...] = ("Lamp",), **attributes: Any) -> Row:
        """Add late observations, as the temporal API does."""
        sets = {name: value if isinstance(value, list) else [value] for name, value in attributes.items()}
        return self.row(RowKind.HISTORY_ADD, entity_id, {"by": "op", "types": list(types), "set": sets})


@pytest.fixture
def street() -> Street:
    return Street()
