"""The state checkpoint in SQLite: ``state.db``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from samstad_broker.domain.rows import START, Position
from samstad_broker.spi.store import SavedEntity
from samstad_broker.store.sqlite.connection import connect_reader
from samstad_broker.store.sqlite.many_rows import ManyRows
from samstad_broker.store.sqlite.projection import ProjectionDatabase
from samstad_broker.store.sqlite.queries import load_queries

__all__ = ["SqliteCheckpoint"]

_QUERIES = load_queries("state")
_PUT = ManyRows(_QUERIES["put_entity"])
_DELETE = ManyRows(_QUERIES["delete_entity"])
_SLICE = 2_000


class SqliteCheckpoint:
    """Current entities in a table, with the cursor of the same commit."""

    def __init__(self, path: Path, *, vfs: str = "") -> None:
        self._database = ProjectionDatabase(path, "state", vfs=vfs)
        self._cursor = START

    @property
    def cursor(self) -> Position:
        """The last row that the checkpoint holds."""
        return self._cursor

    async def open(self) -> None:
        """Open the file and read the cursor."""
        await self._database.open()
        epoch, number = await self._database.read(_get_cursor)
        self._cursor = Position(epoch, number)

    async def close(self) -> None:
        """Release the file."""
        await self._database.close()

    async def load(self) -> AsyncIterator[Sequence[SavedEntity]]:
        """Yield all saved entities in order of ``sequence``, in slices, as of the first slice."""
        path, vfs = self._database.path, self._database.vfs
        # A connection of its own: saves go on meanwhile.
        reader = await self._database.read(lambda _: connect_reader(path, vfs=vfs))
        try:
            cursor = await self._database.read(lambda _: reader.execute(_QUERIES["all_entities"]))
            while entities := await self._database.read(lambda _: _next_slice(cursor)):
                yield entities
        finally:
            await self._database.read(lambda _: reader.close(force=True))

    async def save(
        self,
        puts: Sequence[SavedEntity],
        deletes: Sequence[tuple[str, str, str]],
        *,
        cursor: Position,
    ) -> None:
        """Commit changed and deleted entities and the new cursor together."""

        def work(database: apsw.Cursor) -> None:
            _DELETE.run(database, deletes)
            _PUT.run(database, puts)
            database.execute(_QUERIES["put_cursor"], cursor)

        await self._database.write(work)
        self._cursor = cursor


def _get_cursor(connection: apsw.Connection) -> Any:
    return connection.execute(_QUERIES["get_cursor"]).fetchone()


def _next_slice(cursor: apsw.Cursor) -> list[SavedEntity]:
    return [SavedEntity._make(columns) for columns in islice(cursor, _SLICE)]
