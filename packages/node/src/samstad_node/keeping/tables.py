"""The rows of any SQLite database as JSON lines: readable without knowing what wrote it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import apsw
import orjson

__all__ = ["write_tables"]

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def write_tables(database: Path, target: Path) -> int:
    """Write each table of a database to ``target/<database>/<table>.ndjson`` and return how many rows.

    Text that is JSON is written as it is, bytes as base64.
    """
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        place = target / database.stem
        place.mkdir(parents=True, exist_ok=True)
        names = [str(name) for (name,) in connection.execute(_TABLES)]
        return sum(_write_table(connection, name, place) for name in names)
    finally:
        connection.close()


def _write_table(connection: apsw.Connection, name: str, place: Path) -> int:
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = connection.execute(f"SELECT * FROM {quoted}")  # noqa: S608 - a name of the schema, quoted
    count = 0
    with (place / f"{name}.ndjson").open("wb") as file:
        columns: list[str] = []
        for row in cursor:
            columns = columns or [column[0] for column in cursor.getdescription()]
            file.write(orjson.dumps(dict(zip(columns, map(_value, row), strict=True))) + b"\n")
            count += 1
    return count


def _value(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return base64.b64encode(value).decode()
