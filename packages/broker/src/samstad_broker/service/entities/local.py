"""What this broker holds itself of the entities that a distributed query is about (the Local port)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from samstad_broker.domain.state.record import Record
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.query import list_matching, query_entities, query_mapped
from samstad_broker.spi.forwarder import LocalPage
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.query import Query

__all__ = ["LocalEntities"]

_SLICE = 500


class LocalEntities:
    """The entities here that one caller may read."""

    def __init__(self, broker: Broker, call: Call) -> None:
        self._broker = broker
        self._call = call
        self._given: dict[str, tuple[Record, EntityDocument]] = {}

    async def page(self, query: Query, *, limit: int, count: bool) -> LocalPage:
        """Return the first ones that a query matches."""
        found = await query_entities(self._broker, self._call, query, limit=limit, count=count)
        return LocalPage(await self._parsed(found.records), found.more, found.total)

    async def list_ids(self, query: Query) -> list[str]:
        """Return the ids of all that a query matches, in its order."""
        return await list_matching(self._broker, self._call, query)

    async def among(self, query: Query, ids: Sequence[str]) -> list[EntityDocument]:
        """Return those of some ids that a query matches."""
        if not ids:
            return []
        found = await query_mapped(self._broker, self._call, query, ids, limit=len(ids))
        return await self._parsed(found.records)

    def unchanged(self, document: EntityDocument) -> Record | None:
        """Return the record of a document that was given and that nobody has joined with another."""
        record, given = self._given.get(document["id"], (None, None))
        return record if given is document else None

    async def _parsed(self, records: Sequence[Record]) -> list[EntityDocument]:
        documents = []
        for number, record in enumerate(records, start=1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            document = record.parsed()
            self._given[record.id] = (record, document)
            documents.append(document)
        return documents
