"""Writing history rows to Parquet, one file per month, and reading each back to be sure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from samstad_broker.store.durable_files import sha256_of, sync_directory, sync_file
from samstad_broker.store.history_files.checksums import note_checksums
from samstad_broker.store.history_files.columns import FORMAT, HISTORY_COLUMNS, HistoryRow
from samstad_broker.store.history_files.database import open_database, run_bounded

__all__ = ["WrittenFile", "write_history"]

_BATCH = 10_000
_BATCH_BYTES = 8 * 1024 * 1024
_ROW_GROUP = 30_720
_ROW_GROUP_MIB = 16

_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}
"""GeoParquet: coordinates are longitude and latitude (CRS84), as in GeoJSON."""


class WrittenFile(NamedTuple):
    """A file that holds what was to be in it."""

    path: Path
    rows: int
    bytes: int
    sha256: str


def write_history(rows: Iterable[HistoryRow], *, directory: Path, name: str) -> list[WrittenFile]:
    """Write rows to ``<directory>/month=<yyyy-mm>/<name>.parquet``, replacing what is there.

    Files are sorted by tenant, entity and attribute: the history of one entity is read from few places.

    Raises:
        ValueError: a file did not read back as it was written; it was not put in place.
        duckdb.Error, OSError: the disk or the memory is full.
    """
    with _database(directory) as database:
        _fill(database, rows)
        months = database.execute("SELECT DISTINCT month FROM history ORDER BY month").fetchall()
        return [_write_month(database, directory, month, name) for (month,) in months]


def _database(directory: Path) -> duckdb.DuckDBPyConnection:
    database = open_database(directory / ".sealing")
    columns = ", ".join(f'"{column.name}" {column.type}' for column in HISTORY_COLUMNS)
    database.execute(f"CREATE TABLE history ({columns}, month VARCHAR)")
    return database


def _fill(database: duckdb.DuckDBPyConnection, rows: Iterable[HistoryRow]) -> None:
    appender: Any = database.appender("history")
    for batch in _batches(rows):
        appender.append_rows([(*row, f"{row.acceptedAt:%Y-%m}") for row in batch])
        appender.flush()


def _batches(rows: Iterable[HistoryRow]) -> Iterator[list[HistoryRow]]:
    """Yield rows in lists that are bounded by number and size: the database holds one in memory whole."""
    batch: list[HistoryRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.json or "")
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write_month(database: duckdb.DuckDBPyConnection, directory: Path, month: str, name: str) -> WrittenFile:
    path = directory / f"month={month}" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".new")
    run_bounded(
        database,
        f"""
        COPY (
            SELECT * EXCLUDE month FROM history WHERE month = {_quoted(month)}
            ORDER BY tenant, snapshot, entity, attribute, "datasetId", epoch, "position", ordinal
        ) TO {_quoted(str(unfinished))} (
            FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP},
            ROW_GROUP_SIZE_BYTES '{_ROW_GROUP_MIB}MiB',
            KV_METADATA {{"samstad.history": '{FORMAT}', geo: {_quoted(json.dumps(_GEO))}}}
        )
        """,  # noqa: S608 - COPY takes no parameters; the values are quoted
    )
    written = _summary(database, "(SELECT * EXCLUDE month FROM history WHERE month = ?)", month)
    found = _summary(database, "read_parquet(?, hive_partitioning = false)", str(unfinished))
    if written != found:
        raise ValueError(f"{path} does not read back as it was written: {found} instead of {written}")
    sync_file(unfinished)
    digest = sha256_of(unfinished)
    _put_in_place(unfinished, path, digest)
    sync_directory(directory)
    return WrittenFile(path, written[0], path.stat().st_size, digest)


def _put_in_place(unfinished: Path, path: Path, digest: str) -> None:
    """Put a file in the place of another, so that after a crash at any moment its checksum is noted."""
    replaced = [sha256_of(path)] if path.exists() else []
    note_checksums(path, [digest, *replaced])
    unfinished.replace(path)
    sync_directory(path.parent)
    if replaced:
        note_checksums(path, [digest])


def _summary(database: duckdb.DuckDBPyConnection, source: str, argument: str) -> tuple[int, int]:
    """Return how many rows a source has and a sum over all their values."""
    columns = ", ".join(f'"{column.name}"' for column in HISTORY_COLUMNS if column.name != "geometry")
    # DuckDB reads the geometry of GeoParquet as a type of its own.
    statement = f"""
        SELECT count(*), coalesce(sum(hash({columns}, geometry::BLOB)::HUGEINT), 0) FROM {source}
    """  # noqa: S608 - names of our own table
    found: Any = database.execute(statement, [argument]).fetchone()
    return int(found[0]), int(found[1])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
