"""Documents in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from samstad_signals.spi.keeping import Keep
from samstad_signals.store.database import Database

__all__ = ["SqliteKeeping"]

_PUT = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
_DROP = "DELETE FROM kept WHERE kind = ? AND key = ?"
_ALL = "SELECT key, body FROM kept WHERE kind = ?"


class SqliteKeeping:
    """Fills the Keeping port.

    Args:
        database: opened and closed by who made it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, changes: Iterable[Keep]) -> None:
        """Keep all of it, in one transaction."""
        rows = list(changes)
        if not rows:
            return

        def write() -> None:
            with self._database.commit() as cursor:
                for row in rows:
                    if row.body is None:
                        cursor.execute(_DROP, row[:2])
                    else:
                        cursor.execute(_PUT, row)

        await self._database.run(write)

    async def load(self, kind: str) -> Mapping[str, bytes]:
        """Return what is kept of a kind."""

        def read() -> dict[str, bytes]:
            return dict(self._database.connection.execute(_ALL, (kind,)))

        return await self._database.run(read)
