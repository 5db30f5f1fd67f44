"""The temporal index of one shard: a lane that writes, and one that reads beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import apsw
import orjson

from samstad_broker.domain.instance_ids import instance_place
from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.spi.history import HistoryEntity, HistorySelection, HistoryWindow, NumberSeries
from samstad_broker.spi.store import LogCorrupt
from samstad_broker.store.sqlite.connection import connect_reader
from samstad_broker.store.sqlite.history.names import Names
from samstad_broker.store.sqlite.history.reading import Space, list_entities, read_numbers, read_window
from samstad_broker.store.sqlite.history.rebuilding import is_sealed_after, rebuild
from samstad_broker.store.sqlite.history.rebuilding_job import RebuildJob
from samstad_broker.store.sqlite.history.taking import LaneTaking, Taking
from samstad_broker.store.sqlite.history.taking_process import ProcessTaking
from samstad_broker.store.sqlite.projection import ReadingLane
from samstad_broker.store.sqlite.queries import load_queries
from samstad_ngsild.document import Instance

__all__ = ["SqliteHistoryIndex"]

_QUERIES = load_queries("temporal")


class SqliteHistoryIndex:
    """Instances in a table clustered by entity, attribute and time; fills the HistoryIndex port.

    Args:
        path: the database file.
        sealed: the directory of the history files; None: there are none.
        keeps_deleted: whether the history of an entity that somebody deletes stays.
        vfs: the SQLite VFS; the empty string is the system's own.
        in_process: write in a lane of this process; otherwise in a process of its own.
    """

    def __init__(
        self,
        path: Path,
        *,
        sealed: Path | None = None,
        keeps_deleted: bool = False,
        vfs: str = "",
        in_process: bool = True,
    ) -> None:
        self._path = path
        self._vfs = vfs
        self._sealed = sealed
        self._keeps_deleted = keeps_deleted
        self._reading = ReadingLane(lambda: connect_reader(path, vfs=vfs), path)
        self._taking: Taking = (
            LaneTaking(path, keeps_deleted=keeps_deleted, vfs=vfs)
            if in_process or vfs
            else ProcessTaking(path, keeps_deleted=keeps_deleted)
        )
        self._names = Names(_QUERIES)
        self._cursor = START
        self._taken = 0

    @property
    def cursor(self) -> Position:
        """The last row that the index holds."""
        return self._cursor

    async def open(self) -> None:
        """Open or create the file and read the cursor.

        Raises:
            StoreError: the file is damaged, was written by a newer release, or the disk fails.
        """
        try:
            self._cursor = await self._taking.open()
        except LogCorrupt as error:
            raise LogCorrupt(
                f"{self._path} does not read back as it was written. Move it away, with its -wal "
                "and -shm: it is built again from the history files and the log."
            ) from error
        await self._reading.open()

    async def close(self) -> None:
        """Release the file."""
        await self._reading.close()
        await self._taking.close()

    async def recover(self, oldest: Position) -> None:
        """Take in the rows up to and with ``oldest`` that the log has not any more, from history files.

        Raises:
            StoreError: files are missing or damaged, or the disk fails; what was taken in stays.
        """
        if self._sealed is None or self._cursor >= oldest:
            return
        sealed, after = self._sealed, self._cursor
        if not await asyncio.to_thread(is_sealed_after, sealed, after=after, until=oldest):
            return
        job = RebuildJob(
            str(self._path), str(sealed), *oldest, keeps_deleted=self._keeps_deleted, vfs=self._vfs
        )
        # One writer at a time: what writes the index otherwise steps back.
        await self._taking.close()
        try:
            await rebuild(job, self._note_reached)
        finally:
            self._cursor = await self._taking.open()

    def _note_reached(self, position: Position) -> None:
        self._cursor = position

    async def apply(self, rows: Sequence[Row]) -> None:
        """Take in rows in the order of the log and commit them with the new cursor, or nothing of them.

        Raises:
            StoreError: the disk or database failed; nothing of the rows counts as taken in.
        """
        if rows and rows[-1].position > self._cursor:
            before = self._cursor
            self._cursor = await self._taking.take(rows)
            self._taken += sum(row.position > before for row in rows)

    async def find(self, tenant: str, snapshot: str, entity_id: str) -> HistoryEntity | None:
        """Return what the history knows of an entity, or None."""

        def work(connection: apsw.Connection) -> HistoryEntity | None:
            space = self._space(connection, tenant, snapshot)
            return None if space is None else space.find(entity_id)

        return await self._reading.read(work)

    async def list_entities(
        self, tenant: str, snapshot: str, selection: HistorySelection, *, after: int, limit: int
    ) -> Sequence[HistoryEntity]:
        """Return up to ``limit`` entities with a key above ``after``, in order of key."""

        def work(connection: apsw.Connection) -> Sequence[HistoryEntity]:
            space = self._space(connection, tenant, snapshot)
            return () if space is None else list_entities(space, selection, after=after, limit=limit)

        return await self._reading.read(work)

    def _space(self, connection: apsw.Connection, tenant: str, snapshot: str) -> Space | None:
        number = self._names.find_space(connection, tenant, snapshot)
        return None if number is None else Space(connection, self._names, number)

    async def read(
        self, entities: Sequence[HistoryEntity], window: HistoryWindow
    ) -> Sequence[Mapping[str, list[Instance]]]:
        """Return for each entity its attributes' instances in the window."""
        return await self._reading.read(lambda c: read_window(c, self._names, entities, window))

    async def read_numbers(
        self, entity: HistoryEntity, window: HistoryWindow
    ) -> Sequence[NumberSeries] | None:
        """Return the window as series of numbers, or None when any instance in it is not one."""
        return await self._reading.read(lambda c: read_numbers(c, self._names, entity, window))

    async def find_instance(self, entity: HistoryEntity, attribute: str, instance_id: str) -> Instance | None:
        """Return one instance of an attribute by its id, or None."""
        place = instance_place(instance_id)

        def work(connection: apsw.Connection) -> Instance | None:
            number = self._names.find(connection, attribute)
            if number is None or place is None:
                return None
            bound = (*place[0], place[1], entity.key, number)
            row = connection.execute(_QUERIES["instance_at"], bound).fetchone()
            if row is None:
                return None
            found: Instance = orjson.loads(cast("str", row[1]))
            return found | {"instanceId": instance_id}

        return await self._reading.read(work)

    async def has_attribute(self, entity: HistoryEntity, attribute: str, dataset_id: str | None) -> bool:
        """Whether the history holds an instance of the attribute, of one dataset (None: of any)."""

        def work(connection: apsw.Connection) -> bool:
            number = self._names.find(connection, attribute)
            if dataset_id is None:
                row = connection.execute(_QUERIES["has_instances"], (entity.key, number)).fetchone()
            else:
                dataset = self._names.find(connection, dataset_id)
                bound = (entity.key, number, dataset)
                row = connection.execute(_QUERIES["has_dataset"], bound).fetchone()
            return bool(cast("tuple[int]", row)[0])

        return await self._reading.read(work)

    def figures(self) -> Mapping[str, Any]:
        """Return the cursor, what was taken in since the start, and the size of the file."""
        path = self._path
        return {
            "kind": "sqlite",
            "cursor": str(self._cursor),
            "rows_taken": self._taken,
            "bytes": path.stat().st_size if path.exists() else 0,
        }
