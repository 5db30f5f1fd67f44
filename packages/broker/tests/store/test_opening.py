"""Opening a directory: who may, what is found, and what is refused with a reason."""

from __future__ import annotations

import asyncio
import sys

import apsw
import pytest

from samstad_broker.domain.rows import START, Position
from samstad_broker.spi.store import LogCorrupt, LogUnavailable, SavedEntity, StoreInUse, StoreTooNew
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore
from samstad_broker.store.sqlite.codec import KIND_CODES, decode, encode
from samstad_broker.store.sqlite.migrations import migrations
from samstad_broker.store.sqlite.queries import load_queries


async def test_a_second_store_is_refused_and_told_the_directory(tmp_path, store):
    second = SqliteStore(tmp_path / "broker")
    with pytest.raises(StoreInUse, match=str(tmp_path / "broker")):
        await second.open()
    await store.close()
    await second.open()
    await second.close()


async def test_another_process_is_refused(store):
    program = (
        "import asyncio, pathlib, sys\n"
        "from samstad_broker.store.sqlite import SqliteStore\n"
        "asyncio.run(SqliteStore(pathlib.Path(sys.argv[1])).open())\n"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(store.directory), stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()
    assert child.returncode == 1
    assert b"StoreInUse" in said


async def test_a_place_that_is_no_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(LogUnavailable, match="cannot be used"):
        await SqliteStore(tmp_path / "file").open()


@pytest.mark.parametrize("name", ["log/1-1.db", "state.db", "delivery.db"])
async def test_a_file_of_a_newer_release_is_refused(store, name):
    await store.close()
    path = store.directory / name
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(StoreTooNew, match="schema 99"):
        await store.open()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 1)
    connection.close()
    await store.open()


async def test_a_file_that_is_no_database_is_refused_and_the_lock_given_back(store):
    await store.close()
    path = store.directory / "log" / "1-1.db"
    good = path.read_bytes()
    path.write_bytes(b"nothing of the kind" * 1_000)
    with pytest.raises(LogCorrupt, match="restore a backup"):
        await store.open()
    path.write_bytes(good)
    await store.open()


async def test_a_changed_row_is_found_by_its_checksum(store, lamp_rows):
    rows = lamp_rows(store.log.head, 3)
    await store.log.append(rows, expected_version=store.log.head)
    await store.close()
    connection = apsw.Connection(str(store.directory / "log" / "1-1.db"))
    connection.execute("UPDATE row SET time_us = time_us + 1 WHERE number = 2")
    connection.close()
    await store.open()
    with pytest.raises(LogCorrupt, match=r"Row 1\.2"):
        await store.log.read(START, limit=10)
    assert list(await store.log.read(rows[1].position, limit=10)) == rows[2:]


async def test_a_missing_row_is_found(store, lamp_rows):
    rows = lamp_rows(store.log.head, 3)
    await store.log.append(rows, expected_version=store.log.head)
    await store.close()
    connection = apsw.Connection(str(store.directory / "log" / "1-1.db"))
    connection.execute("DELETE FROM row WHERE number = 2")
    connection.close()
    await store.open()
    assert list(await store.log.read(START, limit=10)) == rows[:1]
    with pytest.raises(LogCorrupt, match=r"Row 1\.2 is missing"):
        await store.log.read(rows[0].position, limit=10)


async def test_a_missing_stretch_is_found(tmp_path, small, lamp_rows):
    store = SqliteStore(tmp_path / "broker", small)
    await store.open()
    for row in lamp_rows(store.log.head, 25):
        await store.log.append([row], expected_version=store.log.head)
    await store.close()
    moved = (store.directory / "log" / "1-11.db").rename(tmp_path / "moved.db")
    with pytest.raises(LogCorrupt, match=r"1\.11 on are missing"):
        await store.open()
    moved.rename(store.directory / "log" / "1-11.db")
    await store.open()
    await store.close()


async def test_a_checkpoint_of_another_age_is_refused(store, lamp_rows):
    await store.log.append(lamp_rows(store.log.head, 3), expected_version=store.log.head)
    await store.checkpoint.save([SavedEntity("", "", "urn:x", 1, b"{}")], [], cursor=store.log.head)
    await store.close()
    for path in (store.directory / "log").iterdir():
        path.unlink()
    with pytest.raises(LogCorrupt, match="Restore one whole backup"):
        await store.open()
    (store.directory / "state.db").unlink()
    await store.open()


async def test_age_begins_a_stretch(tmp_path, lamp_rows):
    store = SqliteStore(tmp_path / "broker", SqliteSettings(stretch_age_us=5))
    await store.open()
    for row in lamp_rows(store.log.head, 8):
        await store.log.append([row], expected_version=store.log.head)
    await store.close()
    names = sorted(path.name for path in (store.directory / "log").glob("*.db"))
    assert names == ["1-1.db", "1-7.db"]


async def test_size_begins_a_stretch(tmp_path, lamp_rows):
    store = SqliteStore(tmp_path / "broker", SqliteSettings(stretch_bytes=10_000))
    await store.open()
    for row in lamp_rows(store.log.head, 12, size=3_000):
        await store.log.append([row], expected_version=store.log.head)
    await store.close()
    names = sorted(path.name for path in (store.directory / "log").glob("*.db"))
    assert names == ["1-1.db", "1-13.db", "1-5.db", "1-9.db"]


def test_every_kind_has_a_code_of_its_own():
    assert len(set(KIND_CODES.values())) == len(KIND_CODES)


def test_a_checksum_covers_the_epoch(lamp_rows):
    row = lamp_rows(Position(1, 0), 1)[0]
    assert decode(1, encode(row)) == row
    with pytest.raises(LogCorrupt):
        decode(2, encode(row))


@pytest.mark.parametrize("database", ["log", "state", "delivery"])
def test_every_statement_is_read_and_every_schema_numbered(database):
    assert all("--" not in statement for statement in load_queries(database).values())
    assert len(migrations(database)) >= 1
