"""The entity document that a change is told by: previous values and what was deleted (clause 5.8.6).

- a deleted attribute is its name with the NGSI-LD null; where a datasetId, system attributes or a
  previous value must be told too, an object with all of it;
- a deleted entity is its id, type and ``deletedAt`` alone, with its previous values where they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from samstad_broker.domain.rows import Row, RowKind
from samstad_ngsild.document import NULL, VALUE_MEMBER, EntityDocument, Instance
from samstad_ngsild.entities.dates import iso

__all__ = ["ChangeView", "view_change"]

_PREVIOUS = {kind: f"previous{member[0].upper()}{member[1:]}" for kind, member in VALUE_MEMBER.items()}
_NULLS: Mapping[str, Any] = {
    "languageMap": {"@none": NULL},
    "valueList": [NULL],
    "objectList": [NULL],
}


class ChangeView(NamedTuple):
    """What is to be represented.

    Attributes:
        document: an entity document, perhaps with nulls and previous values.
        bare: attributes of which only the name and the null are told.
    """

    document: EntityDocument
    bare: tuple[str, ...] = ()


def view_change(row: Row, *, show_changes: bool, sys_attrs: bool) -> ChangeView:
    """Return what a row tells; it must carry a document."""
    if row.kind is not RowKind.CHANGE:
        return ChangeView(_ended(orjson.loads(row.payload), row.subject, show_changes, sys_attrs))
    document: EntityDocument = orjson.loads(row.document or b"")
    # An empty list in the payload may be a deleted attribute; without one nothing was deleted.
    may_have_deleted = b":[]" in row.payload or b'"datasetId"' in row.payload
    if not show_changes and not may_have_deleted:
        return ChangeView(document)
    payload = orjson.loads(row.payload)
    before = payload["before"]
    bare = []
    for name, after in payload["set"].items():
        was = before.get(name, [])
        gone = _gone(was, after, row, show_changes)
        if show_changes and after:
            document[name] = _with_previous(was, after)
        if gone:
            document[name] = [*document.get(name, ()), *gone]
        if not after and was and _is_bare(was, show_changes=show_changes, sys_attrs=sys_attrs):
            bare.append(name)
    return ChangeView(document, tuple(bare))


def _is_bare(was: list[Instance], *, show_changes: bool, sys_attrs: bool) -> bool:
    return not (show_changes or sys_attrs or any("datasetId" in instance for instance in was))


def _gone(was: list[Instance], after: list[Instance], row: Row, show_changes: bool) -> list[Instance]:
    """Return null instances for those that are no longer there."""
    left = {instance.get("datasetId") for instance in after}
    deleted_at = iso(row.time_us)
    return [
        _null(instance, deleted_at, show_changes=show_changes)
        for instance in was
        if instance.get("datasetId") not in left
    ]


def _null(instance: Instance, deleted_at: str, *, show_changes: bool) -> Instance:
    kind = instance["type"]
    member = VALUE_MEMBER[kind]
    null: Instance = {"type": kind, member: _NULLS.get(member, NULL)}
    if show_changes:
        null[_PREVIOUS[kind]] = instance[member]
    for name in ("datasetId", "createdAt", "modifiedAt"):
        if name in instance:
            null[name] = instance[name]
    null["deletedAt"] = deleted_at
    return null


def _with_previous(was: list[Instance], after: list[Instance]) -> list[Instance]:
    before = {instance.get("datasetId"): instance for instance in was}
    shown = []
    for instance in after:
        old = before.get(instance.get("datasetId"))
        if old is None:
            shown.append(instance)
        else:
            shown.append({**instance, _PREVIOUS[old["type"]]: old[VALUE_MEMBER[old["type"]]]})
    return shown


def _ended(payload: dict[str, Any], subject: str, show_changes: bool, sys_attrs: bool) -> EntityDocument:
    was = payload["was"]
    document: EntityDocument = {"id": subject, "type": was["type"], "deletedAt": payload["deletedAt"]}
    if sys_attrs:
        document |= {name: was[name] for name in ("createdAt", "modifiedAt") if name in was}
    if show_changes:
        for name, instances in payload["before"].items():
            nulls = [_null(instance, payload["deletedAt"], show_changes=True) for instance in instances]
            document[name] = nulls
    return document
