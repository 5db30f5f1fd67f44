"""The named statements of the ``.sql`` files, and the migrations in their order."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import apsw

from samstad_access.errors import StoreTooNew

__all__ = ["migrate", "migrations", "query"]

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; the n-th (from 1) leads to ``user_version`` n."""
    directory = files("samstad_access.store.sqlite") / "sql" / "migrations"
    found = sorted((entry.name, entry.read_text("utf-8")) for entry in directory.iterdir())
    return tuple(text for _, text in found)


def query(name: str) -> str:
    """Return a named statement."""
    return _queries()[name]


def migrate(connection: apsw.Connection) -> None:
    """Bring the database to this release's schema, in one transaction.

    Raises:
        StoreTooNew: a newer release has migrated it already.
    """
    steps = migrations()
    if connection.pragma("user_version") == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _advance(connection, steps)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _advance(connection: apsw.Connection, steps: tuple[str, ...]) -> None:
    # Asked again inside the transaction: another process may have migrated it meanwhile.
    reached = connection.pragma("user_version")
    if reached > len(steps):
        raise StoreTooNew(
            f"{connection.filename} has schema {reached}, this release knows it up to {len(steps)}: "
            "start the release that wrote it, or restore a backup from before the upgrade."
        )
    for step in steps[reached:]:
        connection.execute(step)
    connection.execute(f"PRAGMA user_version = {len(steps)}")


@cache
def _queries() -> dict[str, str]:
    text = (files("samstad_access.store.sqlite") / "sql" / "records.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
