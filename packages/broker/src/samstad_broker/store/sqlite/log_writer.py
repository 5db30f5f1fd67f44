"""The end of the log that grows: owned by one thread."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter_ns

import apsw

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite.codec import encode
from samstad_broker.store.sqlite.connection import store_error, transaction
from samstad_broker.store.sqlite.many_rows import ManyRows
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.space import DiskSpace
from samstad_broker.store.sqlite.stretch import (
    LOG_QUERIES,
    Stretch,
    last_position,
    open_stretch,
    remove_stretch,
    stretch_at,
)

__all__ = ["LogWriter"]

_INSERT = ManyRows(LOG_QUERIES["insert_row"])
_ROW_OVERHEAD_BYTES = 128


class LogWriter:
    """Writes groups to the last stretch and begins new ones. All methods run in the log's lane.

    Attributes:
        stretch: the stretch that is written to.
        wal_pages: pages in its write-ahead log, as of the last commit.
        commit_us: how long the last commit took, microseconds.
    """

    def __init__(self, directory: Path, settings: SqliteSettings, space: DiskSpace) -> None:
        self._directory = directory
        self._settings = settings
        self._space = space
        self._connection: apsw.Connection | None = None
        self._rows = self._bytes = 0
        self._began_us: int | None = None
        self._newest_us = 0
        self.wal_pages = 0
        self.commit_us = 0
        self.stretch: Stretch
        self._last: Position

    def open(self, stretch: Stretch) -> Position:
        """Take up a stretch where it ended and return the position of its last row.

        Raises:
            StoreError: it cannot be read or brought to disk.
        """
        try:
            connection = open_stretch(stretch, vfs=self._settings.vfs)
            head = last_position(stretch, connection)
            first = connection.execute(LOG_QUERIES["first_row"]).fetchone()
        except apsw.Error as error:
            raise store_error(error, stretch.path) from error
        connection.set_wal_hook(self._note_wal)
        self._connection, self.stretch, self._last, self.wal_pages = connection, stretch, head, 0
        self._rows = head.number - stretch.first + 1
        self._bytes = stretch.path.stat().st_size if self._rows else 0
        self._began_us = first[1] if first else None
        return head

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self.wal_pages = pages
        return apsw.SQLITE_OK

    def write(self, rows: Sequence[Row]) -> None:
        """Commit a group.

        Raises:
            LogFull: nothing was written.
            LogUnavailable: the group may or may not be on disk.
        """
        began = perf_counter_ns()
        columns = [encode(row) for row in rows]
        size = sum([len(row.payload) + len(row.document or b"") + _ROW_OVERHEAD_BYTES for row in rows])
        # Twice: the WAL holds the rows until they are written back.
        self._space.require(2 * size)
        with transaction(self._open_connection(), self.stretch.path) as cursor:
            _INSERT.run(cursor, columns)
        self._last = rows[-1].position
        self._rows += len(rows)
        self._bytes += size
        if self._began_us is None:
            self._began_us = rows[0].time_us
        self._newest_us = rows[-1].time_us
        self.commit_us = (perf_counter_ns() - began) // 1_000

    def _open_connection(self) -> apsw.Connection:
        if self._connection is None:
            raise RuntimeError("the log is not open")
        return self._connection

    def is_complete(self) -> bool:
        """Whether the stretch has reached one of its bounds and the next group belongs in a new one."""
        if self._began_us is None:
            return False
        return (
            self._rows >= self._settings.stretch_rows
            or self._bytes >= self._settings.stretch_bytes
            or self._newest_us - self._began_us >= self._settings.stretch_age_us
        )

    def begin_stretch(self) -> tuple[Stretch, apsw.Connection] | None:
        """Begin the stretch after the last row; return the completed one and its connection, to be finished.

        A stretch without rows goes on: None.

        Raises:
            StoreError: the new file could not be made; the present one goes on.
        """
        epoch, number = self._last
        if number < self.stretch.first:
            return None
        complete, connection = self.stretch._replace(last=number), self._open_connection()
        following = stretch_at(self._directory, epoch, number + 1)
        try:
            self.open(following)
        except StoreError:
            remove_stretch(following)
            raise
        connection.set_wal_hook(None)
        return complete, connection

    def write_back(self) -> None:
        """Write back the rest that ``write_back_beside`` left, so that the WAL begins again at its start.

        A WAL whose blocks exist already is synced in two thirds of the time of one that grows.

        Raises:
            LogUnavailable: the disk fails.
        """
        try:
            self._open_connection().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:
            pass  # the next one does it
        except apsw.Error as error:
            raise store_error(error, self.stretch.path) from error

    def close(self) -> None:
        """Write everything back and let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(apsw.Error):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            connection.close()
