"""A projection's own database: one file, one lane, one transaction per change.

The checkpoint and the delivery ledger are such databases; each commits its cursor with its output.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw

from samstad_broker.spi.store import LogUnavailable
from samstad_broker.store.sqlite.connection import connect, store_error, transaction
from samstad_broker.store.sqlite.lane import Lane
from samstad_broker.store.sqlite.migrations import migrate

__all__ = ["ProjectionDatabase", "ReadingLane", "open_projection"]

T = TypeVar("T")

_WRITE_BACK_PAGES = 4_000

_CACHE_KIB = 16 * 1024
"""Holds the index over the names of some 200 000 entities; a smaller one doubles the cost of a save."""


def open_projection(path: Path, schema: str, *, vfs: str = "") -> apsw.Connection:
    """Open or create a projection's database for its one writer, with this release's schema.

    Raises:
        StoreError: it is damaged, of a newer release, or the disk fails.
    """
    try:
        connection = connect(path, vfs=vfs)
        migrate(connection, schema)
        # See open_stretch: what the kernel holds as clean is written and synced again.
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        connection.wal_autocheckpoint(_WRITE_BACK_PAGES)
        connection.pragma("cache_size", -_CACHE_KIB)
    except apsw.Error as error:
        raise store_error(error, path) from error
    return connection


class ProjectionDatabase:
    """A database that is written by one lane.

    Args:
        path: the file.
        schema: the directory of its migrations.
    """

    def __init__(self, path: Path, schema: str, *, vfs: str = "") -> None:
        self.path = path
        self.vfs = vfs
        self._schema = schema
        self._lane = Lane(f"{schema}-db")
        self._connection: apsw.Connection | None = None

    async def open(self) -> None:
        """Open or create the file and bring it to this release's schema."""
        self._lane.start()
        await self._lane.submit(self._open)

    def _open(self) -> None:
        self._connection = open_projection(self.path, self._schema, vfs=self.vfs)

    async def close(self) -> None:
        """Write everything back and release the file."""
        self._lane.start()
        await self._lane.submit(self._close)
        await self._lane.stop()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Return what ``work`` reads."""
        return await self._lane.submit(partial(self._read, work))

    def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return work(self._open_connection())
        except apsw.Error as error:
            raise store_error(error, self.path) from error

    async def write(self, work: Callable[[apsw.Cursor], None]) -> None:
        """Commit what ``work`` does, or nothing of it; durable when this returns."""
        await self._lane.submit(partial(self._write, work))

    def _write(self, work: Callable[[apsw.Cursor], None]) -> None:
        with transaction(self._open_connection(), self.path) as cursor:
            work(cursor)

    def _open_connection(self) -> apsw.Connection:
        if self._connection is None:
            raise LogUnavailable(f"{self.path} is not open.")
        return self._connection


class ReadingLane:
    """A second connection to a projection's database, so that readers do not wait for its writer.

    Args:
        connect: opens the connection, in the lane.
        path: the file, for errors.
    """

    def __init__(self, connect: Callable[[], apsw.Connection], path: Path) -> None:
        self._connect = connect
        self._path = path
        self._lane = Lane(f"{path.stem}-reads")
        self._connection: apsw.Connection | None = None

    async def open(self) -> None:
        """Open the connection; the file is there."""
        self._lane.start()
        await self._lane.submit(self._open)

    def _open(self) -> None:
        try:
            self._connection = self._connect()
        except apsw.Error as error:
            raise store_error(error, self._path) from error

    async def close(self) -> None:
        """Close the connection."""
        self._lane.start()
        await self._lane.submit(self._close)
        await self._lane.stop()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Return what ``work`` reads, all of it as of one moment."""
        return await self._lane.submit(partial(self._read, work))

    def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._connection is None:
            raise LogUnavailable(f"{self._path} is not open.")
        try:
            self._connection.execute("BEGIN")
            try:
                return work(self._connection)
            finally:
                self._connection.execute("COMMIT")
        except apsw.Error as error:
            raise store_error(error, self._path) from error
