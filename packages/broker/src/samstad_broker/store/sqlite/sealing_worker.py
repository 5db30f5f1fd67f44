"""The worker process that seals one stretch: ``python -m samstad_broker.store.sqlite.sealing_worker``.

It reads a job as JSON from standard input and writes its result as JSON to standard output; exit code 1 and a
sentence on standard error say that it failed. A process of its own keeps DuckDB's memory and the unpacking of
rows away from the event loop.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from samstad_broker.domain.rows import Position, Row
from samstad_broker.store.history_files.columns import HistoryRow
from samstad_broker.store.history_files.explode import history_rows
from samstad_broker.store.history_files.parquet import write_history
from samstad_broker.store.history_files.redaction import redact_row, redaction_of
from samstad_broker.store.history_files.rewriting import redact_files
from samstad_broker.store.sqlite.log_reader import LogReader
from samstad_broker.store.sqlite.sealing_job import Job, Outcome, SealedFile
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.stretch import Stretch

__all__ = ["main", "run"]

_NICE = 10
_SLICE = 500


def run(job: Job) -> Outcome:
    """Seal a stretch, and take out of it and of what is sealed already what its redactions name.

    Raises:
        StoreError: a row of the stretch is damaged or missing.
        ValueError, OSError, duckdb.Error: a file could not be written or did not read back.
    """
    stretch, history = Stretch(job.epoch, job.first, Path(job.path), job.last), Path(job.history)
    redactions = [found for row in _read(stretch) if (found := redaction_of(row)) is not None]
    rewritten = redact_files(history, redactions)
    read = 0

    def entries() -> Iterator[HistoryRow]:
        nonlocal read
        for row in _read(stretch):
            read += 1
            for entry in history_rows(row):
                yield redact_row(entry, redactions)

    name = f"{job.epoch}-{job.first}-{job.last}"
    written = write_history(entries(), directory=history, name=name)
    if read != job.last - job.first + 1:
        raise ValueError(f"{job.path} has {read} rows between {job.first} and {job.last}")
    files = [
        SealedFile(str(file.path), file.rows, file.bytes, file.sha256) for file in (*rewritten, *written)
    ]
    return Outcome(read, files)


def _read(stretch: Stretch) -> Iterator[Row]:
    reader, after = LogReader(SqliteSettings()), stretch.before
    end = Position(stretch.epoch, stretch.last or 0)
    try:
        while rows := reader.read([stretch], after=after, until=end, limit=_SLICE):
            yield from rows
            after = rows[-1].position
    finally:
        reader.close()


def main() -> int:
    """Do the job on standard input."""
    os.nice(_NICE)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        outcome = run(job)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells it
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
