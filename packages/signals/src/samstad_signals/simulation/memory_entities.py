"""Entities in memory: what tests and trials write to instead of a broker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from samstad_ngsild.client import BatchOutcome, NotTaken, Unreachable
from samstad_ngsild.errors import AlreadyExists, ResourceNotFound

__all__ = ["MemoryEntities"]

Document = dict[str, Any]


class MemoryEntities:
    """Keeps entities by id; ``is_down`` makes every operation fail as an unreachable broker does."""

    def __init__(self) -> None:
        self.held: dict[str, Document] = {}
        self.history: list[Document] = []
        self.writes = 0
        self.is_down = False

    async def create(self, entity: Document) -> None:
        """Create an entity."""
        outcome = await self.create_many([entity])
        if outcome.failed:
            raise outcome.failed[0].error

    async def create_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Create those that are not there."""
        self._check()
        outcome = BatchOutcome([], [], [])
        for entity in entities:
            if entity["id"] in self.held:
                outcome.failed.append(NotTaken(entity["id"], AlreadyExists(f"{entity['id']} is there")))
                continue
            self._put(entity)
            outcome.created.append(entity["id"])
        return outcome

    async def upsert(self, entities: Iterable[Document], *, update: bool = False) -> BatchOutcome:
        """Create or change."""
        self._check()
        outcome = BatchOutcome([], [], [])
        for entity in entities:
            known = self.held.get(entity["id"])
            (outcome.created if known is None else outcome.updated).append(entity["id"])
            self._put({**known, **entity} if known is not None and update else entity)
        return outcome

    async def append(self, entity_id: str, fragment: Document, *, overwrite: bool = True) -> None:
        """Add or replace attributes."""
        self._check()
        known = self.held.get(entity_id)
        if known is None:
            raise ResourceNotFound(f"there is no {entity_id}")
        self._put({**known, **fragment} if overwrite else {**fragment, **known})

    async def append_temporal(self, entity: Document) -> None:
        """Add to the history."""
        self._check()
        self.history.append(entity)

    def _put(self, entity: Document) -> None:
        self.writes += 1
        self.held[entity["id"]] = dict(entity)

    def _check(self) -> None:
        if self.is_down:
            raise Unreachable("the broker is down")
