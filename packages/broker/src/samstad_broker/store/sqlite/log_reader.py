"""Reading the log from its files, across stretches, in bounded slices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import LogCorrupt
from samstad_broker.store.sqlite.codec import decode
from samstad_broker.store.sqlite.connection import connect_reader, store_error
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.stretch import LOG_QUERIES, Stretch, last_position

__all__ = ["LogReader"]

_ROWS_AFTER = LOG_QUERIES["rows_after"]
_OPEN_FILES = 8


class LogReader:
    """Own connections for reading, beside the writer's. All methods run in the reading lane."""

    def __init__(self, settings: SqliteSettings) -> None:
        self._settings = settings
        self._connections: dict[Path, apsw.Connection] = {}

    def read(
        self, stretches: Sequence[Stretch], *, after: Position, until: Position, limit: int
    ) -> list[Row]:
        """Return rows after a position up to and with ``until``, at most ``limit`` and a slice.

        The stretches are those of the log, oldest first; ``until`` is not beyond the last durable row.

        Raises:
            LogCorrupt: a row is damaged or missing.
            LogUnavailable: a file cannot be read.
        """
        left = min(limit, self._settings.slice_rows)
        for stretch in stretches:
            first, last = _wanted(stretch, after, until)
            if first > last:
                continue
            try:
                return self._slice(stretch, first, last, left)
            except apsw.Error as error:
                raise store_error(error, stretch.path) from error
        return []

    def _slice(self, stretch: Stretch, first: int, last: int, limit: int) -> list[Row]:
        cursor = self.connection(stretch).cursor()
        try:
            rows = self._decode(stretch.epoch, first, cursor.execute(_ROWS_AFTER, (first - 1, last, limit)))
        finally:
            # An open cursor would keep the WAL from being written back.
            cursor.close(force=True)
        if not rows:
            raise LogCorrupt(f"Row {stretch.epoch}.{first} is missing in {stretch.path}: restore a backup.")
        return rows

    def _decode(self, epoch: int, first: int, found: Any) -> list[Row]:
        """Return the rows that follow each other from ``first`` on, until a slice is full."""
        rows: list[Row] = []
        left = self._settings.slice_bytes
        for columns in found:
            row = decode(epoch, columns)
            if row.position.number != first + len(rows):
                break
            rows.append(row)
            left -= len(row.payload) + len(row.document or b"")
            if left <= 0:
                break
        return rows

    def connection(self, stretch: Stretch) -> apsw.Connection:
        """Return a connection to a stretch, keeping the last few open."""
        connection = self._connections.pop(stretch.path, None)
        if connection is None:
            if len(self._connections) >= _OPEN_FILES:
                self._connections.pop(next(iter(self._connections))).close()
            connection = connect_reader(stretch.path, vfs=self._settings.vfs)
        self._connections[stretch.path] = connection
        return connection

    def last_position(self, stretch: Stretch) -> Position:
        """Return the position of a stretch's last row."""
        try:
            return last_position(stretch, self.connection(stretch))
        except apsw.Error as error:
            raise store_error(error, stretch.path) from error

    def forget(self, stretch: Stretch) -> None:
        """Close what is open of a stretch."""
        connection = self._connections.pop(stretch.path, None)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close everything."""
        while self._connections:
            self._connections.popitem()[1].close()


def _wanted(stretch: Stretch, after: Position, until: Position) -> tuple[int, int]:
    """Return the first and last number that a stretch has to give; first > last when it has nothing."""
    first, last = stretch.first, stretch.last
    if after.epoch > stretch.epoch or until.epoch < stretch.epoch:
        return 1, 0
    if after.epoch == stretch.epoch:
        first = max(first, after.number + 1)
    if until.epoch == stretch.epoch:
        last = until.number if last is None else min(last, until.number)
    # A stretch without an end is the last one, and nobody reads beyond the head in it.
    return first, 0 if last is None else last
