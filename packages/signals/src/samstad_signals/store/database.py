"""The database of the role, ``signals.db``: opened, migrated, and what its errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import apsw

from samstad_signals.spi.keeping import StoreFull, StoreUnavailable

__all__ = ["DATABASE", "Database", "migrations", "open_database", "transaction"]

DATABASE = "signals.db"
_BUSY_MS = 5_000

T = TypeVar("T")


class Database:
    """The database and the one thread that owns its connection.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="signals-store")
        self._connection: apsw.Connection | None = None

    @property
    def connection(self) -> apsw.Connection:
        """The connection, for work in its thread."""
        if self._connection is None:
            raise RuntimeError("the database is not open")
        return self._connection

    async def open(self) -> None:
        """Open the database; raises StoreUnavailable."""

        def opened() -> None:
            self._connection = open_database(self._path)

        await self.run(opened)

    async def close(self) -> None:
        """Close it when what was begun is done."""
        if self._connection is not None:
            await self.run(self._connection.close)
        self._thread.shutdown(wait=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what some work gives in the thread of the connection."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def commit(self) -> AbstractContextManager[apsw.Cursor]:
        """Return a transaction, for work in the connection's thread; raises as ``transaction``."""
        return transaction(self.connection, self._path)


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; the n-th (from 1) leads to ``user_version`` n."""
    directory = files("samstad_signals.store") / "sql" / "migrations"
    found = sorted((entry.name, entry.read_text("utf-8")) for entry in directory.iterdir())
    return tuple(text for _, text in found)


def open_database(path: Path) -> apsw.Connection:
    """Open or create the database: WAL, every commit on disk (I3).

    Raises:
        StoreUnavailable: it cannot be opened, or a newer release has migrated it.
    """
    try:
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.pragma("fullfsync", 1)
        connection.pragma("trusted_schema", 0)
    except apsw.Error as error:
        raise _meaning(error, path) from error
    _migrate(connection, path)
    return connection


def _migrate(connection: apsw.Connection, path: Path) -> None:
    steps = migrations()
    with transaction(connection, path) as cursor:
        reached = int(connection.pragma("user_version"))
        if reached > len(steps):
            raise StoreUnavailable(
                f"{path.name} has schema {reached}, this release knows it up to {len(steps)}: "
                "start the release that wrote it, or restore a backup from before the upgrade."
            )
        for step in steps[reached:]:
            cursor.execute(step)
        cursor.execute(f"PRAGMA user_version = {len(steps)}")


@contextmanager
def transaction(connection: apsw.Connection, place: Path) -> Iterator[apsw.Cursor]:
    """Commit what the block does, or nothing of it.

    Raises:
        StoreFull, StoreUnavailable: it could not be written.
    """
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE")
        yield cursor
        cursor.execute("COMMIT")
    except apsw.Error as error:
        _roll_back(connection)
        raise _meaning(error, place) from error
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: apsw.Connection) -> None:
    # SQLite has rolled back by itself after some errors.
    if not connection.get_autocommit():
        connection.execute("ROLLBACK")


def _meaning(error: apsw.Error, place: Path) -> StoreUnavailable:
    if isinstance(error, apsw.FullError):
        return StoreFull(f"The disk that holds {place.name} is full: free space or move the data.")
    return StoreUnavailable(f"{place.name} failed: {error}. Check the disk, then restart the role.")
