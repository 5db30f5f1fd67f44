"""From rows of the log to rows of the history: one per attribute instance, and one per other event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from samstad_broker.domain.history import ended_instances
from samstad_broker.domain.instance_ids import instance_id, written_instances
from samstad_broker.domain.rows import Row, RowKind
from samstad_broker.store.history_files.columns import HistoryRow
from samstad_ngsild.document import VALUE_MEMBER

__all__ = ["history_rows"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - history files hold UTC without a zone


def history_rows(row: Row) -> Iterator[HistoryRow]:
    """Yield what a log row is in the history."""
    payload: dict[str, Any] = orjson.loads(row.payload)
    return _EXPLODE.get(row.kind, _event)(row, payload)


def _change(row: Row, payload: Mapping[str, Any]) -> Iterator[HistoryRow]:
    head = payload["head"]
    base = _of_entity(_base(row, payload, head["type"]), head)
    instances = [*_instances(row, payload, base), *_ended(row, payload, base)]
    # Each row of the log has one here at least: a gap is seen, and the time of the change is kept.
    if not instances or _told(head) != _told(payload["was"]):
        yield base._replace(json=_text(head), modifiedAt=base.entityModifiedAt)
    yield from instances


def _told(head: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what of the core members is worth a row of its own: not that something changed."""
    return head and {name: value for name, value in head.items() if name != "modifiedAt"}


def _of_entity(base: HistoryRow, head: Mapping[str, Any]) -> HistoryRow:
    created, modified = _time(head.get("createdAt")), _time(head.get("modifiedAt"))
    return base._replace(entityCreatedAt=created, entityModifiedAt=modified)


def _instances(row: Row, payload: Mapping[str, Any], base: HistoryRow) -> Iterator[HistoryRow]:
    for ordinal, attribute, instance in written_instances(payload):
        yield _instance(row, base, ordinal, attribute, instance)


def _instance(
    row: Row, base: HistoryRow, ordinal: int, attribute: str, instance: Mapping[str, Any]
) -> HistoryRow:
    value = instance.get(VALUE_MEMBER.get(instance["type"], "value"))
    return base._replace(
        attribute=attribute,
        attributeType=instance["type"],
        datasetId=instance.get("datasetId"),
        instanceId=instance_id(row.position, ordinal),
        observedAt=_time(instance.get("observedAt")),
        modifiedAt=_time(instance.get("modifiedAt")) or base.acceptedAt,
        number=_number(value),
        text=value if isinstance(value, str) else None,
        json=_text(instance),
        unitCode=instance.get("unitCode"),
        geometry=_geometry(value) if instance["type"] == "GeoProperty" else None,
        createdAt=_time(instance.get("createdAt")) or base.acceptedAt,
        ordinal=ordinal,
    )


def _ended(row: Row, payload: Mapping[str, Any], base: HistoryRow) -> Iterator[HistoryRow]:
    """Yield a row for each instance that was there before and is not any more, and one for a new scope."""
    for ordinal, attribute, record in ended_instances(row, payload):
        if "deletedAt" not in record:
            scope = {name: value for name, value in record.items() if name != "instanceId"}
            yield _instance(row, base, ordinal, attribute, scope)
            continue
        yield base._replace(
            attribute=attribute,
            attributeType=record["type"],
            datasetId=record.get("datasetId"),
            deletedAt=_time(record["deletedAt"]),
            createdAt=_time(record["createdAt"]),
            ordinal=ordinal,
        )


def _end(row: Row, payload: Mapping[str, Any]) -> Iterator[HistoryRow]:
    was = payload["was"]
    deleted = _time(payload.get("deletedAt"))
    base = _of_entity(_base(row, payload, was["type"]), was)
    yield base._replace(deletedAt=deleted, json=_text(was))


def _addition(row: Row, payload: Mapping[str, Any]) -> Iterator[HistoryRow]:
    base = _base(row, payload, payload["types"])
    instances = list(_instances(row, payload, base))
    yield from instances or [base]


def _event(row: Row, payload: Mapping[str, Any]) -> Iterator[HistoryRow]:
    members = (payload.get("attribute"), payload.get("datasetId"), payload.get("instanceId"))
    attribute, dataset, instance = (value if isinstance(value, str) else None for value in members)
    yield _base(row, payload, None)._replace(
        attribute=attribute, datasetId=dataset, instanceId=instance, json=_text(payload)
    )


def _document(row: Row, payload: Mapping[str, Any]) -> Iterator[HistoryRow]:
    # Subscriptions carry their receivers' credentials: what was in a document does not leave the node.
    told = {name: value for name, value in payload.items() if name != "content"}
    yield _base(row, payload, None)._replace(json=_text(told | {"ended": payload.get("content") is None}))


_EXPLODE: dict[RowKind, Callable[[Row, Mapping[str, Any]], Iterator[HistoryRow]]] = {
    RowKind.CHANGE: _change,
    RowKind.DELETE: _end,
    RowKind.EXPIRE: _end,
    RowKind.HISTORY_ADD: _addition,
    RowKind.DOCUMENT: _document,
}
"""Rows of other kinds are kept as they are."""


def _base(row: Row, payload: Mapping[str, Any], types: list[str] | None) -> HistoryRow:
    by = payload.get("by")
    return HistoryRow(
        tenant=row.tenant,
        snapshot=row.snapshot,
        epoch=row.position.epoch,
        position=row.position.number,
        acceptedAt=_EPOCH + timedelta(microseconds=row.time_us),
        kind=row.kind.value,
        by=by if isinstance(by, str) else None,
        entity=row.subject,
        types=types,
    )


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _time(text: Any) -> datetime | None:
    """Return an ISO 8601 time as UTC without a zone; None where it is none (``json`` keeps it as given)."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    try:
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _geometry(value: Any) -> bytes | None:
    """Return a GeoJSON geometry as WKB; None where it is none (``json`` keeps it as given)."""
    import shapely  # type: ignore[import-untyped]  # noqa: PLC0415 - loading it takes long

    try:
        return bytes(shapely.to_wkb(shapely.from_geojson(orjson.dumps(value))))
    except (shapely.errors.ShapelyError, TypeError):
        return None
