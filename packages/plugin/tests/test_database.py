"""A service's database: durable, brought forward, and refused where a newer release has been."""

from __future__ import annotations

import pytest

from samstad_plugin.database import Database, StoreErrors


class Away(Exception):
    """Nothing can be kept now."""


class Full(Away):
    """The disk is full."""


ERRORS = StoreErrors(unavailable=Away, full=Full)
FIRST = "CREATE TABLE lease (junction TEXT PRIMARY KEY, holder TEXT NOT NULL) STRICT"
SECOND = "ALTER TABLE lease ADD COLUMN reason TEXT"


async def opened(path, *migrations) -> Database:
    database = Database(path, migrations, ERRORS)
    await database.open()
    return database


async def rows(database: Database, query: str) -> list:
    return await database.run(lambda: list(database.connection.execute(query)))


async def keep(database: Database, *junctions: str) -> None:
    def work() -> None:
        with database.commit() as cursor:
            for junction in junctions:
                cursor.execute("INSERT INTO lease (junction, holder) VALUES (?, 'anna')", (junction,))

    await database.run(work)


async def test_what_was_kept_is_there_after_the_next_release_brought_it_forward(tmp_path):
    path = tmp_path / "signals.db"
    before = await opened(path, FIRST)
    await keep(before, "j1")
    await before.close()
    after = await opened(path, FIRST, SECOND)
    assert await rows(after, "SELECT * FROM lease") == [("j1", "anna", None)]
    assert await rows(after, "PRAGMA user_version") == [(2,)]
    await after.close()


async def test_a_newer_releases_database_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "signals.db"
    await (await opened(path, FIRST, SECOND)).close()
    older = Database(path, (FIRST,), ERRORS)
    with pytest.raises(Away, match="has schema 2, this release knows it up to 1"):
        await older.open()
    await older.close()
    again = await opened(path, FIRST, SECOND)
    assert await rows(again, "PRAGMA user_version") == [(2,)]
    await again.close()


async def test_a_transaction_is_whole_or_nothing(tmp_path):
    database = await opened(tmp_path / "signals.db", FIRST)
    with pytest.raises(Away, match="UNIQUE"):
        await keep(database, "j1", "j2", "j1")
    assert await rows(database, "SELECT * FROM lease") == []
    await keep(database, "j1")
    assert len(await rows(database, "SELECT * FROM lease")) == 1
    await database.close()


async def test_a_full_disk_is_told_as_one(tmp_path):
    database = await opened(tmp_path / "signals.db", FIRST)
    await database.run(lambda: database.connection.pragma("max_page_count", 4))
    with pytest.raises(Full, match=r"signals\.db is full"):
        await keep(database, *(f"{number}" * 500 for number in range(100)))
    await database.close()


async def test_a_file_that_is_no_database_is_told(tmp_path):
    path = tmp_path / "signals.db"
    path.write_bytes(b"not a database" * 100)
    database = Database(path, (FIRST,), ERRORS)
    with pytest.raises(Away, match="Check the disk"):
        await database.open()
    with pytest.raises(RuntimeError, match="not open"):
        _ = database.connection
    await database.close()
