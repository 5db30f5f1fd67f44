"""Batch update: POST /entityOperations/update (clauses 5.6.9, 6.16.3.1).

- each entity must exist; its attributes are appended, existing ones overwritten unless ``noOverwrite``.
"""

from __future__ import annotations

from samstad_broker.service.batch.outcome import BatchOutcome, Items, check_size, walk
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_broker.service.entity_rows import Durable
from samstad_ngsild import merge
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso

__all__ = ["update_batch"]


async def update_batch(broker: Broker, call: Call, items: Items, *, overwrite: bool = True) -> BatchOutcome:
    """Update the entities and tell what came of each."""
    check_size(broker, items)
    outcome = BatchOutcome()
    now = iso(call.now_us)

    def apply(item: EntityDocument) -> Durable:
        target = found_for_writing(broker, call, item["id"])
        change = merge.append_attributes(target.before, item, now=now, overwrite=overwrite)
        durable = apply_change(broker, call, target, change)
        outcome.note(item["id"], created=False)
        return durable

    return await walk(broker, items, apply, outcome)
