"""API keys as they are stored: everything but the key, of which there is only a hash."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from samstad_access.domain.operation import Operation

__all__ = ["KeyRecord"]


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a principal; several may count at once, so that keys are changed without a gap.

    Attributes:
        id: the public part of its text.
        principal: whose key it is.
        digest: SHA-256 of its text.
        operations: what this key admits of what its principal may; None for all of it.
        expires_us, revoked_us: from when it no longer counts.
    """

    KIND: ClassVar[str] = "key"

    id: str
    principal: str
    digest: bytes
    name: str = ""
    operations: tuple[Operation, ...] | None = None
    created_us: int = 0
    expires_us: int | None = None
    revoked_us: int | None = None

    @property
    def owner(self) -> str:
        """The principal."""
        return self.principal

    def counts(self, *, now_us: int) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)
