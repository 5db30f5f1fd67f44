"""Reading history files in the order in which the log had their rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from samstad_broker.domain.rows import Position
from samstad_broker.store.history_files.checksums import is_as_written
from samstad_broker.store.history_files.database import open_database, run_bounded
from samstad_broker.store.history_files.recorded import RecordedRow
from samstad_broker.store.history_files.sealed import SealedStretch

__all__ = ["DamagedHistory", "read_sealed"]

_BATCH = 5_000

_OLDEST_FORMAT = 2
"""Rows of format 1 do not tell the ids of deletion records."""

_COLUMNS = """
    tenant, snapshot, epoch, "position", epoch_us("acceptedAt"), kind, entity, types, attribute,
    "attributeType", "datasetId", ordinal, epoch_us("createdAt"), epoch_us("deletedAt"),
    epoch_us("entityCreatedAt"), epoch_us("entityModifiedAt"), json
"""


class DamagedHistory(Exception):
    """A history file is not as it was written, or does not hold what its name says."""


def read_sealed(stretch: SealedStretch, *, after: Position, scratch: Path) -> Iterator[list[RecordedRow]]:
    """Yield for each row of a stretch after a position what the history files hold of it.

    Args:
        stretch: its files.
        after: what is at or before it is left out.
        scratch: a directory for what does not go into memory; made and taken away by the database.

    Raises:
        DamagedHistory: a file was changed, or rows are missing.
        duckdb.Error: a file cannot be read, or the disk is full.
    """
    for path in stretch.paths:
        _check(path)
    first = max(stretch.first, after.number + 1 if after.epoch == stretch.epoch else 1)
    expected = first
    with open_database(scratch) as database:
        for path in stretch.paths:
            _check_format(database, path)
        for position, rows in groupby(_rows(database, stretch, first), key=lambda row: row.position):
            if position != expected:
                break
            expected += 1
            yield list(rows)
    if expected != stretch.last + 1:
        names = ", ".join(str(path) for path in stretch.paths)
        raise DamagedHistory(f"Row {stretch.epoch}.{expected} is not in {names}: restore them from a backup.")


def _check(path: Path) -> None:
    if not is_as_written(path):
        raise DamagedHistory(f"{path} is not as it was written: restore it from a backup.")


def _check_format(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    found: Any = database.execute(
        "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'samstad.history'", [str(path)]
    ).fetchone()
    if found is None or int(found[0]) < _OLDEST_FORMAT:
        raise DamagedHistory(f"{path} has an older format, from which no temporal index can be built.")


def _rows(database: duckdb.DuckDBPyConnection, stretch: SealedStretch, first: int) -> Iterator[RecordedRow]:
    found = run_bounded(
        database,
        f"""
        SELECT {_COLUMNS} FROM read_parquet(?, hive_partitioning = false)
        WHERE "position" >= ? ORDER BY "position", ordinal NULLS FIRST
        """,  # noqa: S608 - names of our own columns
        [[str(path) for path in stretch.paths], first],
    )
    while batch := found.fetchmany(_BATCH):
        yield from map(RecordedRow._make, batch)
