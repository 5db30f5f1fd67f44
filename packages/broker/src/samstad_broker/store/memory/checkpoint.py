"""The state checkpoint in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from samstad_broker.domain.rows import START, Position
from samstad_broker.spi.store import SavedEntity

__all__ = ["MemoryCheckpoint"]

_SLICE = 2_000


class MemoryCheckpoint:
    """Keeps saved entities in a dictionary."""

    def __init__(self) -> None:
        self._entities: dict[tuple[str, str, str], SavedEntity] = {}
        self._cursor = START

    @property
    def cursor(self) -> Position:
        """The last row that the checkpoint holds."""
        return self._cursor

    async def load(self) -> AsyncIterator[Sequence[SavedEntity]]:
        """Yield all saved entities in order of ``sequence``, in slices."""
        ordered = sorted(self._entities.values(), key=lambda entity: entity.sequence)
        for begin in range(0, len(ordered), _SLICE):
            yield ordered[begin : begin + _SLICE]

    async def save(
        self,
        puts: Sequence[SavedEntity],
        deletes: Sequence[tuple[str, str, str]],
        *,
        cursor: Position,
    ) -> None:
        """Take in changed and deleted entities and the new cursor."""
        for key in deletes:
            self._entities.pop(key, None)
        for entity in puts:
            self._entities[entity[:3]] = entity
        self._cursor = cursor
