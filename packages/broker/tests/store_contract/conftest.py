"""Every store runs every test of this directory; a new store adds one line to ``STORES``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.store import Store
from samstad_broker.store.memory import MemoryStore
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore

NIGHT_US = 1_795_574_400_000_000
"""2026-11-25T00:00:00Z"""


def _memory(_directory: Path) -> Callable[[], Store]:
    kept = MemoryStore()
    return lambda: kept


def _sqlite(directory: Path) -> Callable[[], Store]:
    return lambda: SqliteStore(directory / "broker")


def _sqlite_small(directory: Path) -> Callable[[], Store]:
    """Without a tail in memory and with stretches of a few rows, so that reads cross files."""
    settings = SqliteSettings(stretch_rows=3, tail_bytes=0, slice_rows=2)
    return lambda: SqliteStore(directory / "broker", settings)


STORES = {"memory": _memory, "sqlite": _sqlite, "sqlite-small": _sqlite_small}


@pytest.fixture(params=sorted(STORES))
def store_factory(request, tmp_path) -> Callable[[], Store]:
    """Give a function that makes a store over the same data at each call."""
    return STORES[request.param](tmp_path)


@pytest.fixture
async def store(store_factory) -> AsyncIterator[Store]:
    opened = store_factory()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def reopen(store_factory) -> Callable[[Store], object]:
    """Give a function that closes a store and opens another one over the same data."""

    async def again(store: Store) -> Store:
        await store.close()
        other = store_factory()
        await other.open()
        return other

    return again


@pytest.fixture
def lamp_rows() -> Callable[..., Sequence[Row]]:
    """Give a function that makes rows of lamps which follow a position."""

    def rows(after: Position, count: int, *, size: int = 0) -> list[Row]:
        return [
            Row(
                position=Position(after.epoch, after.number + step),
                time_us=NIGHT_US + after.number + step,
                kind=RowKind.CHANGE,
                tenant="",
                snapshot="",
                subject=f"urn:ngsi-ld:Streetlight:roads:{after.number + step}",
                payload=b'{"by":"gateway","set":{},"note":"%s"}' % (b"x" * size),
            )
            for step in range(1, count + 1)
        ]

    return rows
