"""Where the issuer's public keys come from."""

from __future__ import annotations

from typing import Protocol

__all__ = ["KeySource"]


class KeySource(Protocol):
    """Fetches a JWKS document (RFC 7517); called by the background task alone, never by a request."""

    async def fetch(self) -> bytes:
        """Return the document.

        Raises:
            KeySetRefused: it cannot be had; says why.
        """
        ...
