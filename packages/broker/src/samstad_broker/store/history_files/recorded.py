"""From rows of history files back to what the log's rows did to the history (see ``domain.history``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from samstad_broker.domain.history import Effect, Known, Written, deletion_record, effects_of, stamped
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_ngsild.entities.dates import iso

__all__ = ["RecordedRow", "recorded_effects", "recorded_row"]


class RecordedRow(NamedTuple):
    """The columns of a history file that rebuild the history; times are µs since 1970 UTC."""

    tenant: str
    snapshot: str
    epoch: int
    position: int
    accepted_us: int
    kind: str
    entity: str
    types: list[str] | None
    attribute: str | None
    attribute_type: str | None
    dataset_id: str | None
    ordinal: int | None
    created_us: int | None
    deleted_us: int | None
    entity_created_us: int | None
    entity_modified_us: int | None
    json: str | None


def recorded_row(recorded: RecordedRow) -> Row:
    """Return the row of the log that a recorded one comes from, without its payload."""
    place = Position(recorded.epoch, recorded.position)
    kind = RowKind(recorded.kind)
    tenant, snapshot = recorded.tenant, recorded.snapshot
    return Row(place, recorded.accepted_us, kind, tenant, snapshot, recorded.entity, b"")


def recorded_effects(recorded: Sequence[RecordedRow], *, keeps_deleted: bool) -> Iterator[Effect]:
    """Yield what one row of the log did, as ``effects_of`` does from the row itself.

    Args:
        recorded: all rows of one position, in order of ``ordinal``.
        keeps_deleted: as in ``effects_of``.
    """
    first = recorded[0]
    row = recorded_row(first)
    if row.kind in (RowKind.CHANGE, RowKind.HISTORY_ADD):
        yield _known(row, first)
        yield from _written(row, recorded)
        return
    payload = (first.json or "{}").encode()
    if row.kind in (RowKind.DELETE, RowKind.EXPIRE):
        payload = orjson.dumps({"was": orjson.loads(payload), "deletedAt": _iso(first.deleted_us)})
    whole = Row(row.position, row.time_us, row.kind, row.tenant, row.snapshot, row.subject, payload)
    yield from effects_of(whole, keeps_deleted=keeps_deleted)


def _known(row: Row, first: RecordedRow) -> Known:
    types = first.types or ()
    if row.kind is RowKind.HISTORY_ADD:
        return Known(types, None, iso(row.time_us), None, is_alive=False)
    created, modified = _iso(first.entity_created_us), _iso(first.entity_modified_us)
    return Known(types, created, modified, None, is_alive=True)


def _written(row: Row, recorded: Sequence[RecordedRow]) -> Iterator[Written]:
    for one in recorded:
        if one.attribute is None or one.ordinal is None:
            continue
        instance: dict[str, Any]
        if one.json is not None:
            instance = orjson.loads(one.json)
        else:
            instance = deletion_record(
                one.attribute_type or "Property",
                iso(row.time_us if one.deleted_us is None else one.deleted_us),
                created=_iso(one.created_us),
                dataset_id=one.dataset_id,
            )
        yield stamped(row, one.ordinal, one.attribute, instance)


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else iso(time_us)
