"""A full disk, a failing fsync, a failing read: what the caller is told and what is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import apsw
import pytest

from samstad_broker.domain.rows import START, Position
from samstad_broker.spi.store import LogFull, LogUnavailable, SavedEntity, StoreError
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore


@pytest.fixture
async def faulty(tmp_path, disk):
    store = SqliteStore(tmp_path / "broker", SqliteSettings(tail_bytes=0, vfs=disk.name))
    await store.open()
    yield store
    disk.fail = lambda _what, _path: None
    await store.close()


def failing(what, error, *, part="/log/"):
    def fail(happens, path):
        if happens == what and part in path:
            raise error

    return fail


async def test_a_full_disk_refuses_the_group_whole_and_the_next_one_may_pass(
    faulty, disk, lamp_rows, everything
):
    rows = lamp_rows(faulty.log.head, 40)
    await faulty.log.append(rows[:10], expected_version=faulty.log.head)
    disk.fail = failing("write", apsw.FullError("no space left"))
    with pytest.raises(LogFull, match="free space"):
        await faulty.log.append(rows[10:], expected_version=faulty.log.head)
    assert faulty.log.head == rows[9].position
    assert await everything(faulty.log) == rows[:10]
    disk.fail = lambda _what, _path: None
    await faulty.log.append(rows[10:], expected_version=faulty.log.head)
    assert await everything(faulty.log) == rows


async def test_a_disk_that_fills_in_the_middle_of_a_group_keeps_nothing_of_it(
    faulty, disk, lamp_rows, everything
):
    rows = lamp_rows(faulty.log.head, 200)
    await faulty.log.append(rows[:1], expected_version=faulty.log.head)
    written = 0

    def fail(what, _path):
        nonlocal written
        written += what == "write"
        if written > 7:
            raise apsw.FullError("no space left")

    disk.fail = fail
    with pytest.raises(LogFull):
        await faulty.log.append(rows[1:], expected_version=faulty.log.head)
    disk.fail = lambda _what, _path: None
    assert await everything(faulty.log) == rows[:1]
    assert faulty.figures()["log_failure"] is None


async def test_the_reserve_of_free_space_is_kept(tmp_path, lamp_rows, everything):
    free = 10_000_000
    settings = SqliteSettings(reserve_bytes=5_000_000, reserve_share=1.0)
    store = SqliteStore(tmp_path / "broker", settings, free_space=lambda _directory: (free, 100_000_000))
    await store.open()
    rows = lamp_rows(store.log.head, 2)
    await store.log.append(rows[:1], expected_version=store.log.head)
    free = 5_000_100
    with pytest.raises(LogFull, match="kept in reserve"):
        await store.log.append(rows[1:], expected_version=store.log.head)
    assert await everything(store.log) == rows[:1]
    assert store.figures()["reserve_bytes"] == 5_000_000
    free = 10_000_000
    await store.log.append(rows[1:], expected_version=store.log.head)
    await store.close()


def test_the_reserve_is_a_hundredth_of_a_small_disk(tmp_path):
    store = SqliteStore(tmp_path, free_space=lambda _directory: (50_000_000, 1_000_000_000))
    assert store._space.free() == (50_000_000, 10_000_000)


async def test_after_a_failed_fsync_nothing_is_taken_until_the_store_is_opened_again(
    faulty, disk, lamp_rows, everything
):
    rows = lamp_rows(faulty.log.head, 9)
    await faulty.log.append(rows[:3], expected_version=faulty.log.head)
    disk.fail = failing("sync", apsw.IOError("fsync failed"))
    with pytest.raises(LogUnavailable, match="restart"):
        await faulty.log.append(rows[3:6], expected_version=faulty.log.head)
    disk.fail = lambda _what, _path: None
    # The disk works again, but what it kept is not known: a second fsync would only say that it is well.
    with pytest.raises(LogUnavailable):
        await faulty.log.append(rows[3:6], expected_version=faulty.log.head)
    assert faulty.log.head == rows[2].position
    assert faulty.figures()["log_failure"] is not None

    await faulty.close()
    await faulty.open()
    found = await everything(faulty.log)
    assert found in (rows[:3], rows[:6])
    await faulty.log.append(rows[len(found) :], expected_version=faulty.log.head)
    assert await everything(faulty.log) == rows


async def test_opening_again_brings_what_the_log_holds_to_disk_anew(
    tmp_path, disk, faulty, lamp_rows, everything
):
    """The kernel forgets dirty pages of a failed fsync: what is read after it must be written once more."""
    rows = lamp_rows(faulty.log.head, 3)
    disk.fail = failing("sync", apsw.IOError("fsync failed"))
    with pytest.raises(LogUnavailable):
        await faulty.log.append(rows, expected_version=faulty.log.head)
    disk.fail = lambda _what, _path: None
    await faulty.close()
    synced = []
    disk.fail = lambda what, path: synced.append(path) if what == "sync" else None
    await faulty.open()
    if await everything(faulty.log):
        assert str(tmp_path / "broker" / "log" / "1-1.db") in synced


async def test_a_write_error_is_not_a_full_disk(faulty, disk, lamp_rows):
    disk.fail = failing("write", apsw.IOError("bad sector"))
    with pytest.raises(LogUnavailable):
        await faulty.log.append(lamp_rows(faulty.log.head, 1), expected_version=faulty.log.head)
    assert faulty.log.head == Position(1, 0)


async def test_a_failing_read_is_told_and_does_not_stop_the_writer(faulty, disk, lamp_rows, everything):
    rows = lamp_rows(faulty.log.head, 30)
    await faulty.log.append(rows[:20], expected_version=faulty.log.head)
    disk.fail = failing("read", apsw.IOError("bad sector"))
    with pytest.raises(LogUnavailable, match="Check the disk"):
        await faulty.log.read(START, limit=10)
    disk.fail = lambda _what, _path: None
    await faulty.log.append(rows[20:], expected_version=faulty.log.head)
    assert await everything(faulty.log) == rows


async def test_a_stretch_that_cannot_be_begun_leaves_the_present_one_in_use(
    tmp_path, disk, small, lamp_rows, everything
):
    store = SqliteStore(tmp_path / "broker", replace(small, vfs=disk.name))
    await store.open()
    rows = lamp_rows(store.log.head, 30)

    def fail(what, path):
        if what == "write" and "/1-11.db" in path:
            raise apsw.FullError("no space left")

    disk.fail = fail
    await store.log.append(rows[:10], expected_version=store.log.head)
    await store.log.append(rows[10:12], expected_version=store.log.head)
    assert not (tmp_path / "broker" / "log" / "1-11.db").exists()
    disk.fail = lambda _what, _path: None
    await store.log.append(rows[12:15], expected_version=store.log.head)
    await store.log.append(rows[15:], expected_version=store.log.head)
    assert await everything(store.log) == rows
    await store.close()
    await store.open()
    assert await everything(store.log) == rows
    assert store.log.stretches[0].first == 1
    assert store.log.stretches[1].first > 12
    await store.close()


async def test_a_projection_that_fails_does_not_stall_the_log(faulty, disk, lamp_rows):
    disk.fail = failing("sync", apsw.IOError("fsync failed"), part="state.db")
    saved = SavedEntity("", "", "urn:x", 1, b"{}")
    rows = lamp_rows(faulty.log.head, 1)
    results = await asyncio.gather(
        faulty.checkpoint.save([saved], [], cursor=Position(1, 0)),
        faulty.log.append(rows, expected_version=faulty.log.head),
        return_exceptions=True,
    )
    assert isinstance(results[0], StoreError)
    assert results[1] is None
    assert faulty.checkpoint.cursor == START
