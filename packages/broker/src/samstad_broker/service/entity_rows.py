"""From a decided change to a staged row: state, matching and payload of one entity, in one step."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import orjson

from samstad_broker.domain.payload import change_payload, creation_payload, end_payload
from samstad_broker.domain.rows import RowKind
from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.record import Record, exact_bytes
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.writer import Draft, Durable
from samstad_ngsild.document import EntityDocument, attribute_names
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.merge import Change

__all__ = ["Durable", "Target", "stage_change", "stage_copy", "stage_creation", "stage_end"]


class Target(NamedTuple):
    """The entity that an operation is about to change, as it is before."""

    dataset: Dataset
    record: Record
    before: EntityDocument


def _matched(
    broker: Broker,
    call: Call,
    before: EntityDocument | None,
    after: EntityDocument | None,
    touched: Collection[str],
) -> tuple[str, ...]:
    """Return the subscriptions that a change concerns; snapshots are not live data and notify nobody."""
    return () if call.snapshot else broker.matcher(call.tenant, before, after, touched)


def stage_creation(broker: Broker, call: Call, dataset: Dataset, document: EntityDocument) -> Durable:
    """Take in a new entity whose id is free."""
    broker.writer.check()
    broker.model(call.tenant, document)
    encoded = exact_bytes(orjson.dumps(document))
    matched = _matched(broker, call, None, document, tuple(attribute_names(document)))
    record = dataset.add(document, broker.state.sequence, encoded)
    broker.state.sequence += 1

    def undo() -> None:
        dataset.remove(record, document)

    payload = creation_payload(call.caller.id, document)
    return broker.writer.stage(
        Draft(
            RowKind.CHANGE,
            call.now_us,
            call.tenant,
            call.snapshot,
            document["id"],
            payload,
            undo,
            matched,
            encoded if matched else None,
        )
    )


def stage_copy(broker: Broker, call: Call, dataset: Dataset, encoded: bytes) -> Durable:
    """Take an entity into a snapshot as it was elsewhere: it is checked against nothing and tells nobody."""
    broker.writer.check()
    document: EntityDocument = orjson.loads(encoded)
    record = dataset.add(document, broker.state.sequence, encoded)
    broker.state.sequence += 1

    def undo() -> None:
        dataset.remove(record, document)

    payload = creation_payload(call.caller.id, document)
    kind, subject = RowKind.CHANGE, document["id"]
    return broker.writer.stage(Draft(kind, call.now_us, call.tenant, call.snapshot, subject, payload, undo))


def stage_change(
    broker: Broker, call: Call, target: Target, change: Change, *, checked: bool = True
) -> Durable:
    """Change an entity as a merge decided; ``checked`` holds it against the tenant's models."""
    broker.writer.check()
    dataset, record, before = target
    after = change.document
    if checked:
        broker.model(call.tenant, after)
    # What was touched and is as it was concerns neither subscriptions nor indexes nor the history.
    written = change.written
    touched = tuple(written)
    matched = _matched(broker, call, before, after, touched)
    dataset.change(record, before, after, touched)

    def undo() -> None:
        dataset.change(record, after, before, touched)

    payload = change_payload(call.caller.id, before, after, written)
    return broker.writer.stage(
        Draft(
            RowKind.CHANGE,
            call.now_us,
            call.tenant,
            call.snapshot,
            record.id,
            payload,
            undo,
            matched,
            record.document if matched else None,
        )
    )


def stage_end(broker: Broker, call: Call, target: Target, *, kind: RowKind = RowKind.DELETE) -> Durable:
    """End an entity: deleted by somebody, or expired."""
    broker.writer.check()
    dataset, record, before = target
    sequence = record.sequence
    matched = _matched(broker, call, before, None, tuple(attribute_names(before)))
    dataset.remove(record, before)

    def undo() -> None:
        dataset.add(before, sequence, record.document)

    payload = end_payload(call.caller.id, before, iso(call.now_us))
    return broker.writer.stage(
        Draft(
            kind,
            call.now_us,
            call.tenant,
            call.snapshot,
            record.id,
            payload,
            undo,
            matched,
            record.document if matched else None,
        )
    )
