"""The Keys port: secrets that must be known to be used (DTLS, HMAC, root keys), wrapped under another."""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["KINDS", "Key", "KeyFacts", "Keys"]

KINDS: dict[str, int] = {"psk": 16, "hmac": 32, "appKey": 16, "nwkKey": 16, "wmbus": 16}
"""Kind → bytes: a DTLS key of CoAP, a key that signs HTTP, the root keys of LoRaWAN 1.0 and 1.1,
and a meter's key of wireless M-Bus."""


class KeyFacts(NamedTuple):
    """What may be told of a key: everything but the key.

    Attributes:
        id: by which it is named in a request or a handshake; no secret.
        subject: id of the Device entity.
        kind: one of ``KINDS``.
    """

    id: str
    subject: str
    kind: str
    begins_us: int
    ends_us: int


class Key(NamedTuple):
    """A key that is valid now."""

    facts: KeyFacts
    secret: bytes


class Keys(Protocol):
    """Gives, uses and ends keys; a subject may have several at once."""

    async def give(self, facts: KeyFacts, secret: bytes) -> None:
        """Keep a key.

        Raises:
            StoreUnavailable: it cannot be kept, or the key that wraps it is missing.
        """
        ...

    async def use(self, key_id: str, kind: str, *, now_us: int) -> Key:
        """Return a key to check what somebody proves with it.

        Raises:
            CredentialRefused: there is none of that name and kind, or its time is over.
            StoreUnavailable: the key that wraps it is missing.
        """
        ...

    async def secrets(self, subject: str, kind: str, *, now_us: int) -> list[bytes]:
        """Return the keys of a kind that a subject has now; raises StoreUnavailable."""
        ...

    async def of(self, subject: str) -> list[KeyFacts]:
        """Return what may be told of a subject's keys, the oldest first."""
        ...

    async def revoke(self, subject: str, key_id: str | None = None) -> int:
        """End one key of a subject or all, and return how many."""
        ...
