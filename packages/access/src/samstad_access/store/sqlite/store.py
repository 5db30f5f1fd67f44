"""The AccessStore in one SQLite file that all processes of a node share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec

from samstad_access.errors import Conflict, StoreFailure
from samstad_access.spi.store import EVERYTHING, Change, RecordT
from samstad_access.store.sqlite.queries import migrate, query

__all__ = ["DATABASE", "SqliteStore"]

DATABASE = "access.db"
"""The file's name under the node's data directory."""

_BUSY_MS = 2_000


class SqliteStore:
    """Keeps records as JSON in WAL mode, every change on disk before the call returns (I3).

    It belongs to the thread of the event loop. ``changes_since`` costs a few microseconds while no other
    process has written: SQLite's ``data_version`` tells.

    Args:
        path: the file; it is created, readable by its owner alone.

    Raises:
        StoreFailure: it cannot be opened, or a newer release has written it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._failures():
            # Made before SQLite does, so that nobody else can ever read it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = _connect(path)
            migrate(self._connection)
        self._version = -1
        self._newest = 0
        self._oldest = 0

    def find(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Return a record, or None."""
        with self._failures():
            body: Any = self._connection.execute(query("find"), (kind.KIND, record_id)).get
        return None if body is None else msgspec.json.decode(body, type=kind)

    def list_records(
        self, kind: type[RecordT], *, owner: str | None = None, after: str = "", limit: int = 1000
    ) -> list[RecordT]:
        """Return records in the order of their ids."""
        with self._failures():
            if owner is None:
                rows = self._rows("list_all", (kind.KIND, after, limit))
            else:
                rows = self._rows("list_owned", (kind.KIND, owner, after, limit))
        return [msgspec.json.decode(body, type=kind) for (body,) in rows]

    def put(self, record: RecordT, *, replacing: RecordT | None) -> None:
        """Write a record in place of another one."""
        body = msgspec.json.encode(record)
        place = (record.KIND, record.id)
        with self._transaction():
            if replacing is None:
                bound = (*place, record.owner, record.expires_us, body)
                self._connection.execute(query("insert"), bound)
            else:
                before = msgspec.json.encode(replacing)
                self._connection.execute(
                    query("replace"), (record.owner, record.expires_us, body, *place, before)
                )
            if self._connection.changes() != 1:
                raise Conflict(
                    f"The {record.KIND} {record.id} exists or was changed meanwhile: read it again."
                )
            self._changed(*place)

    def take(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Remove a record and return it."""
        with self._transaction():
            body: Any = self._connection.execute(query("remove"), (kind.KIND, record_id)).get
            if body is None:
                return None
            self._changed(kind.KIND, record_id)
        return msgspec.json.decode(body, type=kind)

    def purge(self, *, now_us: int) -> int:
        """Remove at most 1000 records that expired."""
        with self._transaction():
            over = self._rows("expired", (now_us,))
            for place in over:
                self._connection.execute(query("remove"), place).fetchall()
                self._changed(*place)
            self._connection.execute(query("cut_changes"))
        return len(over)

    def note_used(self, kind: type[RecordT], used_us: Mapping[str, int]) -> None:
        """Note when credentials were used, without waiting for the disk."""
        rows = [(moment_us, kind.KIND, record_id, moment_us) for record_id, moment_us in used_us.items()]
        with self._failures():
            self._connection.pragma("synchronous", "normal")
            try:
                with self._transaction():
                    self._connection.executemany(query("note_use"), rows)
            finally:
                self._connection.pragma("synchronous", "full")

    def last_used_us(self, kind: type[RecordT], record_id: str) -> int | None:
        """Return when a credential was last noted as used."""
        with self._failures():
            used: int | None = self._connection.execute(query("last_use"), (kind.KIND, record_id)).get
        return used

    def changes_since(self, number: int) -> tuple[int, list[Change]]:
        """Return the newest change's number and what changed."""
        with self._failures():
            version = self._connection.pragma("data_version")
            if version != self._version:
                self._newest, self._oldest = self._connection.execute(query("newest_change")).get
                self._version = version
            if number == self._newest:
                return number, []
            if number + 1 < self._oldest or number > self._newest:
                return self._newest, [EVERYTHING]
            rows = self._rows("changes_after", (number,))
        return self._newest, [Change(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _rows(self, name: str, bound: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._connection.execute(query(name), bound).fetchall()

    def _changed(self, kind: str, record_id: str) -> None:
        self._connection.execute(query("note_change"), (kind, record_id))
        # Own writes do not move data_version.
        self._version = -1

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (apsw.Error, OSError) as error:
            raise StoreFailure(
                f"{self._path} failed: {error}. Check the disk and who owns the file."
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._failures():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if not self._connection.get_autocommit():
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("fullfsync", 1)
    connection.pragma("trusted_schema", 0)
    return connection
