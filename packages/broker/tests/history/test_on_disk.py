"""The index on disk: goes on after a restart, survives failing disks, and never holds half a batch."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.history import HistorySelection, HistoryWindow
from samstad_broker.spi.store import LogCorrupt, StoreError, StoreTooNew
from samstad_broker.store.sqlite import SqliteStore
from samstad_broker.store.sqlite.history import SqliteHistoryIndex
from samstad_broker.store.sqlite.migrations import migrations


def row(number: int, value: object = None) -> Row:
    instance = {"type": "Property", "value": number if value is None else value, "createdAt": "x"}
    document = {"id": f"urn:x:{number % 7}", "type": ["T"], "createdAt": "x", "n": [instance]}
    payload = creation_payload("test", document)
    return Row(Position(1, number), number, RowKind.CHANGE, "", "", document["id"], payload)


async def held(index: SqliteHistoryIndex) -> int:
    entities = await index.list_entities("", "", HistorySelection(), after=0, limit=99)
    found = await index.read(entities, HistoryWindow(timeproperty="modifiedAt"))
    return sum(len(attributes["n"]) for attributes in found)


async def opened(directory: Path) -> SqliteHistoryIndex:
    index = SqliteHistoryIndex(directory / "temporal.db")
    await index.open()
    return index


async def test_it_goes_on_after_a_restart(tmp_path):
    first = await opened(tmp_path)
    await first.apply([row(number) for number in range(1, 11)])
    await first.close()
    second = await opened(tmp_path)
    assert second.cursor == Position(1, 10)
    await second.apply([row(number) for number in range(5, 16)])
    assert await held(second) == 15
    await second.close()


async def test_a_row_that_cannot_be_read_leaves_nothing_of_its_batch(tmp_path):
    index = await opened(tmp_path)
    await index.apply([row(1)])
    broken = Row(Position(1, 3), 3, RowKind.CHANGE, "", "", "urn:x:3", b"{")
    with pytest.raises(ValueError, match=r"unexpected end|EOF|end of"):
        await index.apply([row(2), broken])
    assert index.cursor == Position(1, 1)
    assert await held(index) == 1
    await index.apply([row(2), row(3)])
    assert await held(index) == 3
    await index.close()


async def test_a_lost_file_is_told_as_a_failing_store(tmp_path):
    index = await opened(tmp_path)
    await index.close()
    with pytest.raises(StoreError, match="not open"):
        await index.apply([row(1)])
    with pytest.raises(StoreError, match="not open"):
        await index.find("", "", "urn:x:1")


async def test_a_locked_file_is_told_and_nothing_is_taken_in(tmp_path, monkeypatch):
    monkeypatch.setattr("samstad_broker.store.sqlite.connection._BUSY_MS", 10)
    index = await opened(tmp_path)
    other = apsw.Connection(str(tmp_path / "temporal.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError):
        await index.apply([row(1)])
    other.execute("ROLLBACK")
    await index.apply([row(1)])
    assert await held(index) == 1
    await index.close()


async def test_a_file_of_a_newer_release_is_not_touched(tmp_path):
    index = await opened(tmp_path)
    await index.close()
    newer = apsw.Connection(str(tmp_path / "temporal.db"))
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreTooNew):
        await opened(tmp_path)


async def test_an_index_that_is_ahead_of_its_log_is_refused(tmp_path):
    store = SqliteStore(tmp_path)
    await store.open()
    await store.history.apply([row(1)])
    await store.close()
    with pytest.raises(LogCorrupt, match=r"temporal\.db holds rows up to 1\.1, the log ends at"):
        await SqliteStore(tmp_path).open()


async def test_readers_do_not_wait_for_the_writer(tmp_path):
    index = await opened(tmp_path)
    await index.apply([row(1)])
    other = apsw.Connection(str(tmp_path / "temporal.db"))
    other.execute("BEGIN IMMEDIATE")
    assert await held(index) == 1
    other.execute("ROLLBACK")
    await index.close()


CHILD = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_on_disk import opened, row

async def main():
    index = await opened(Path(sys.argv[1]))
    number = index.cursor.number
    while True:
        await index.apply([row(n) for n in range(number + 1, number + 21)])
        number += 20
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.system
async def test_killed_in_the_middle_it_holds_whole_batches(tmp_path):
    for _ in range(3):
        command = [sys.executable, "-c", CHILD, str(tmp_path), str(Path(__file__).parent)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220, S603
        said = [child.stdout.readline() for _ in range(6)]
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        index = await opened(tmp_path)
        assert index.cursor.number >= int(said[-1])
        assert index.cursor.number % 20 == 0
        assert await held(index) == index.cursor.number
        await index.close()


async def test_a_caller_that_goes_away_leaves_whole_batches(tmp_path):
    index = await opened(tmp_path)
    rows = [row(number) for number in range(1, 3_001)]
    for pause in (0, 0.001, 0.004, 0.01, 0.02):
        begin = index.cursor.number
        task = asyncio.create_task(index.apply(rows[begin : begin + 500]))
        await asyncio.sleep(pause)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await index.apply(rows)
    assert index.cursor == Position(1, 3_000)
    assert await held(index) == 3_000
    await index.close()


async def test_a_redaction_of_a_long_history_leaves_no_value(tmp_path):
    index = await opened(tmp_path)
    await index.apply([row(number * 7) for number in range(1, 1_203)])
    redaction = Row(Position(1, 9_000), 9_000, RowKind.REDACT, "", "", "urn:x:0", b'{"attributes":["n"]}')
    await index.apply([redaction])
    entity = await index.find("", "", "urn:x:0")
    (found,) = await index.read([entity], HistoryWindow(timeproperty="modifiedAt"))
    assert len(found["n"]) == 1_202
    assert {instance["value"] for instance in found["n"]} == {"urn:ngsi-ld:null"}
    await index.close()


async def test_a_file_with_the_first_schema_is_brought_to_this_one(tmp_path):
    first = apsw.Connection(str(tmp_path / "temporal.db"))
    first.execute(migrations("temporal")[0])
    first.execute("PRAGMA user_version = 1")
    first.close()
    index = await opened(tmp_path)
    await index.apply([row(1), row(8)])
    entity = await index.find("", "", "urn:x:1")
    window = HistoryWindow(timeproperty="createdAt", latest=True)
    assert list(await index.read([entity], window)) == [{}]
    assert await held(index) == 2
    await index.close()
