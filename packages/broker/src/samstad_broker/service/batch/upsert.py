"""Batch upsert: POST /entityOperations/upsert (clauses 5.6.8, 6.15.3.1).

- creates what is new; replaces what exists (default) or updates it (``options=update``);
- several entities with one id are applied in order, and the history keeps all of them (clause 5.5.11).
"""

from __future__ import annotations

from collections.abc import Sequence

from samstad_broker.service.batch.outcome import BatchOutcome, check_size, walk
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_broker.service.entity_rows import Durable
from samstad_broker.service.expiry import settle
from samstad_ngsild import merge
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso

__all__ = ["upsert_batch"]


async def upsert_batch(
    broker: Broker, call: Call, items: Sequence[EntityDocument], *, update: bool = False
) -> BatchOutcome:
    """Create or replace (or update) the entities and tell what came of each."""
    check_size(broker, items)
    outcome = BatchOutcome()
    dataset = broker.data_for_creation(call)
    now = iso(call.now_us)

    def apply(item: EntityDocument) -> Durable:
        settle(broker, call, dataset, item["id"])
        created = item["id"] not in dataset.entities
        durable = create_entity(broker, call, item) if created else change(item)
        outcome.note(item["id"], created=created)
        return durable

    def change(item: EntityDocument) -> Durable:
        target = found_for_writing(broker, call, item["id"])
        decide = merge.append_attributes if update else merge.replace_entity
        return apply_change(broker, call, target, decide(target.before, item, now=now))

    return await walk(items, apply, outcome)
