"""The worker process that brings a temporal index up from history files.

``python -m samstad_broker.store.sqlite.history.rebuilding_worker`` reads a job as a line of JSON from
standard input, writes each position that it has committed as a line to standard output, and ends when its
input does: a parent that dies leaves no second writer behind. Exit code 1 and a sentence on standard error
say that it failed; what it has committed stays, and the next try goes on from there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import cast

import apsw
import msgspec

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import StaleVersion
from samstad_broker.store.history_files.reading import read_sealed
from samstad_broker.store.history_files.recorded import RecordedRow, recorded_effects, recorded_row
from samstad_broker.store.history_files.sealed import find_sealed, sealed_between
from samstad_broker.store.sqlite.connection import connect, transaction
from samstad_broker.store.sqlite.history.rebuilding_job import RebuildJob
from samstad_broker.store.sqlite.history.writing import HistoryWriting
from samstad_broker.store.sqlite.queries import load_queries

__all__ = ["main", "run"]

_NICE = 10
_BATCH = 2_000
_WRITE_BACK_PAGES = 4_000
_CACHE_KIB = 64 * 1024
_QUERIES = load_queries("temporal")

_Rows = list[RecordedRow]


def run(job: RebuildJob, committed: Callable[[Position], None]) -> None:
    """Bring an index up, telling each position that it has reached.

    Raises:
        HistoryGap, DamagedHistory, duckdb.Error: rows are not to be had.
        StoreError: the index cannot be written, or somebody else writes it.
    """
    path, history = Path(job.path), Path(job.history)
    connection = connect(path, vfs=job.vfs)
    connection.wal_autocheckpoint(_WRITE_BACK_PAGES)
    connection.pragma("cache_size", -_CACHE_KIB)
    try:
        reached = _cursor(connection.cursor())
        writing = HistoryWriting(keeps_deleted=job.keeps_deleted)
        until = Position(job.epoch, job.number)
        for stretch in sealed_between(find_sealed(history), after=reached, until=until):
            found = read_sealed(stretch, after=reached, scratch=history / ".rebuilding")
            for batch in _batches(found):
                with transaction(connection, path) as cursor:
                    _take(cursor, writing, batch, reached, keeps_deleted=job.keeps_deleted)
                reached = Position(batch[-1][0].epoch, batch[-1][0].position)
                committed(reached)
    finally:
        connection.close()


def _take(
    cursor: apsw.Cursor,
    writing: HistoryWriting,
    batch: Sequence[_Rows],
    reached: Position,
    *,
    keeps_deleted: bool,
) -> None:
    if _cursor(cursor) != reached:
        raise StaleVersion("Another process writes this index.")
    writing.take_effects(
        cursor,
        [(recorded_row(rows[0]), recorded_effects(rows, keeps_deleted=keeps_deleted)) for rows in batch],
    )


def _cursor(cursor: apsw.Cursor) -> Position:
    return Position._make(cast("tuple[int, int]", cursor.execute(_QUERIES["get_cursor"]).fetchone()))


def _batches(found: Iterator[_Rows]) -> Iterator[list[_Rows]]:
    """Yield whole rows of the log, so many that a batch has some thousand of history rows."""
    batch: list[_Rows] = []
    size = 0
    for rows in found:
        batch.append(rows)
        size += len(rows)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _say(position: Position) -> None:
    sys.stdout.write(f"{position}\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    # Nothing is left to be put away: a transaction that was not committed is not there.
    os._exit(1)


def main() -> int:
    """Do the job on standard input."""
    os.nice(_NICE)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=RebuildJob)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        run(job, _say)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells it
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The thread that waits for the parent holds the input's lock, on which an orderly end would trip.
    os._exit(code)
