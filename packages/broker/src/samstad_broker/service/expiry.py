"""What has expired is not there (clause 4.22): for readers at once, in the log when the node gets to it.

- a reader is shown what is valid at the time of the request, whatever the state still holds;
- a write to an entity of which something has expired writes that down first, and then goes on;
- everything else is written by ``ExpiryTask``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from samstad_broker.domain.expiry import expire_attributes, has_expired, valid_document
from samstad_broker.domain.rows import RowKind
from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.record import Record
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entity_rows import Durable, Target, stage_change, stage_end
from samstad_broker.spi.authorizer import Caller, Operation

__all__ = ["expire_entity", "node_call", "settle", "valid_record"]


@dataclass(frozen=True, slots=True)
class _Node:
    """The node itself as the author of rows; it asks nobody and identifies nobody."""

    id: str

    def identify(self, headers: Mapping[str, str], *, now_us: int, peer: str = "") -> Caller:
        """Return itself."""
        del headers, now_us, peer
        return self

    def may(self, caller: Caller, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        """Say no: nothing that is asked for goes by this way."""
        del caller, tenant, operation, entity_type
        return False

    def record(self, entry: Mapping[str, Any]) -> None:
        """Keep nothing."""
        del entry


def valid_record(dataset: Dataset, record: Record, now_us: int) -> Record | None:
    """Return a record as it may be shown at a time; None where the entity has expired.

    The record itself is returned where nothing in it has expired, at the cost of one comparison while
    nothing in the data set has; otherwise a record beside the state, of which no view is kept.
    """
    expiries = dataset.expiries
    if expiries.first_us > now_us or expiries.at_us(record.sequence) > now_us:
        return record
    document = valid_document(record.parsed(), now_us)
    if document is None:
        return None
    return Record(record.id, record.sequence, record.types, orjson.dumps(document))


def settle(broker: Broker, call: Call, dataset: Dataset, entity_id: str) -> None:
    """Write down what has expired of the entity that a call is about to change.

    Raises:
        StoreError: the log takes no rows; the write itself would be refused as well.
    """
    if dataset.expiries.first_us > call.now_us:
        return
    record = dataset.entities.get(entity_id)
    if record is not None and dataset.expiries.at_us(record.sequence) <= call.now_us:
        expire_entity(broker, (call.tenant, call.snapshot), record, call.now_us)


def node_call(broker: Broker, key: tuple[str, str], now_us: int) -> Call:
    """Return a call of the node's own on the data set of (tenant, snapshot)."""
    tenant, snapshot = key
    node = _Node(broker.alias)
    return Call(caller=node, authorizer=node, tenant=tenant, snapshot=snapshot, now_us=now_us)


def expire_entity(broker: Broker, key: tuple[str, str], record: Record, now_us: int) -> Durable:
    """Stage the row that ends an entity, or takes out its expired attributes; the node is its author.

    Args:
        broker: the shard.
        key: (tenant, snapshot) of the data set.
        record: an entity in which something has expired.
        now_us: the time.
    """
    call = node_call(broker, key, now_us)
    before = record.parsed()
    target = Target(broker.state.dataset(*key), record, before)
    if has_expired(before, now_us):
        return stage_end(broker, call, target, kind=RowKind.EXPIRE)
    # What is left may break its model; time passes all the same.
    return stage_change(broker, call, target, expire_attributes(before, now_us=now_us), checked=False)
