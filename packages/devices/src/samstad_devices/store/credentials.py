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
_ROW = "SELECT id, device, kind, salt, secret, begins_us, ends_us FROM credential WHERE id = ?"


class SqliteCredentials:
    """Fills the Credentials port.

    A secret has 256 bits of chance, so one round of SHA-256 with a salt is enough.

    Args:
        database: opened and closed by who made it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

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
        def read() -> tuple[Any, ...] | None:
            return cast("tuple[Any, ...] | None", self._database.connection.execute(_ROW, (name,)).fetchone())

        return await self._database.run(read)

    async def revoke(self, subject: str) -> int:
        """End all credentials of a subject."""

        def write() -> int:
            with self._database.commit() as cursor:
                cursor.execute("DELETE FROM credential WHERE device = ?", (subject,))
                return self._database.connection.changes()

        return await self._database.run(write)


def _digest(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode()).digest()
