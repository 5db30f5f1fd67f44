"""A node whose temporal index is lost answers for the past again, also for what is sealed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.service.history import History, HistoryBehind
from samstad_broker.service.writer import Writer
from samstad_broker.spi.history import HistorySelection, HistoryWindow
from samstad_broker.store.history_files import history_rows
from samstad_broker.store.history_files.parquet import write_history
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore, restore
from samstad_broker.store.sqlite.history import SqliteHistoryIndex

NIGHT_US = 1_795_574_400_000_000
WORKER = "samstad_broker.store.sqlite.history.rebuilding_worker"


class QuickClock:
    """Runs twenty times as fast as the wall."""

    def now_us(self) -> int:
        return time.monotonic_ns() // 1_000 * 20

    async def sleep_until(self, time_us: int) -> None:
        await asyncio.sleep(max(0, time_us - self.now_us()) / 20e6)


def row(number: int) -> Row:
    instance = {"type": "Property", "value": number}
    document = {"id": f"urn:x:{number % 7}", "type": ["T"], "n": [instance]}
    payload = creation_payload("test", document)
    return Row(Position(1, number), NIGHT_US + number, RowKind.CHANGE, "", "", document["id"], payload)


async def held(index: SqliteHistoryIndex) -> list[int]:
    entities = await index.list_entities("", "", HistorySelection(), after=0, limit=99)
    found = await index.read(entities, HistoryWindow(timeproperty="modifiedAt"))
    return sorted(instance["value"] for attributes in found for instance in attributes["n"])


def lose_index(directory: Path) -> None:
    for path in directory.glob("temporal.db*"):
        path.unlink()


@pytest.fixture
async def sealed(tmp_path) -> Path:
    """Give a store's directory with 40 sealed rows and 15 in the log, closed."""
    store = SqliteStore(tmp_path / "broker", SqliteSettings(stretch_rows=20, tail_bytes=0))
    await store.open()
    rows = [row(number) for number in range(1, 56)]
    for begin in range(0, 55, 5):
        await store.log.append(rows[begin : begin + 5], expected_version=store.log.head)
    await store.history.apply(rows)
    await store.checkpoint.save([], [], cursor=store.log.head)
    await store.seal({})
    assert store.log.oldest == Position(1, 40)
    await store.close()
    return store.directory


def follow(store: SqliteStore) -> tuple[History, asyncio.Task[None]]:
    clock = QuickClock()
    history = History(store.history, store.log, Writer(store.log, clock), clock)
    return history, asyncio.create_task(history.run())


async def stop(task: asyncio.Task[None], store: SqliteStore) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()


async def until(condition) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about in twenty seconds")


@pytest.mark.system
async def test_a_lost_index_comes_back_whole(sealed):
    lose_index(sealed)
    store = SqliteStore(sealed)
    await store.open()
    assert store.history.cursor == START
    history, task = follow(store)
    await until(lambda: store.history.cursor == store.log.head)
    assert await held(await history.caught_up()) == list(range(1, 56))
    assert history.figures()["failure"] is None
    await stop(task, store)


@pytest.mark.system
async def test_a_lost_index_comes_back_in_a_restored_node_too(tmp_path, sealed):
    store = SqliteStore(sealed)
    await store.open()
    await store.backup(tmp_path / "backup")
    await store.close()
    start = restore(tmp_path / "backup", tmp_path / "restored", now_us=NIGHT_US)
    lose_index(tmp_path / "restored")
    restored = SqliteStore(tmp_path / "restored")
    await restored.open()
    history, task = follow(restored)
    await until(lambda: restored.history.cursor == Position(1, 55))
    assert await held(await history.caught_up(start)) == list(range(1, 56))
    await stop(task, restored)


async def test_readers_are_sent_away_while_files_are_missing_and_served_when_they_are_back(sealed):
    lose_index(sealed)
    hidden = sealed.with_name("hidden")
    (sealed / "history").rename(hidden)
    store = SqliteStore(sealed)
    await store.open()
    history, task = follow(store)
    with pytest.raises(HistoryBehind):
        await history.caught_up()
    assert "are missing. Put them back" in history.failure
    assert store.history.cursor == START
    hidden.rename(sealed / "history")
    await until(lambda: store.history.cursor == store.log.head)
    assert history.failure is None
    await stop(task, store)


