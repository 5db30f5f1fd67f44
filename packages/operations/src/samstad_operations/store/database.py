"""The database of the role, ``operations.db``, and what its errors mean."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from samstad_operations.domain.errors import StoreFull, StoreUnavailable
from samstad_plugin import database
from samstad_plugin.database import StoreErrors, read_migrations

__all__ = ["DATABASE", "Database", "migrations"]

DATABASE = "operations.db"


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; the n-th (from 1) leads to ``user_version`` n."""
    return read_migrations("samstad_operations.store")


class Database(database.Database):
    """The role's database; raises StoreFull and StoreUnavailable.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, migrations(), StoreErrors(StoreUnavailable, StoreFull))
