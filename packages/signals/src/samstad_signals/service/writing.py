"""Changes of the fleet go out as entities, turn by turn; what a broker did not take is written again."""

from __future__ import annotations

from collections.abc import Callable

from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_signals.service.fleet import Fleet
from samstad_signals.spi.entities import Entities

__all__ = ["Writer"]


class Writer:
    """Writes what has changed.

    Attributes:
        is_behind: whether the latest turn failed.
    """

    def __init__(self, fleet: Fleet, entities: Entities, *, told: Callable[[str], None]) -> None:
        self.is_behind = False
        self._fleet = fleet
        self._entities = entities
        self._told = told

    async def write(self, *, now_us: int) -> int:
        """Write one turn; returns how many entities were taken, 0 where the broker is away."""
        changes = self._fleet.take_changes(now_us=now_us)
        if not changes:
            return 0
        try:
            outcome = await self._entities.upsert(changes, update=True)
        except (ClientError, NgsiLdError) as error:
            return self._failed(f"the broker took nothing: {error}")
        if outcome.failed:
            first = outcome.failed[0]
            self._failed(f"{len(outcome.failed)} entities not taken, first {first.entity_id}: {first.error}")
        else:
            self.is_behind = False
        return len(changes) - len(outcome.failed)

    def _failed(self, why: str) -> int:
        if not self.is_behind:
            self._told(why)
        self.is_behind = True
        self._fleet.forget_written()
        return 0
