"""The Credentials port: what a device or a network server proves itself with; only digests are kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from samstad_devices.domain.errors import DevicesError

__all__ = ["Credential", "CredentialRefused", "Credentials"]


class CredentialRefused(DevicesError):
    """What was shown proves nothing: unknown, too late, too early, or revoked."""


class Credential(NamedTuple):
    """What a secret stands for.

    Attributes:
        id: the part of the token that is no secret.
        subject: id of a Device entity, or name of a connection.
        kind: ``device``, or the network server that the connection is to.
    """

    id: str
    subject: str
    kind: str


class Credentials(Protocol):
    """Gives, judges and revokes credentials; a subject may have several at once."""

    async def give(self, subject: str, kind: str, *, now_us: int, ends_us: int) -> str:
        """Return a new token; nobody can read it again."""
        ...

    async def judge(self, token: str, *, now_us: int) -> Credential:
        """Return what a token stands for.

        Raises:
            CredentialRefused: it stands for nothing now.
        """
        ...

    async def revoke(self, subject: str) -> int:
        """End all credentials of a subject at once, and return how many."""
        ...
