"""Writing history files again without the values that a redaction takes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from samstad_broker.store.history_files.columns import HISTORY_COLUMNS, HistoryRow
from samstad_broker.store.history_files.database import open_database
from samstad_broker.store.history_files.parquet import WrittenFile, write_history
from samstad_broker.store.history_files.redaction import Redaction, redact_row
from samstad_broker.store.history_files.sealed import SealedStretch, find_sealed

__all__ = ["redact_files"]

_BATCH = 2_000
_COLUMNS = ", ".join(
    "geometry::BLOB AS geometry" if column.name == "geometry" else f'"{column.name}"'
    for column in HISTORY_COLUMNS
)


def redact_files(directory: Path, redactions: Sequence[Redaction]) -> list[WrittenFile]:
    """Write those history files again that hold values which redactions name, and return the new ones.

    Each file is replaced as a whole; done again, nothing is left to be done.

    Raises:
        ValueError: a file did not read back as it was written; the one that was there stays.
        duckdb.Error, OSError: a file cannot be read, or the disk or the memory is full.
    """
    if not redactions:
        return []
    written: list[WrittenFile] = []
    for stretch in find_sealed(directory):
        with open_database(directory / ".redacting") as database:
            if not _has_values(database, stretch, redactions):
                continue
            rows = (redact_row(row, redactions) for row in _rows(database, stretch, "true", []))
            name = f"{stretch.epoch}-{stretch.first}-{stretch.last}"
            written.extend(write_history(rows, directory=directory, name=name))
    return written


def _has_values(
    database: duckdb.DuckDBPyConnection, stretch: SealedStretch, redactions: Sequence[Redaction]
) -> bool:
    for redaction in redactions:
        condition = "tenant = ? AND ? IN ('', snapshot) AND entity = ? AND json IS NOT NULL"
        bound = [redaction.tenant, redaction.snapshot, redaction.entity]
        for row in _rows(database, stretch, condition, bound):
            if redact_row(row, [redaction]) is not row:
                return True
    return False


def _rows(
    database: duckdb.DuckDBPyConnection, stretch: SealedStretch, condition: str, bound: Sequence[str]
) -> Iterator[HistoryRow]:
    cursor = database.cursor()
    found = cursor.execute(
        f"""
        SELECT {_COLUMNS} FROM read_parquet(?, hive_partitioning = false, union_by_name = true)
        WHERE {condition}
        """,  # noqa: S608 - our own columns and conditions
        [[str(path) for path in stretch.paths], *bound],
    )
    while batch := found.fetchmany(_BATCH):
        yield from map(HistoryRow._make, batch)
