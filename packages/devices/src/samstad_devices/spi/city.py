"""The City port: the little of a context broker's client that devices need; the client itself fills it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Protocol

from samstad_ngsild.client import BatchOutcome, Selection

__all__ = ["City"]

Document = dict[str, Any]


class City(Protocol):
    """Entities, by the operations of ``samstad_ngsild.client.Client``; raises what that raises."""

    async def find(self, entity_id: str) -> Document | None:
        """Return an entity, or None."""
        ...

    def pages(self, selection: Selection) -> AsyncIterator[list[Document]]:
        """Yield the entities of a selection, page by page."""
        ...

    async def append(self, entity_id: str, fragment: Document, *, overwrite: bool = True) -> object:
        """Add attributes to an entity."""
        ...

    async def delete_attribute(self, entity_id: str, name: str) -> None:
        """Delete an attribute."""
        ...

    async def create_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Create entities."""
        ...

    async def upsert(self, entities: Iterable[Document], *, update: bool = False) -> BatchOutcome:
        """Create entities, or bring those that are there to this content."""
        ...

    async def update_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Change attributes of entities that are there."""
        ...

    async def append_temporal(self, entity: Document) -> None:
        """Add instances to the history of an entity."""
        ...
