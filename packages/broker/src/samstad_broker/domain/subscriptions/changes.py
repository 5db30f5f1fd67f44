"""What a write changed, as subscriptions see it (clauses 5.2.12 and 5.8.6).

"An Attribute is considered to change when any of the members (including children) is updated with a
value different than the existing one": the node's own time stamps are not such members.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntFlag
from math import nan
from typing import Any, NamedTuple

from samstad_ngsild.document import INSTANCE_MEMBERS, EntityDocument, Instance

__all__ = ["ChangeEvent", "PlainNumbers", "Trigger", "change_event"]


class Trigger(IntFlag):
    """The kinds of change that ``notificationTrigger`` names."""

    ATTRIBUTE_CREATED = 1
    ATTRIBUTE_UPDATED = 2
    ATTRIBUTE_DELETED = 4
    ENTITY_CREATED = 8
    ENTITY_DELETED = 16
    ENTITY_UPDATED = 7
    DEFAULT = 3


_CREATED = int(Trigger.ATTRIBUTE_CREATED)
_UPDATED = int(Trigger.ATTRIBUTE_UPDATED)
_DELETED = int(Trigger.ATTRIBUTE_DELETED)
_STAMPS = frozenset({"createdAt", "modifiedAt"})


class PlainNumbers(dict[str, float | None]):
    """The numbers of a document: attribute → its number, NaN where it has no attribute of that name.

    None stands where the attribute is anything but one Property with one number: ask the evaluator.
    """

    __slots__ = ("_document",)

    def __init__(self, document: EntityDocument) -> None:
        super().__init__()
        self._document = document

    def __missing__(self, attribute: str) -> float | None:
        instances = self._document.get(attribute)
        number: float | None = None
        if not instances:
            number = nan
        elif len(instances) == 1:
            instance = instances[0]
            if instance["type"] == "Property":
                value = instance["value"]
                if value.__class__ is float or value.__class__ is int:
                    number = value
        self[attribute] = number
        return number


class ChangeEvent(NamedTuple):
    """One change of one entity.

    Attributes:
        entity_id: the entity.
        types: its types (before a deletion, else after the change).
        document: what conditions are held against: the entity after the change, before a deletion.
        changes: IRIs of the attributes that changed, each with its kinds as bits of Trigger.
        kinds: all bits together, those of the entity itself included.
        numbers: the document's numbers.
    """

    entity_id: str
    types: tuple[str, ...]
    document: EntityDocument
    changes: tuple[tuple[str, int], ...]
    kinds: int
    numbers: PlainNumbers


def change_event(
    before: EntityDocument | None, after: EntityDocument | None, touched: Collection[str]
) -> ChangeEvent | None:
    """Return what changed, or None where nothing that a subscription can be about did.

    A created entity creates its attributes; a deleted entity counts as that alone, not as a deletion of
    each attribute: ``entityUpdated`` would otherwise tell of deletions.
    """
    if before is None:
        if after is None:
            return None
        return _whole(after, touched, int(Trigger.ENTITY_CREATED), _CREATED)
    if after is None:
        return _whole(before, touched, int(Trigger.ENTITY_DELETED), 0)
    changes = []
    kinds = 0
    for name in touched:
        kind = _kind(before.get(name), after.get(name))
        if kind:
            changes.append((name, kind))
            kinds |= kind
    if not changes:
        return None
    return ChangeEvent(after["id"], tuple(after["type"]), after, tuple(changes), kinds, PlainNumbers(after))


def _whole(document: EntityDocument, touched: Collection[str], entity: int, attribute: int) -> ChangeEvent:
    kinds = entity | attribute
    changes = tuple((name, kinds) for name in touched)
    return ChangeEvent(
        document["id"],
        tuple(document["type"]),
        document,
        changes,
        kinds if changes else entity,
        PlainNumbers(document),
    )


def _kind(before: list[Instance] | None, after: list[Instance] | None) -> int:
    """Return how an attribute changed, 0 where it did not; instances count by their datasetId."""
    if not before:
        return _CREATED if after else 0
    if not after:
        return _DELETED
    if len(before) == 1 and len(after) == 1:
        if before[0].get("datasetId") == after[0].get("datasetId"):
            return _UPDATED if _instance_differs(before[0], after[0]) else 0
    elif before == after:
        return 0
    return _kind_by_dataset(before, after)


def _kind_by_dataset(before: list[Instance], after: list[Instance]) -> int:
    old = {instance.get("datasetId"): instance for instance in before}
    kind = 0
    for instance in after:
        was = old.pop(instance.get("datasetId"), None)
        if was is None:
            kind |= _CREATED
        elif _instance_differs(was, instance):
            kind |= _UPDATED
    return kind | _DELETED if old else kind


def _instance_differs(before: Instance, after: Instance) -> bool:
    for name, value in after.items():
        if name not in _STAMPS and name in before:
            if _member_differs(name, before[name], value):
                return True
        elif name not in _STAMPS:
            return True
    return any(name not in after and name not in _STAMPS for name in before)


def _member_differs(name: str, before: Any, after: Any) -> bool:
    if before == after:
        # In JSON true is not 1, though Python calls them equal.
        return isinstance(before, bool) is not isinstance(after, bool)
    return name in INSTANCE_MEMBERS or _kind_by_dataset(before, after) != 0
