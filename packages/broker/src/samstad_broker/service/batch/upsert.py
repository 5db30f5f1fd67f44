"""Batch upsert: POST /entityOperations/upsert (clauses 5.6.8, 6.15.3.1).

- creates what is new; replaces what exists (default) or updates it (``options=update``);
- several entities with one id are applied in order, and the history keeps all of them (clause 5.5.11).
"""

from __future__ import annotations

from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.service.batch.outcome import BatchOutcome, Items, check_size, walk
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entities.lookup import target_of
from samstad_broker.service.entity_changes import apply_change
from samstad_broker.service.entity_rows import Durable
from samstad_broker.service.expiry import settle
from samstad_ngsild import merge
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso

__all__ = ["upsert_batch"]


async def upsert_batch(broker: Broker, call: Call, items: Items, *, update: bool = False) -> BatchOutcome:
    """Create or replace (or update) the entities and tell what came of each."""
    check_size(broker, items)
    outcome = BatchOutcome()
    now = iso(call.now_us)
    decide = merge.append_attributes if update else merge.replace_entity
    dataset: Dataset

    def begin() -> None:
        nonlocal dataset
        dataset = broker.data_for_creation(call)

    def apply(item: EntityDocument) -> Durable:
        entity_id = item["id"]
        settle(broker, call, dataset, entity_id)
        record = dataset.entities.get(entity_id)
        if record is None:
            durable = create_entity(broker, call, item)
        else:
            target = target_of(call, dataset, record)
            durable = apply_change(broker, call, target, decide(target.before, item, now=now))
        outcome.note(entity_id, created=record is None)
        return durable

    return await walk(broker, items, apply, outcome, begin=begin)
