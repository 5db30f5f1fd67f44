"""Who takes rows into the temporal index: a lane of this process, or a process of its own.

What is taken in costs as much work as the write itself. A process of its own leaves the event loop and its
interpreter to those who ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import apsw

from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.store.sqlite.connection import transaction
from samstad_broker.store.sqlite.history.writing import HistoryWriting
from samstad_broker.store.sqlite.projection import ProjectionDatabase
from samstad_broker.store.sqlite.queries import load_queries

__all__ = ["LaneTaking", "Taking", "read_cursor", "take_rows"]

_QUERIES = load_queries("temporal")


class Taking(Protocol):
    """Writes rows into the index, one batch after the other."""

    async def open(self) -> Position:
        """Open or create the file, bring it to this release's schema, and return the cursor."""
        ...

    async def take(self, rows: Sequence[Row]) -> Position:
        """Commit what rows after the cursor mean, or nothing of them; return the cursor.

        Raises:
            StoreError: the disk, the database or the process failed.
        """
        ...

    async def close(self) -> None:
        """Release the file."""
        ...


def read_cursor(place: apsw.Connection | apsw.Cursor) -> Position:
    """Return the last row that an index holds."""
    return Position._make(cast("tuple[int, int]", place.execute(_QUERIES["get_cursor"]).fetchone()))


def take_rows(
    connection: apsw.Connection, path: Path, writing: HistoryWriting, known: Position, rows: Sequence[Row]
) -> Position:
    """Commit what the rows after the cursor mean and return the cursor, in the thread of the connection.

    Args:
        connection: the only one that writes, but for a process that is about to end.
        path: of the file, for errors.
        writing: what is remembered from batch to batch.
        known: the cursor after the last batch; where it is another one, what is remembered is forgotten.
        rows: in the order of the log.
    """
    try:
        with transaction(connection, path) as cursor:
            held = read_cursor(cursor)
            if held != known:
                writing.forget()
            new = [row for row in rows if row.position > held]
            if new:
                writing.take(cursor, new)
                held = new[-1].position
    except BaseException:
        writing.forget()
        raise
    return held


class LaneTaking:
    """Takes rows in, in a thread of this process.

    Args:
        path: the database file.
        keeps_deleted: whether the history of an entity that somebody deletes stays.
        vfs: the SQLite VFS; the empty string is the system's own.
    """

    def __init__(self, path: Path, *, keeps_deleted: bool, vfs: str = "") -> None:
        self._database = ProjectionDatabase(path, "temporal", vfs=vfs)
        self._writing = HistoryWriting(keeps_deleted=keeps_deleted)
        self._known = START

    async def open(self) -> Position:
        """Open or create the file and return the cursor."""
        await self._database.open()
        self._writing.forget()
        self._known = await self._database.read(read_cursor)
        return self._known

    async def take(self, rows: Sequence[Row]) -> Position:
        """Commit what rows after the cursor mean; a caller that goes away changes nothing about it."""
        return await asyncio.shield(self._database.read(partial(self._take, rows)))

    def _take(self, rows: Sequence[Row], connection: apsw.Connection) -> Position:
        self._known = take_rows(connection, self._database.path, self._writing, self._known, rows)
        return self._known

    async def close(self) -> None:
        """Release the file."""
        await self._database.close()
