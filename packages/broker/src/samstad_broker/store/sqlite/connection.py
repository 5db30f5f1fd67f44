"""Connections with everything set explicitly, and what their errors mean to the port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from samstad_broker.spi.store import LogCorrupt, LogFull, LogUnavailable, StoreError

__all__ = ["connect", "connect_reader", "store_error", "transaction"]

_BUSY_MS = 5_000


def connect(path: Path, *, vfs: str = "", page_size: int = 4096) -> apsw.Connection:
    """Open or create a database for its one writer: WAL, every commit on disk (I3).

    Nothing is written back from the WAL by commits: the owner decides when.
    """
    connection = apsw.Connection(str(path), vfs=vfs or None)
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("page_size", page_size)
    connection.pragma("journal_mode", "wal")
    # FULL syncs the WAL at each commit; NORMAL would lose acknowledged rows with the power.
    connection.pragma("synchronous", "full")
    connection.pragma("fullfsync", 1)
    connection.pragma("checkpoint_fullfsync", 1)
    connection.pragma("temp_store", "memory")
    connection.pragma("trusted_schema", 0)
    connection.wal_autocheckpoint(0)
    return connection


def connect_reader(path: Path, *, vfs: str = "") -> apsw.Connection:
    """Open a database that exists, for reading beside its writer."""
    # A read-only WAL connection cannot recover after a crash, so it is opened for writing and kept from it.
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs or None)
    connection.set_busy_timeout(_BUSY_MS)
    connection.wal_autocheckpoint(0)
    connection.pragma("query_only", 1)
    return connection


def store_error(error: apsw.Error, place: object) -> StoreError:
    """Return what an SQLite error in a file means to the port."""
    if isinstance(error, apsw.FullError):
        return LogFull(f"The disk that holds {place} is full: free space or move the data.")
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)):
        return LogCorrupt(f"{place} does not read back as it was written ({error}): restore a backup.")
    return LogUnavailable(f"{place} failed: {error}. Check the disk, then restart the broker.")


@contextmanager
def transaction(connection: apsw.Connection, place: object) -> Iterator[apsw.Cursor]:
    """Commit what the block does, or nothing of it.

    Raises:
        StoreError: as ``store_error`` says.
    """
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE")
        yield cursor
        cursor.execute("COMMIT")
    except apsw.Error as error:
        _roll_back(connection, place)
        raise store_error(error, place) from error
    except BaseException:
        _roll_back(connection, place)
        raise


def _roll_back(connection: apsw.Connection, place: object) -> None:
    # SQLite has rolled back by itself after some errors.
    if connection.get_autocommit():
        return
    try:
        connection.execute("ROLLBACK")
    except apsw.Error as error:
        raise LogUnavailable(f"{place} failed and could not be rolled back: {error}.") from error
