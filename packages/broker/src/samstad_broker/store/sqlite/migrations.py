"""Schemas that only go forward: numbered ``.sql`` files, the number reached in ``user_version``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import apsw

from samstad_broker.spi.store import StoreTooNew

__all__ = ["migrate", "migrations"]


@cache
def migrations(database: str) -> tuple[str, ...]:
    """Return the migrations of a database in order; the n-th (from 1) leads to ``user_version`` n."""
    directory = files("samstad_broker.store.sqlite") / "sql" / database
    found = sorted((entry.name, entry.read_text("utf-8")) for entry in directory.iterdir())
    for number, (name, _) in enumerate(found, start=1):
        if not name.startswith(f"{number:03d}_"):
            raise ValueError(f"{database}/{name}: migration {number:03d} was expected here")
    return tuple(text for _, text in found)


def migrate(connection: apsw.Connection, database: str) -> None:
    """Bring a database to this release's schema, in one transaction.

    Raises:
        StoreTooNew: a newer release has migrated it already.
    """
    steps = migrations(database)
    reached = connection.pragma("user_version")
    if reached > len(steps):
        raise StoreTooNew(
            f"{connection.filename} has schema {reached}, this release knows {database} up to {len(steps)}: "
            "start the release that wrote it, or restore a backup from before the upgrade."
        )
    if reached == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    for step in steps[reached:]:
        connection.execute(step)
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    connection.execute("COMMIT")
