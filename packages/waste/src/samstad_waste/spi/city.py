"""The City port: the little of a context broker's client that the service needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
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

    async def upsert(self, entities: Iterable[Document], *, update: bool = False) -> BatchOutcome:
        """Create entities, or bring those that are there to this content."""
        ...

    async def update_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Change attributes of entities that are there."""
        ...

    async def query_temporal(self, query: Sequence[tuple[str, str]]) -> list[Document]:
        """Return histories of entities."""
        ...
