"""Batch create: POST /entityOperations/create (clauses 5.6.7, 6.14.3.1).

- of several entities with one id the first is created, the others are AlreadyExists (clause 5.5.11).
"""

from __future__ import annotations

from samstad_broker.service.batch.outcome import BatchOutcome, Items, check_size, walk
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entity_rows import Durable
from samstad_ngsild.document import EntityDocument

__all__ = ["create_batch"]


async def create_batch(broker: Broker, call: Call, items: Items) -> BatchOutcome:
    """Create the entities and tell what came of each."""
    check_size(broker, items)
    outcome = BatchOutcome()

    def apply(item: EntityDocument) -> Durable:
        durable = create_entity(broker, call, item)
        outcome.note(item["id"], created=True)
        return durable

    return await walk(broker, items, apply, outcome)
