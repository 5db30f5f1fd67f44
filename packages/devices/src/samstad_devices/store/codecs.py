"""Codecs in SQLite, by what they are; those that were used stay in memory."""

from __future__ import annotations

from samstad_devices.domain.codec import MAX_SOURCE_BYTES, Codec
from samstad_devices.domain.errors import CodecRefused
from samstad_devices.store.database import Database

__all__ = ["SqliteCodecs"]


class SqliteCodecs:
    """Fills the CodecSource port.

    Args:
        database: opened and closed by who made it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Codec] = {}

    async def codec(self, digest: str) -> Codec | None:
        """Return a codec, or None where nobody has brought it."""
        known = self._known.get(digest)
        if known is not None:
            return known

        def read() -> str | None:
            row = self._database.connection.execute(
                "SELECT source FROM codec WHERE digest = ?", (digest,)
            ).fetchone()
            return None if row is None else str(row[0])

        source = await self._database.run(read)
        if source is None:
            return None
        return self._known.setdefault(digest, Codec(source))

    async def bring(self, source: str, *, name: str, licence: str, now_us: int) -> str:
        """Keep a codec and return its digest; the same source is kept once.

        Raises:
            CodecRefused: it is longer than a codec can be.
        """
        size = len(source.encode())
        if not 0 < size <= MAX_SOURCE_BYTES:
            raise CodecRefused(
                f"The codec has {size} bytes; it has at most {MAX_SOURCE_BYTES}, and more than 0."
            )
        codec = Codec(source)
        row = (codec.digest, name, licence, source, now_us)

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.execute("INSERT OR IGNORE INTO codec VALUES (?, ?, ?, ?, ?)", row)

        await self._database.run(write)
        return codec.digest
