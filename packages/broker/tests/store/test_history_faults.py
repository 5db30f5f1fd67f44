"""The temporal index on a disk that fails: whole batches or nothing, a plain error, and then on."""

from __future__ import annotations

from pathlib import Path
from random import Random

import apsw
import pytest

from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.history import HistorySelection, HistoryWindow
from samstad_broker.spi.store import LogCorrupt, LogFull, LogUnavailable, StoreError
from samstad_broker.store.sqlite.history import SqliteHistoryIndex

BATCH = 10


def row(number: int) -> Row:
    instance = {"type": "Property", "value": number, "createdAt": "x", "note": "y" * 300}
    document = {"id": f"urn:x:{number % 7}", "type": ["T"], "createdAt": "x", "n": [instance]}
    payload = creation_payload("test", document)
    return Row(Position(1, number), number, RowKind.CHANGE, "", "", document["id"], payload)


def rows(after: int) -> list[Row]:
    return [row(number) for number in range(after + 1, after + BATCH + 1)]


async def held(index: SqliteHistoryIndex) -> list[int]:
    entities = await index.list_entities("", "", HistorySelection(), after=0, limit=99)
    found = await index.read(entities, HistoryWindow(timeproperty="modifiedAt"))
    return sorted(instance["value"] for attributes in found for instance in attributes["n"])


@pytest.fixture
async def index(tmp_path, disk):
    opened = SqliteHistoryIndex(tmp_path / "temporal.db", vfs=disk.name)
    await opened.open()
    yield opened
    disk.fail = lambda _what, _path: None
    await opened.close()


@pytest.mark.parametrize(
    ("what", "error", "told"),
    [
        ("write", apsw.FullError("no space left"), (LogFull, "free space")),
        ("write", apsw.IOError("bad sector"), (LogUnavailable, "Check the disk")),
        ("sync", apsw.IOError("fsync failed"), (LogUnavailable, "Check the disk")),
    ],
)
async def test_a_failing_disk_is_told_and_the_rows_are_taken_in_later(index, disk, what, error, told):
    await index.apply(rows(0))

    def fail(happens, path):
        if happens == what and "temporal.db" in path:
            raise error

    disk.fail = fail
    with pytest.raises(told[0], match=told[1]):
        await index.apply(rows(BATCH))
    assert index.cursor == Position(1, BATCH)
    disk.fail = lambda _what, _path: None
    await index.apply(rows(BATCH))
    assert await held(index) == list(range(1, 2 * BATCH + 1))


async def test_a_reader_is_told_of_a_bad_sector_and_the_index_goes_on(index, disk):
    await index.apply(rows(0))

    def fail(happens, path):
        if happens == "read" and "temporal.db" in path:
            raise apsw.IOError("bad sector")

    disk.fail = fail
    with pytest.raises(StoreError, match="Check the disk"):
        await held(index)
    disk.fail = lambda _what, _path: None
    await index.apply(rows(BATCH))
    assert len(await held(index)) == 2 * BATCH


@pytest.mark.parametrize("seed", range(4))
async def test_a_power_cut_leaves_whole_batches_and_all_that_were_taken_in(tmp_path, disk, seed):
    random = Random(seed)  # noqa: S311 - a seed to repeat a failure with
    live, cuts = tmp_path / "live", []
    live.mkdir()
    index = SqliteHistoryIndex(live / "temporal.db", vfs=disk.name)
    await index.open()

    def cut_sometimes(_what, _path):
        if len(cuts) < 12 and random.random() < 0.1:
            cuts.append((tmp_path / f"cut-{len(cuts)}", index.cursor.number))
            disk.cut_power(live, cuts[-1][0], random)

    disk.fail = cut_sometimes
    for batch in range(20):
        await index.apply(rows(batch * BATCH))
    disk.fail = lambda _what, _path: None
    await index.close()
    assert len(cuts) > 3
    for target, at_least in cuts:
        after = SqliteHistoryIndex(target / "temporal.db")
        await after.open()
        assert after.cursor.number >= at_least
        assert after.cursor.number % BATCH == 0
        assert await held(after) == list(range(1, after.cursor.number + 1))
        await after.close()


@pytest.fixture
def damaged(tmp_path) -> Path:
    path: Path = tmp_path / "temporal.db"
    path.write_bytes(b"this is no database" * 1_000)
    return path


async def test_a_damaged_file_is_told_with_what_to_do_and_left_as_it_is(damaged):
    size = damaged.stat().st_size
    with pytest.raises(LogCorrupt, match=r"Move it away.*built again"):
        await SqliteHistoryIndex(damaged).open()
    assert damaged.stat().st_size == size