async def test_nothing_is_sealed_away_that_the_index_has_not(sealed):
    lose_index(sealed)
    store = SqliteStore(sealed, SqliteSettings(stretch_rows=5))
    await store.open()
    await store.log.append([row(number) for number in range(56, 70)], expected_version=store.log.head)
    await until(lambda: len(store.log.stretches) > 1)
    await store.checkpoint.save([], [], cursor=store.log.head)
    assert not await store.seal({})
    assert store.figures()["sealing_held_by"] == ("history",)
    await store.close()


@pytest.fixture
async def long_history(tmp_path) -> Path:
    """Give a directory with an empty index and 3 000 sealed rows."""
    exploded = (entry for number in range(1, 3_001) for entry in history_rows(row(number)))
    write_history(exploded, directory=tmp_path / "history", name="1-1-3000")
    index = SqliteHistoryIndex(tmp_path / "temporal.db")
    await index.open()
    await index.close()
    return tmp_path


def start_worker(directory: Path) -> subprocess.Popen[bytes]:
    """Start the worker with small batches and give it its job; its input stays open."""
    program = f"import {WORKER} as w, os; w._BATCH = 20; os._exit(w.main())"
    worker = subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    job = {
        "path": str(directory / "temporal.db"),
        "history": str(directory / "history"),
        "epoch": 1,
        "number": 3_000,
        "keeps_deleted": False,
    }
    worker.stdin.write(json.dumps(job).encode() + b"\n")
    worker.stdin.flush()
    return worker


def put_away(worker: subprocess.Popen[bytes]) -> None:
    for pipe in (worker.stdin, worker.stdout, worker.stderr):
        pipe.close()


async def in_index(directory: Path) -> tuple[int, list[int]]:
    index = SqliteHistoryIndex(directory / "temporal.db", sealed=directory / "history")
    await index.open()
    try:
        return index.cursor.number, await held(index) if index.cursor > START else []
    finally:
        await index.close()


@pytest.mark.system
@pytest.mark.parametrize("how", ["killed", "orphaned"])
async def test_a_worker_that_ends_half_way_leaves_whole_rows_and_another_goes_on(long_history, how):
    worker = start_worker(long_history)
    said = [worker.stdout.readline() for _ in range(5)]
    if how == "killed":
        worker.kill()
    else:
        worker.stdin.close()
    worker.wait(timeout=10)
    assert worker.returncode != 0
    put_away(worker)
    cursor, values = await in_index(long_history)
    assert cursor >= Position.parse(said[-1].decode()).number
    assert values == list(range(1, cursor + 1))
    index = SqliteHistoryIndex(long_history / "temporal.db", sealed=long_history / "history")
    await index.open()
    await index.recover(Position(1, 3_000))
    assert await held(index) == list(range(1, 3_001))
    await index.close()


@pytest.mark.system
async def test_of_two_workers_one_gives_way(long_history):
    first = start_worker(long_history)
    first.stdout.readline()
    second = start_worker(long_history)
    for worker in (first, second):
        worker.stdout.read()
        worker.wait(timeout=20)
    problems = b"".join(worker.stderr.read() for worker in (first, second))
    codes = sorted([first.returncode, second.returncode])
    assert codes in ([0, 1], [0, 0])
    assert not problems or b"Another process writes this index" in problems
    for worker in (first, second):
        put_away(worker)
    cursor, values = await in_index(long_history)
    assert (cursor, values) == (3_000, list(range(1, 3_001)))


@pytest.mark.system
async def test_a_rebuild_that_is_cancelled_ends_its_worker(long_history):
    index = SqliteHistoryIndex(long_history / "temporal.db", sealed=long_history / "history")
    await index.open()
    task = asyncio.create_task(index.recover(Position(1, 3_000)))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Nobody else holds or writes the file any more.
    other = apsw.Connection(str(long_history / "temporal.db"))
    other.execute("BEGIN IMMEDIATE; ROLLBACK")
    other.close()
    await index.close()
    cursor, values = await in_index(long_history)
    assert values == list(range(1, cursor + 1))
