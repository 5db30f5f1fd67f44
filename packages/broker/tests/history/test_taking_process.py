"""A process of its own takes rows in: nothing is lost or taken twice when it, or a caller, goes away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.history import HistorySelection, HistoryWindow
from samstad_broker.spi.store import LogCorrupt, LogUnavailable, StoreTooNew
from samstad_broker.store.sqlite.history import SqliteHistoryIndex


def row(number: int, payload: bytes | None = None) -> Row:
    instance = {"type": "Property", "value": number, "createdAt": "x"}
    document = {"id": f"urn:x:{number % 7}", "type": ["T"], "createdAt": "x", "n": [instance]}
    body = payload or creation_payload("test", document)
    return Row(Position(1, number), number, RowKind.CHANGE, "", "", document["id"], body)


def rows(first: int, last: int) -> list[Row]:
    return [row(number) for number in range(first, last + 1)]


def files_in(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def held(index) -> int:
    entities = await index.list_entities("", "", HistorySelection(), after=0, limit=99)
    found = await index.read(entities, HistoryWindow(timeproperty="modifiedAt"))
    return sum(len(attributes["n"]) for attributes in found)


@pytest.fixture
async def index(tmp_path):
    made = SqliteHistoryIndex(tmp_path / "temporal.db", in_process=False)
    await made.open()
    yield made
    await made.close()


async def test_rows_are_there_for_readers_when_they_are_taken_in(index):
    await index.apply(rows(1, 20))
    assert index.cursor == Position(1, 20)
    assert await held(index) == 20
    await index.apply(rows(15, 22))
    assert await held(index) == 22
    await index.apply(rows(1, 22))
    assert index.figures()["rows_taken"] == 22


async def test_the_process_is_started_again_where_it_was(index):
    await index.apply(rows(1, 10))
    taking = index._taking
    taking._process.kill()
    await taking._process.wait()
    await index.apply(rows(11, 15))
    assert await held(index) == 15
    assert taking.starts == 2


async def test_a_process_that_dies_over_a_batch_leaves_all_of_it_or_nothing(index):
    await index.apply(rows(1, 10))
    taking = index._taking
    batch = asyncio.create_task(index.apply(rows(11, 2_000)))
    await asyncio.sleep(0.003)
    taking._process.kill()
    (outcome,) = await asyncio.gather(batch, return_exceptions=True)
    assert outcome is None or isinstance(outcome, LogUnavailable)
    await index.apply(rows(11, 2_000))
    assert await held(index) == 2_000
    assert index.cursor == Position(1, 2_000)


async def test_a_caller_that_goes_away_unsettles_nothing(index):
    await index.apply(rows(1, 5))
    gone = asyncio.create_task(index.apply(rows(6, 500)))
    await asyncio.sleep(0.002)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await index.apply(rows(6, 510))
    assert await held(index) == 510
    assert index._taking.starts == 1


async def test_a_row_that_cannot_be_read_is_told_and_the_process_goes_on(index):
    with pytest.raises(LogUnavailable):
        await index.apply([row(1), row(2, b"{")])
    assert index.cursor == Position(0, 0)
    await index.apply(rows(1, 2))
    assert await held(index) == 2
    assert index._taking.starts == 1


async def test_what_is_wrong_with_the_file_is_told_by_its_name(tmp_path):
    first = SqliteHistoryIndex(tmp_path / "temporal.db", in_process=False)
    await first.open()
    await first.close()
    newer = apsw.Connection(str(tmp_path / "temporal.db"))
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreTooNew):
        await SqliteHistoryIndex(tmp_path / "temporal.db", in_process=False).open()
    (tmp_path / "broken.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(LogCorrupt, match="Move it away"):
        await SqliteHistoryIndex(tmp_path / "broken.db", in_process=False).open()


async def test_a_closed_index_has_no_process_any_more(tmp_path):
    made = SqliteHistoryIndex(tmp_path / "temporal.db", in_process=False)
    await made.open()
    process = made._taking._process
    await made.close()
    assert process.returncode == 0
    assert [path.name for path in files_in(tmp_path)] == ["temporal.db"]
