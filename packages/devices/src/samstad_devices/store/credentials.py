"""Credentials in SQLite: salted digests of secrets that are too long to be guessed."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Any, cast

from samstad_devices.spi.credentials import Credential, CredentialRefused
from samstad_devices.store.database import Database

__all__ = ["SqliteCredentials"]

_TOKEN = re.compile(r"sd_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})")
_MOST_KNOWN = 20_000
_ROW = "SELECT id, device, kind, salt, secret, begins_us, ends_us FROM credential WHERE id = ?"


class SqliteCredentials:
    """Fills the Credentials port.

    A secret has 256 bits of chance, so one round of SHA-256 with a salt is enough.

    Args:
        database: opened and closed by who made it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # Rows never change, and end only here: networks show one token a thousand times a second.
        self._known: dict[str, tuple[Any, ...]] = {}
        self._ends = 0

    async def give(self, subject: str, kind: str, *, now_us: int, ends_us: int) -> str:
        """Return a new token."""
        name, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
        row = (name, subject, kind, salt, _digest(salt, secret), now_us, ends_us)

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.execute("INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?, ?)", row)

        await self._database.run(write)
        return f"sd_{name}_{secret}"

    async def judge(self, token: str, *, now_us: int) -> Credential:
        """Return what a token stands for."""
        shape = _TOKEN.fullmatch(token)
        row = await self._row(shape[1]) if shape else None
        if shape is None or row is None:
            raise CredentialRefused("The token is not known here: it was never given, or it was revoked.")
        name, subject, kind, salt, digest, begins_us, ends_us = row
        if not hmac.compare_digest(digest, _digest(salt, shape[2])):
            raise CredentialRefused("The token is not known here: it was never given, or it was revoked.")
        if not begins_us <= now_us < ends_us:
            raise CredentialRefused("The token's time is over: ask for a new one.")
        return Credential(name, subject, kind)

    async def _row(self, name: str) -> tuple[Any, ...] | None:
        known = self._known.get(name)
        if known is not None:
            return known

        def read() -> tuple[Any, ...] | None:
            return cast("tuple[Any, ...] | None", self._database.connection.execute(_ROW, (name,)).fetchone())

        ends = self._ends
        found = await self._database.run(read)
        if found is not None and ends == self._ends:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[name] = found
        return found

    async def revoke(self, subject: str) -> int:
        """End all credentials of a subject."""
        self._forget(subject)

        def write() -> int:
            with self._database.commit() as cursor:
                cursor.execute("DELETE FROM credential WHERE device = ?", (subject,))
                return self._database.connection.changes()

        ended = await self._database.run(write)
        self._forget(subject)
        return ended

    def _forget(self, subject: str) -> None:
        """Judge a subject by the database again, also what is just being read from it."""
        self._ends += 1
        self._known = {name: row for name, row in self._known.items() if row[1] != subject}


def _digest(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode()).digest()
