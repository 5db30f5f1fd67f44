"""Rows that change the history alone: late observations, corrections, deletions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from samstad_broker.domain.rows import RowKind
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.writer import Draft, Durable
from samstad_ngsild.document import EntityDocument, Instance, attribute_names

__all__ = ["added_instances", "stage_addition", "stage_correction", "stage_deletion"]


def added_instances(document: EntityDocument) -> dict[str, list[Instance]]:
    """Return what a temporal body adds: attributes, and ``scope`` as one of them."""
    added: dict[str, list[Instance]] = {name: document[name] for name in attribute_names(document)}
    if "scope" in document:
        added["scope"] = document["scope"]
    return added


def stage_addition(
    broker: Broker, call: Call, entity_id: str, types: Sequence[str], added: Mapping[str, list[Instance]]
) -> Durable:
    """Add instances to an evolution; it begins with them where there is none."""
    return _stage(broker, call, RowKind.HISTORY_ADD, entity_id, {"types": types, "set": added})


def stage_correction(  # noqa: PLR0913 - what names an instance, and the instance
    broker: Broker, call: Call, entity_id: str, *, attribute: str, instance_id: str, instance: Instance
) -> Durable:
    """Replace one instance."""
    content = {"attribute": attribute, "instanceId": instance_id, "instance": instance}
    return _stage(broker, call, RowKind.HISTORY_CORRECT, entity_id, content)


def stage_deletion(broker: Broker, call: Call, entity_id: str, **named: str | None) -> Durable:
    """Forget what is named by ``attribute``, ``datasetId``, ``instanceId``; nothing named: everything."""
    content = {name: value for name, value in named.items() if value is not None}
    return _stage(broker, call, RowKind.HISTORY_DELETE, entity_id, content)


def _stage(broker: Broker, call: Call, kind: RowKind, entity_id: str, content: Mapping[str, Any]) -> Durable:
    broker.writer.check()
    payload = orjson.dumps({"by": call.caller.id, **content})
    draft = Draft(kind, call.now_us, call.tenant, call.snapshot, entity_id, payload, None)
    return broker.writer.stage(draft)
