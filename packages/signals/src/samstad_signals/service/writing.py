"""Changes of the fleet go out as entities, turn by turn; what a broker did not take is written again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_signals.service.fleet import Fleet
from samstad_signals.spi.entities import Entities

__all__ = ["Writer"]

Document = dict[str, Any]
_AT_ONCE = 8
_MOST_INSTANCES = 1_000
"""In one document for the temporal API."""


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
        past = self._fleet.take_past()
        try:
            taken = await self._write_present(changes)
        except (ClientError, NgsiLdError) as error:
            self._fleet.give_back_past(past)
            return self._failed(f"the broker took nothing: {error}")
        return taken + await self._write_past(past)

    async def _write_present(self, changes: list[Document]) -> int:
        outcome = await self._entities.upsert(changes, update=True) if changes else None
        if outcome is not None and outcome.failed:
            first = outcome.failed[0]
            self._failed(f"{len(outcome.failed)} entities not taken, first {first.entity_id}: {first.error}")
            return len(changes) - len(outcome.failed)
        self.is_behind = False
        return len(changes)

    async def _write_past(self, documents: Iterable[Document]) -> int:
        parts = [part for document in documents for part in _parts(document)]
        for begin in range(0, len(parts), _AT_ONCE):
            together = parts[begin : begin + _AT_ONCE]
            ended = await asyncio.gather(
                *(self._entities.append_temporal(part) for part in together), return_exceptions=True
            )
            errors = [one for one in ended if isinstance(one, BaseException)]
            strange = [one for one in errors if not isinstance(one, ClientError | NgsiLdError)]
            if strange:
                raise strange[0]
            if errors:
                self._fleet.give_back_past(parts[begin:])
                self._failed(f"the history was not taken: {errors[0]}")
                return begin
        return len(parts)

    def _failed(self, why: str) -> int:
        if not self.is_behind:
            self._told(why)
        self.is_behind = True
        self._fleet.forget_written()
        return 0


def _parts(document: Document) -> Iterator[Document]:
    """Divide a document whose attributes have too many instances for one request."""
    names = [name for name in document if name not in {"id", "type"}]
    longest = max(len(document[name]) for name in names)
    for begin in range(0, longest, _MOST_INSTANCES):
        found = {name: document[name][begin : begin + _MOST_INSTANCES] for name in names}
        yield {
            "id": document["id"],
            "type": document["type"],
            **{name: instances for name, instances in found.items() if instances},
        }
