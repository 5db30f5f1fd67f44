"""Where entities are kept: the part of the NGSI-LD client that the service needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from samstad_ngsild.client import BatchOutcome

__all__ = ["Entities"]


class Entities(Protocol):
    """Filled by ``samstad_ngsild.client.Client``, and in memory by ``simulation``."""

    async def create(self, entity: dict[str, Any]) -> None:
        """Create an entity."""
        ...

    async def create_many(self, entities: Iterable[dict[str, Any]]) -> BatchOutcome:
        """Create entities; those that are there are told as failed."""
        ...

    async def upsert(self, entities: Iterable[dict[str, Any]], *, update: bool = False) -> BatchOutcome:
        """Create entities, or with ``update`` change the named attributes of those that are there."""
        ...

    async def append(self, entity_id: str, fragment: dict[str, Any], *, overwrite: bool = True) -> object:
        """Add or replace attributes of one entity."""
        ...

    async def append_temporal(self, entity: dict[str, Any]) -> None:
        """Add instances to the history of an entity."""
        ...
