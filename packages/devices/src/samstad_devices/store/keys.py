"""Keys in SQLite: wrapped, and each reading of one that is not a check is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.spi.keys import Key, KeyFacts
from samstad_devices.store.database import Database
from samstad_devices.store.sealing import Seal

__all__ = ["Reading", "SqliteKeys"]

_FACTS = "id, subject, kind, begins_us, ends_us"


class Reading(NamedTuple):
    """Somebody got keys in a form in which they can be used elsewhere."""

    who: str
    why: str
    time_us: int


class SqliteKeys:
    """Fills the Keys port.

    Args:
        database: opened and closed by who made it.
        seal: of the key-encryption key; None where it is missing: then no key can be kept or used.
    """

    def __init__(self, database: Database, seal: Seal | None) -> None:
        self._database = database
        self._seal = seal
        self.on_revoked: Callable[[str, str | None], None] = lambda _, __: None
        """Told of each end of keys: the subject, and which key, or None for all."""

    def _sealed(self) -> Seal:
        if self._seal is None:
            raise StoreUnavailable("The key-encryption key is missing: bring back the key file.")
        return self._seal

    async def give(self, facts: KeyFacts, secret: bytes) -> None:
        """Keep a key."""
        seal = self._sealed()
        row = (*facts, seal.name, seal.wrap(secret, _about(facts)))

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.execute(
                    f"INSERT INTO device_key ({_FACTS}, wrapper, wrapped) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                    row,
                )

        await self._database.run(write)

    async def use(self, key_id: str, kind: str, *, now_us: int) -> Key:
        """Return a key to check what somebody proves with it."""
        found = await self._rows("id = ?", (key_id,))
        if not found or found[0][0].kind != kind:
            raise CredentialRefused("The key is not known here: it was never given, or it was revoked.")
        facts, wrapped = found[0]
        if not facts.begins_us <= now_us < facts.ends_us:
            raise CredentialRefused("The key's time is over: ask for a new one.")
        return Key(facts, self._sealed().unwrap(wrapped, _about(facts)))

    async def secrets(self, subject: str, kind: str, *, now_us: int) -> list[bytes]:
        """Return the keys of a kind that a subject has now."""
        where = "subject = ? AND kind = ? AND begins_us <= ? AND ends_us > ? ORDER BY begins_us DESC"
        rows = await self._rows(where, (subject, kind, now_us, now_us))
        return [self._sealed().unwrap(wrapped, _about(facts)) for facts, wrapped in rows]

    async def of(self, subject: str) -> list[KeyFacts]:
        """Return what may be told of a subject's keys."""
        return [facts for facts, _ in await self._rows("subject = ? ORDER BY begins_us, id", (subject,))]

    async def revoke(self, subject: str, key_id: str | None = None) -> int:
        """End one key of a subject or all."""

        def write() -> int:
            with self._database.commit() as cursor:
                cursor.execute(
                    "DELETE FROM device_key WHERE subject = ?1 AND (?2 IS NULL OR id = ?2)", (subject, key_id)
                )
                return self._database.connection.changes()

        ended = await self._database.run(write)
        self.on_revoked(subject, key_id)
        return ended

    async def all(self, reading: Reading) -> list[Key]:
        """Return every key, for somebody who leaves; who and why is written down first."""
        await self._write_down(reading)
        seal = self._sealed()
        return [
            Key(facts, seal.unwrap(wrapped, _about(facts))) for facts, wrapped in await self._rows("1", ())
        ]

    async def foreign(self) -> int:
        """Return how many keys are wrapped under another key than the one that is there."""
        name = self._seal.name if self._seal else ""

        def read() -> int:
            statement = "SELECT count(*) FROM device_key WHERE wrapper <> ?"
            return cast("int", self._database.connection.execute(statement, (name,)).get)

        return await self._database.run(read)

    async def readings(self) -> list[Reading]:
        """Return who read keys, the oldest first."""

        def read() -> list[Reading]:
            statement = "SELECT who, why, time_us FROM device_key_reading ORDER BY number"
            return [Reading(*cast("Any", row)) for row in self._database.connection.execute(statement)]

        return await self._database.run(read)

    async def _write_down(self, reading: Reading) -> None:
        def write() -> None:
            with self._database.commit() as cursor:
                cursor.execute(
                    "INSERT INTO device_key_reading (who, why, time_us) VALUES (?, ?, ?)", tuple(reading)
                )

        await self._database.run(write)

    async def _rows(self, where: str, values: tuple[Any, ...]) -> list[tuple[KeyFacts, bytes]]:
        statement = f"SELECT {_FACTS}, wrapped FROM device_key WHERE {where}"  # noqa: S608 - no part comes from outside

        def read() -> list[tuple[KeyFacts, bytes]]:
            rows = self._database.connection.execute(statement, values)
            return [(KeyFacts(*cast("Any", row[:5])), cast("bytes", row[5])) for row in rows]

        return await self._database.run(read)


def _about(facts: KeyFacts) -> str:
    return f"{facts.kind} {facts.id} of {facts.subject}"
