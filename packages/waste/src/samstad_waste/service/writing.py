"""What waits in the outbox goes to the broker, turn by turn; what it did not take waits on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_waste.service.bins import Bins, Document
from samstad_waste.spi.city import City

__all__ = ["NotKept", "Writer"]

_TURN = 500


class NotKept(Exception):
    """What was told is not in the broker yet."""


class Writer:
    """Writes the outbox.

    Attributes:
        is_behind: whether the latest turn failed.
        refused: documents that the broker will not take, since the start.
    """

    def __init__(self, bins: Bins, city: City, *, told: Callable[[str], None]) -> None:
        self.is_behind = False
        self.refused = 0
        self._bins = bins
        self._city = city
        self._told = told
        self._turn = asyncio.Lock()

    async def write(self) -> int:
        """Write what waits, unless the broker is away; return how many documents were taken."""
        async with self._turn:
            taken = 0
            while self._bins.outbox:
                part = dict(list(self._bins.outbox.items())[:_TURN])
                for entity_id in part:
                    del self._bins.outbox[entity_id]
                try:
                    taken += await self._write(list(part.values()))
                except (ClientError, NgsiLdError) as error:
                    self._return(part)
                    if not self.is_behind:
                        self._told(f"the broker took nothing: {error}")
                    self.is_behind = True
                    return taken
                self.is_behind = False
            return taken

    async def _write(self, documents: list[Document]) -> int:
        """Change what is there, create what is whole."""
        whole = [one for one in documents if "type" in one]
        parts = [one for one in documents if "type" not in one]
        failed = []
        if parts:
            failed += (await self._city.update_many(parts)).failed
        if whole:
            failed += (await self._city.upsert(whole, update=True)).failed
        if failed:
            self.refused += len(failed)
            self._told(f"{len(failed)} entities not taken, first {failed[0].entity_id}: {failed[0].error}")
        return len(documents) - len(failed)

    def _return(self, part: dict[str, Document]) -> None:
        newer = dict(self._bins.outbox)
        self._bins.outbox.clear()
        for document in (*part.values(), *newer.values()):
            self._bins.put(document)
