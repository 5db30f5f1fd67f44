"""What queries find, as it is at one instant, while writes go on.

The live data are read in slices, and what changes meanwhile is noted. What was noted is read again, in
slices too, until so little is left that it can be read at once: that is the instant. Bytes of documents
are shared and never copied, so it costs little memory.

Where registered sources know of what a query is about, they are asked as for any query (clause 5.7.2.4). What
they say is as old as their answers: such a query holds no single instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from samstad_broker.domain.snapshots import joined, leaves_all, reduced
from samstad_broker.domain.state.dataset import Watch
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.query import list_records, still_matching
from samstad_broker.service.snapshots.sources import inquiry_of
from samstad_broker.spi.forwarder import Inquiry, Window
from samstad_ngsild.errors import NgsiLdError
from samstad_ngsild.query import Query

__all__ = ["Frozen", "freeze"]

_SLICE = 50
"""Entities that are evaluated, or parsed, between two chances for other requests: about 2 ms (I5)."""
_TAKEN = 2_000
"""Entities of which only the bytes are taken over, for the same time."""
_PAGE = 200
"""Entities that are joined from several sources at once."""
_ROUNDS = 50
"""After so many rounds the rest is read at once, however much it is: writes came faster than reads."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was found.

    Attributes:
        documents: entity by id, as bytes, from one instant.
        details: what became of each query, as ExecutionResultDetails (clause 5.2.42).
    """

    documents: dict[str, bytes]
    details: list[dict[str, Any]]


@dataclass(slots=True)
class _Taking:
    """What one query finds."""

    query: Query
    found: dict[str, bytes] = field(default_factory=dict)
    failure: NgsiLdError | None = None
    is_distributed: bool = False
    warnings: list[str] = field(default_factory=list)

    async def scan(self, broker: Broker, call: Call) -> None:
        try:
            inquiry = inquiry_of(broker, call, self.query)
            if inquiry is None:
                await self._scan_here(broker, call)
            else:
                self.is_distributed = True
                await self._ask_everywhere(broker, inquiry)
        except NgsiLdError as error:
            self.failure = error

    async def _ask_everywhere(self, broker: Broker, inquiry: Inquiry) -> None:
        places, self.warnings = await broker.forwarder.list_places(inquiry)
        offset = 0
        while True:
            page = await broker.forwarder.query_mapped(inquiry, places, Window(_PAGE, offset))
            self.found.update((one["id"], orjson.dumps(one)) for one in page.documents)
            self.warnings += page.warnings
            if not page.more:
                return
            offset = page.next_offset or offset + _PAGE

    async def _scan_here(self, broker: Broker, call: Call) -> None:
        records = await list_records(broker, call, self.query)
        for start in range(0, len(records), _TAKEN):
            self.found.update((one.id, one.document) for one in records[start : start + _TAKEN])
            await asyncio.sleep(0)

    def again(self, broker: Broker, call: Call, changed: Iterable[str]) -> None:
        if self.failure is not None or self.is_distributed:
            return
        find = still_matching(broker, call, self.query)
        for entity_id in changed:
            record = find(entity_id)
            if record is None:
                self.found.pop(entity_id, None)
            else:
                self.found[entity_id] = record.document

    def details(self) -> dict[str, Any]:
        if self.failure is not None:
            return {"resultStatus": "failure", "problemDetails": self.failure.problem()}
        told: dict[str, Any] = {"resultStatus": "success" if self.found else "empty"}
        if self.warnings:
            detail = "; ".join(dict.fromkeys(self.warnings))
            told["problemDetails"] = {"title": "Not every source answered as it should", "detail": detail}
        return told


async def freeze(broker: Broker, call: Call, queries: Sequence[Query]) -> Frozen:
    """Return what queries find, all from the same instant.

    A query that fails is told in ``details`` and hinders none of the others.

    Raises:
        NonexistentTenant, ResourceNotFound: the tenant or snapshot of the call is not there (any more).
    """
    dataset, watch = broker.data(call), Watch()
    takings = [_Taking(query) for query in queries]
    dataset.watches.append(watch)
    try:
        for taking in takings:
            await taking.scan(broker, call)
        await _catch_up(broker, call, takings, watch)
    finally:
        dataset.watches.remove(watch)
    return Frozen(await _united(takings), [taking.details() for taking in takings])


async def _catch_up(broker: Broker, call: Call, takings: list[_Taking], watch: Watch) -> None:
    for _ in range(_ROUNDS):
        if len(watch.ids) <= _SLICE:
            break
        changed, watch.ids = list(watch.ids), set()
        for start in range(0, len(changed), _SLICE):
            for taking in takings:
                taking.again(broker, call, changed[start : start + _SLICE])
            await asyncio.sleep(0)
    for taking in takings:
        taking.again(broker, call, watch.ids)


async def _united(takings: list[_Taking]) -> dict[str, bytes]:
    """Return what all queries found, each reduced to what its projection leaves."""
    if len(takings) == 1 and leaves_all(takings[0].query):
        return takings[0].found
    united: dict[str, bytes] = {}
    for taking in takings:
        reduce, found = reduced(taking.query), list(taking.found)
        for start in range(0, len(found), _SLICE):
            for entity_id in found[start : start + _SLICE]:
                left = reduce(taking.found[entity_id])
                other = united.get(entity_id)
                united[entity_id] = left if other is None else joined(other, left)
            await asyncio.sleep(0)
    return united
