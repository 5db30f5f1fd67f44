"""Named SQL: the statements of a database live in one ``.sql`` file, each under a ``-- name:`` line."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

__all__ = ["load_queries", "sql_directory"]

_NAME = "-- name:"


def sql_directory() -> str:
    """Return where the ``.sql`` files are."""
    return str(files("samstad_broker.store.sqlite") / "sql")


def load_queries(database: str) -> Mapping[str, str]:
    """Return the statements of a database by name.

    Raises:
        ValueError: a name is given twice, or has no statement.
    """
    text = (files("samstad_broker.store.sqlite") / "sql" / f"{database}.sql").read_text("utf-8")
    queries: dict[str, str] = {}
    for block in text.split(_NAME)[1:]:
        name, _, body = block.partition("\n")
        lines = [line for line in body.splitlines() if not line.startswith("--")]
        statement = "\n".join(lines).strip()
        if not statement or name.strip() in queries:
            raise ValueError(f"{database}.sql: {name.strip()} is given twice or has no statement")
        queries[name.strip()] = statement
    return queries
