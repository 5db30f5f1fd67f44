"""Purge entities: DELETE /entities (clauses 5.6.21, 6.4.3.3).

- deletes every entity that the query matches and the caller may delete;
- an entity that the caller may not delete stops the operation before anything is deleted.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.query import query_entities
from samstad_broker.service.entity_rows import Target, stage_end
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.query import Query

__all__ = ["purge_entities"]


async def purge_entities(broker: Broker, call: Call, query: Query) -> list[str]:
    """Delete all matches and return their ids.

    Raises:
        Forbidden: the caller may not delete entities of a type that matches.
    """
    found = await query_entities(broker, call, query, limit=broker.limits.scan)
    dataset = broker.data(call)
    alive = [
        record
        for one in found.records
        if (record := dataset.entities.get(one.id)) is not None and record.sequence == one.sequence
    ]
    for record in alive:
        call.require(Operation.DELETE, record.types)
    durable = None
    for record in alive:
        durable = stage_end(broker, call, Target(dataset, record, record.parsed()))
    if durable is not None:
        # Rows are durable in order: the last one's group answers for all.
        await durable
    return [record.id for record in alive]
