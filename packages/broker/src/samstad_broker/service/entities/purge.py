"""Purge entities: DELETE /entities (clauses 5.6.21, 6.4.3.3).

- deletes every entity that the query matches, or of each the attributes that ``Reduction`` names;
- an entity that the caller may not delete, or write, stops the operation before anything is deleted;
- others get their turn meanwhile: an entity that changes between two slices is taken as it is then (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.record import Record
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.query import query_entities
from samstad_broker.service.entity_rows import Durable, Target, stage_change, stage_end
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.merge import Change, reduce_entity
from samstad_ngsild.query import Query, link_depth

__all__ = ["Reduction", "purge_entities"]

_SLICE = 50
"""Entities between two chances for other requests: about 2 ms (I5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """Which attributes go instead of the whole entity; expanded names.

    Attributes:
        keep: what stays; None: all but what is dropped.
        drop: what goes.
    """

    keep: frozenset[str] | None = None
    drop: frozenset[str] = frozenset()

    def of(self, target: Target, now_us: int) -> Change:
        """Return what it does to an entity."""
        return reduce_entity(target.before, now=iso(now_us), keep=self.keep, drop=self.drop)


async def purge_entities(
    broker: Broker, call: Call, query: Query, *, reduction: Reduction | None = None
) -> list[str]:
    """Delete all matches, or attributes of all matches, and return their ids when that is durable.

    Raises:
        BadRequestData: the query goes over linked entities (clause 5.6.21.4), or what is left of an entity
            breaks its model and the tenant refuses that.
        Forbidden: the caller may not delete, or write, entities of a type that matches.
    """
    if query.q is not None and link_depth(query.q):
        raise BadRequestData("A purge cannot look at linked entities: leave them out of q.", pointer="q")
    found = await query_entities(broker, call, query, limit=broker.limits.scan)
    dataset = broker.data(call)
    operation = Operation.DELETE if reduction is None else Operation.WRITE
    for records in _slices(found.records):
        for target in _alive(dataset, records):
            call.require(operation, target.record.types)
            if reduction is not None:
                broker.model(call.tenant, reduction.of(target, call.now_us).document)
        await asyncio.sleep(0)
    purged: list[str] = []
    for records in _slices(found.records):
        durable = None
        for target in _alive(dataset, records):
            call.require(operation, target.record.types)
            durable = _stage(broker, call, target, reduction) or durable
            purged.append(target.record.id)
        if durable is not None:
            # Rows are durable in order: the last one's group answers for all.
            await durable
    return purged


def _stage(broker: Broker, call: Call, target: Target, reduction: Reduction | None) -> Durable | None:
    if reduction is None:
        return stage_end(broker, call, target)
    change = reduction.of(target, call.now_us)
    return None if change.is_identical else stage_change(broker, call, target, change)


def _slices(records: list[Record]) -> Iterator[list[Record]]:
    for start in range(0, len(records), _SLICE):
        yield records[start : start + _SLICE]


def _alive(dataset: Dataset, records: list[Record]) -> Iterator[Target]:
    """Yield what is still there of the entities that were found."""
    for one in records:
        record = dataset.entities.get(one.id)
        if record is not None and record.sequence == one.sequence:
            yield Target(dataset, record, record.parsed())
