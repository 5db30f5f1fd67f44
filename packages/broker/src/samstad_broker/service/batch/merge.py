"""Batch merge: POST /entityOperations/merge (clauses 5.6.20, 6.31.3.1).

- each entity must exist; the fragment is merged into it at any depth (clause 5.5.12).
"""

from __future__ import annotations

from samstad_broker.service.batch.outcome import BatchOutcome, Items, check_size, walk
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.merge import merge_entity
from samstad_broker.service.entity_rows import Durable
from samstad_ngsild.context import CORE
from samstad_ngsild.document import EntityDocument

__all__ = ["merge_batch"]


async def merge_batch(broker: Broker, call: Call, items: Items) -> BatchOutcome:
    """Merge the fragments and tell what came of each."""
    check_size(broker, items)
    outcome = BatchOutcome()

    def apply(item: EntityDocument) -> Durable:
        durable = merge_entity(broker, call, item["id"], item, CORE)
        outcome.note(item["id"], created=False)
        return durable

    return await walk(broker, items, apply, outcome)
