"""The Documents port: subscriptions, registrations and the like in the log, beside the entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

__all__ = ["Documents"]


class Documents(Protocol):
    """JSON documents by tenant, collection and id; each change is a row of the log."""

    async def put(self, tenant: str, collection: str, document_id: str, content: Mapping[str, Any]) -> None:
        """Create or replace a document; when this returns, it survives ``kill -9`` (I3)."""
        ...

    async def delete(self, tenant: str, collection: str, document_id: str) -> None:
        """End a document durably; nothing happens when it is not there."""
        ...

    def get(self, tenant: str, collection: str, document_id: str) -> Mapping[str, Any] | None:
        """Return a document, or None."""
        ...

    def list(self, tenant: str, collection: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return (id, content) of all documents of a collection, oldest first."""
        ...
