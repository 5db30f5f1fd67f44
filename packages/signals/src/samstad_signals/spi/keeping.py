"""What must survive the role: small documents by kind and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

__all__ = ["Keep", "Keeping", "StoreFull", "StoreUnavailable"]


class StoreUnavailable(Exception):
    """Nothing can be kept or read now; the sentence says why."""


class StoreFull(StoreUnavailable):
    """The disk is full."""


class Keep(NamedTuple):
    """One document to keep; None takes it away."""

    kind: str
    key: str
    body: bytes | None


class Keeping(Protocol):
    """Filled by SQLite, and in memory by ``simulation``."""

    async def save(self, changes: Iterable[Keep]) -> None:
        """Keep all of it or nothing; on the disk when it returns. Raises StoreUnavailable."""
        ...

    async def load(self, kind: str) -> Mapping[str, bytes]:
        """Return what is kept of a kind, by key."""
        ...
