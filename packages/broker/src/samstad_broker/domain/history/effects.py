"""What a row of the log does to the history: the one reading that every index shares.

The table of kinds stands in ``spi.history``. Ordinals of a row's instances count on after those of its
``set`` (see ``domain.instance_ids``): first the deletion records, in the order of ``set`` and ``before``,
then the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from samstad_broker.domain.instance_ids import instance_id, written_instances
from samstad_broker.domain.rows import Row, RowKind
from samstad_ngsild.document import NULL, VALUE_MEMBER, Instance
from samstad_ngsild.entities.dates import iso, parse_datetime

__all__ = [
    "DEFAULT_DATASET",
    "Effect",
    "Forgotten",
    "Known",
    "Outdated",
    "Redacted",
    "Replaced",
    "Written",
    "deletion_record",
    "effects_of",
    "ended_instances",
    "stamped",
]

DEFAULT_DATASET = "@none"
"""Names the instances without a ``datasetId`` where None stands for those of any (clause 4.5.5)."""


class Known(NamedTuple):
    """The entity is known to the history; comes before every other effect of its row.

    Attributes:
        types: to be united with those known.
        created_at: ISO text; None: a history was added to, the creation stays what it was.
        modified_at: ISO text.
        deleted_at: ISO text of the end; None: it is there, or was only added to.
        is_alive: whether the row says that the entity is there: an end that was recorded is then over.
    """

    types: Sequence[str]
    created_at: str | None
    modified_at: str | None
    deleted_at: str | None
    is_alive: bool


class Written(NamedTuple):
    """An instance of an attribute, whole: with ``instanceId``, ``createdAt`` and ``modifiedAt``."""

    ordinal: int
    attribute: str
    instance: Instance


class Replaced(NamedTuple):
    """An instance is corrected (clause 5.6.14); ``replaced`` joins it with the one that is there."""

    attribute: str
    instance_id: str
    instance: Instance


class Forgotten(NamedTuple):
    """Instances leave the history; the less is named, the more: nothing named is the entity itself.

    ``dataset_id`` is ``DEFAULT_DATASET`` for those without one, None for all.
    """

    attribute: str | None
    dataset_id: str | None
    instance_id: str | None


class Outdated(NamedTuple):
    """Instances of the data set whose every time lies before a time leave the history.

    Attributes:
        before_us: the first microsecond that stays.
        entity_id: of one entity only; None: of all.
        types: of entities that have one of these types only; empty: of all.
        attributes: of these only; None: of all.
    """

    before_us: int
    entity_id: str | None
    types: Sequence[str]
    attributes: Sequence[str] | None


class Redacted(NamedTuple):
    """Values are taken out of all instances of the attributes (None: of every one); times stay."""

    attributes: Sequence[str] | None
    at: str


Effect = Known | Written | Replaced | Forgotten | Outdated | Redacted


def effects_of(row: Row, *, keeps_deleted: bool) -> Iterator[Effect]:
    """Yield what a row does to the history of its subject (``Outdated``: of its data set), in order.

    Args:
        row: of any kind.
        keeps_deleted: whether the history of an entity that somebody deletes stays; that of one that
            expired always does.
    """
    read = _READ.get(row.kind)
    if read is None:
        return
    payload: dict[str, Any] = orjson.loads(row.payload)
    if row.kind is RowKind.DELETE and not keeps_deleted:
        yield Forgotten(None, None, None)
        return
    yield from read(row, payload)


def _change(row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    head = payload["head"]
    yield Known(head["type"], head.get("createdAt"), head.get("modifiedAt"), None, is_alive=True)
    yield from _written(row, payload)
    yield from ended_instances(row, payload)


def _written(row: Row, payload: Mapping[str, Any]) -> Iterator[Written]:
    for ordinal, attribute, instance in written_instances(payload):
        yield stamped(row, ordinal, attribute, instance)


def stamped(row: Row, ordinal: int, attribute: str, instance: Instance) -> Written:
    """Return an instance that nobody else holds, completed with what its row says of it."""
    instance["instanceId"] = instance_id(row.position, ordinal)
    if "createdAt" not in instance or "modifiedAt" not in instance:
        accepted = iso(row.time_us)
        instance.setdefault("createdAt", accepted)
        instance.setdefault("modifiedAt", accepted)
    return Written(ordinal, attribute, instance)


def ended_instances(row: Row, payload: Mapping[str, Any]) -> Iterator[Written]:
    """Yield the records of deletion (clauses 4.5.7, 4.5.8) and the scope that a change row brings."""
    at = payload["head"].get("modifiedAt") or iso(row.time_us)
    ordinal = sum(map(len, payload["set"].values()))
    for attribute, instances in payload["set"].items():
        kept = {instance.get("datasetId") for instance in instances}
        for instance in payload["before"].get(attribute, ()):
            if instance.get("datasetId") not in kept:
                created, dataset_id = instance.get("createdAt"), instance.get("datasetId")
                record = deletion_record(instance["type"], at, created=created, dataset_id=dataset_id)
                yield stamped(row, ordinal, attribute, record)
                ordinal += 1
    scope = payload["head"].get("scope")
    if scope != (payload["was"] or {}).get("scope"):
        yield stamped(row, ordinal, "scope", _scope(scope, at))


def deletion_record(
    kind: str, at: str, *, created: str | None = None, dataset_id: str | None = None
) -> Instance:
    """Return the instance that says that one of an attribute was deleted (clause 4.5.7).

    Args:
        kind: the attribute's type.
        at: ISO text of the deletion.
        created: ISO text, when the one that ended was created.
        dataset_id: of the one that ended; None: the default instance.
    """
    record: Instance = {"type": kind, VALUE_MEMBER[kind]: NULL, "modifiedAt": at, "deletedAt": at}
    if dataset_id is not None:
        record["datasetId"] = dataset_id
    if created is not None:
        record["createdAt"] = created
    return record


def _scope(scope: Sequence[str] | None, at: str) -> Instance:
    """Return the scope as a Property that has times only; observedAt copies modifiedAt (clause 4.5.6)."""
    if scope is None:
        return deletion_record("Property", at, created=at)
    return {"type": "Property", "value": scope, "createdAt": at, "modifiedAt": at, "observedAt": at}


def _end(row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    was = payload["was"]
    at = payload.get("deletedAt") or iso(row.time_us)
    yield Known(was["type"], was.get("createdAt"), was.get("modifiedAt"), at, is_alive=False)


def _addition(row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    yield Known(payload["types"], None, iso(row.time_us), None, is_alive=False)
    yield from _written(row, payload)


def _correction(row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    instance = payload["instance"]
    instance.setdefault("modifiedAt", iso(row.time_us))
    yield Replaced(payload["attribute"], payload["instanceId"], instance)


def _deleted(_row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    yield Forgotten(payload.get("attribute"), payload.get("datasetId"), payload.get("instanceId"))


def _outdated(row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    before_us = parse_datetime(payload["before"])
    yield Outdated(before_us, row.subject or None, payload.get("types", ()), payload.get("attributes"))


def _redacted(row: Row, payload: Mapping[str, Any]) -> Iterator[Effect]:
    yield Redacted(payload.get("attributes"), iso(row.time_us))


_READ: dict[RowKind, Callable[[Row, Mapping[str, Any]], Iterator[Effect]]] = {
    RowKind.CHANGE: _change,
    RowKind.DELETE: _end,
    RowKind.EXPIRE: _end,
    RowKind.HISTORY_ADD: _addition,
    RowKind.HISTORY_CORRECT: _correction,
    RowKind.HISTORY_DELETE: _deleted,
    RowKind.PURGE: _outdated,
    RowKind.REDACT: _redacted,
}
"""Rows of other kinds are nothing to the history."""
