"""The health of devices in SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from samstad_devices.domain.health import Memory
from samstad_devices.store.database import Database

__all__ = ["SqliteHealth"]

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Memory)


class SqliteHealth:
    """Fills the HealthStore port.

    Args:
        database: opened and closed by who made it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> dict[str, Memory]:
        """Return all memories."""

        def read() -> dict[str, Memory]:
            rows = self._database.connection.execute("SELECT device, memory FROM health")
            return {cast("str", device): _DECODER.decode(cast("bytes", raw)) for device, raw in rows}

        return await self._database.run(read)

    async def save(self, memories: Mapping[str, Memory]) -> None:
        """Keep some memories in one commit."""
        rows = [(device, _ENCODER.encode(memory)) for device, memory in memories.items()]

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.executemany("REPLACE INTO health VALUES (?, ?)", rows)

        await self._database.run(write)
