"""Batch delete: POST /entityOperations/delete (clauses 5.6.10, 6.17.3.1).

- each id must exist; those that do not are told (207).
"""

from __future__ import annotations

from collections.abc import Sequence

from samstad_broker.service.batch.outcome import BatchOutcome, check_size, walk
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.delete import delete_entity
from samstad_broker.service.entity_rows import Durable
from samstad_ngsild.document import EntityDocument

__all__ = ["delete_batch"]


async def delete_batch(broker: Broker, call: Call, ids: Sequence[str]) -> BatchOutcome:
    """Delete the entities and tell what came of each; ``updated`` holds those that are gone."""
    check_size(broker, ids)
    outcome = BatchOutcome()

    def apply(item: EntityDocument) -> Durable:
        durable = delete_entity(broker, call, item["id"])
        outcome.note(item["id"], created=False)
        return durable

    return await walk(broker, [{"id": entity_id} for entity_id in ids], apply, outcome)
