"""A service's own database: one SQLite file in the node's data directory, opened, migrated and told about.

It lies there as ``<service>.db``, and so is in every backup and export. Its errors are the service's own, so
that each package keeps one tree of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw

__all__ = ["Database", "StoreErrors", "read_migrations"]

_BUSY_MS = 5_000

T = TypeVar("T")


class StoreErrors(NamedTuple):
    """What a service raises when its database cannot do what is asked; each takes one sentence.

    Attributes:
        unavailable: nothing can be kept or read now.
        full: the disk is full.
    """

    unavailable: type[Exception]
    full: type[Exception]


def read_migrations(package: str) -> tuple[str, ...]:
    """Return the texts of ``sql/migrations`` in a package, in order; the n-th leads to ``user_version`` n."""
    directory = files(package) / "sql" / "migrations"
    found = sorted((entry.name, entry.read_text("utf-8")) for entry in directory.iterdir())
    return tuple(text for _, text in found)


class Database:
    """The database and the one thread that owns its connection.

    Args:
        path: of the file.
        migrations: every step of its schema, oldest first.
        errors: what is raised.
    """

    def __init__(self, path: Path, migrations: Sequence[str], errors: StoreErrors) -> None:
        self._path = path
        self._migrations = migrations
        self._errors = errors
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._connection: apsw.Connection | None = None

    @property
    def connection(self) -> apsw.Connection:
        """The connection, for work in its thread."""
        if self._connection is None:
            raise RuntimeError("the database is not open")
        return self._connection

    async def open(self) -> None:
        """Open or create it: WAL, every commit on disk (I3).

        Raises:
            errors.unavailable: it cannot be opened, or a newer release has migrated it.
        """
        await self.run(self._open)

    async def close(self) -> None:
        """Close it when what was begun is done."""
        if self._connection is not None:
            await self.run(self._connection.close)
        self._thread.shutdown(wait=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what some work gives in the thread of the connection."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def commit(self) -> AbstractContextManager[apsw.Cursor]:
        """Return a transaction, for work in the connection's thread: all that the block does, or nothing.

        Raises:
            errors.full, errors.unavailable: it could not be written.
        """
        return self._transaction(self.connection)

    def _open(self) -> None:
        try:
            connection = apsw.Connection(str(self._path))
            connection.set_busy_timeout(_BUSY_MS)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("fullfsync", 1)
            connection.pragma("trusted_schema", 0)
        except apsw.Error as error:
            raise self._meaning(error) from error
        self._migrate(connection)
        self._connection = connection

    def _migrate(self, connection: apsw.Connection) -> None:
        known = len(self._migrations)
        with self._transaction(connection) as cursor:
            reached = int(connection.pragma("user_version"))
            if reached > known:
                raise self._errors.unavailable(
                    f"{self._path.name} has schema {reached}, this release knows it up to {known}: "
                    "start the release that wrote it, or restore a backup from before the upgrade."
                )
            for step in self._migrations[reached:]:
                cursor.execute(step)
            cursor.execute(f"PRAGMA user_version = {known}")

    @contextmanager
    def _transaction(self, connection: apsw.Connection) -> Iterator[apsw.Cursor]:
        cursor = connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")
        except apsw.Error as error:
            _roll_back(connection)
            raise self._meaning(error) from error
        except BaseException:
            _roll_back(connection)
            raise

    def _meaning(self, error: apsw.Error) -> Exception:
        name = self._path.name
        if isinstance(error, apsw.FullError):
            return self._errors.full(f"The disk that holds {name} is full: free space or move the data.")
        return self._errors.unavailable(f"{name} failed: {error}. Check the disk, then restart the role.")


def _roll_back(connection: apsw.Connection) -> None:
    # SQLite has rolled back by itself after some errors.
    if not connection.get_autocommit():
        connection.execute("ROLLBACK")
