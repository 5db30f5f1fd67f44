"""DuckDB as it writes and reads history files: bounded, and without anything from the internet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

__all__ = ["open_database", "run_bounded"]

_MEMORY_LIMIT = "512MiB"
_MORE_MEMORY = "2GiB"
"""For stretches of few and large rows, of which even a small row group or block of a sort is large."""


def open_database(scratch: Path) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory.

    Args:
        scratch: a directory for what does not go into memory; the database makes it and empties it.
    """
    scratch.parent.mkdir(parents=True, exist_ok=True)
    return duckdb.connect(
        ":memory:",
        config={
            # Extensions would be fetched from the internet; nothing here needs one.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY_LIMIT,
            # Only then are row groups bounded by bytes. With one thread ORDER BY is still obeyed.
            "preserve_insertion_order": "false",
            "temp_directory": str(scratch),
            "threads": "1",
        },
    )


def run_bounded(
    database: duckdb.DuckDBPyConnection, statement: str, bound: Sequence[Any] = ()
) -> duckdb.DuckDBPyConnection:
    """Run a statement that sorts, with more memory where it cannot do without.

    Raises:
        duckdb.Error: that was not enough either, or the disk is full.
    """
    try:
        return database.execute(statement, bound)
    except duckdb.OutOfMemoryException:
        database.execute(f"SET memory_limit = '{_MORE_MEMORY}'")
        return database.execute(statement, bound)
