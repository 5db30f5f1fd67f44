"""What one tenant has: entities, histories, subscriptions, and notifications that are not delivered yet."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from samstad_ngsild.document import NULL, VALUE_MEMBER, EntityDocument, Instance, attribute_names
from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.errors import AlreadyExists, ResourceNotFound
from samstad_ngsild.memory.following import Following
from samstad_ngsild.merge import Change

__all__ = ["Dataset", "Evolution", "Notice"]

_KEPT_OF_DELETED = ("type", "datasetId", "createdAt")


class Evolution(NamedTuple):
    """The history of one entity: types, and attribute → its instances in the order of writing."""

    types: list[str]
    instances: dict[str, list[Instance]]


class Notice(NamedTuple):
    """A notification on its way."""

    uri: str
    body: bytes
    following: Following


class Dataset:
    """One tenant's data."""

    def __init__(self) -> None:
        self.entities: dict[str, EntityDocument] = {}
        self.evolutions: dict[str, Evolution] = {}
        self.subscriptions: dict[str, Following] = {}
        self.outbox: deque[Notice] = deque()
        self._numbers = 0

    def get(self, entity_id: str) -> EntityDocument:
        """Return an entity; raises ResourceNotFound."""
        found = self.entities.get(entity_id)
        if found is None:
            raise ResourceNotFound(f"The entity {entity_id} is not known.", pointer="entityId")
        return found

    def create(self, document: EntityDocument, *, now_us: int) -> None:
        """Take in a new entity; raises AlreadyExists."""
        entity_id = document["id"]
        if entity_id in self.entities:
            raise AlreadyExists(f"The entity {entity_id} exists already.", pointer="/id")
        names = list(attribute_names(document))
        self._write(None, document, names, now_us=now_us)

    def change(self, change: Change, *, now_us: int) -> None:
        """Put what an update decided in the place of an entity."""
        before = self.entities[change.document["id"]]
        self._write(before, change.document, list(change.changed), now_us=now_us)

    def delete(self, entity_id: str, *, now_us: int) -> None:
        """Take out an entity and its history; raises ResourceNotFound."""
        before = self.get(entity_id)
        del self.entities[entity_id]
        self.evolutions.pop(entity_id, None)
        self._tell(before, None, list(attribute_names(before)), now_us)

    def expire(self, now_us: int) -> None:
        """Take out the entities whose ``expiresAt`` has come (clause 4.22)."""
        for document in list(self.entities.values()):
            if "expiresAt" in document and parse_datetime(document["expiresAt"]) <= now_us:
                self.delete(document["id"], now_us=now_us)

    def add_history(self, entity_id: str, types: Iterable[str], added: dict[str, list[Instance]]) -> bool:
        """Add instances to a history and return whether it begins with them."""
        is_new = entity_id not in self.evolutions
        evolution = self.evolutions.setdefault(entity_id, Evolution([], {}))
        evolution.types.extend(name for name in types if name not in evolution.types)
        for name, instances in added.items():
            for instance in instances:
                self._numbers += 1
                kept = copy.deepcopy(instance)
                kept["instanceId"] = f"urn:ngsi-ld:Instance:{self._numbers}"
                evolution.instances.setdefault(name, []).append(kept)
        return is_new

    def _write(
        self, before: EntityDocument | None, after: EntityDocument, names: list[str], *, now_us: int
    ) -> None:
        self.entities[after["id"]] = after
        self.add_history(after["id"], after["type"], _added(before, after, names, iso(now_us)))
        self._tell(before, after, names, now_us)

    def _tell(
        self, before: EntityDocument | None, after: EntityDocument | None, names: list[str], now_us: int
    ) -> None:
        for following in self.subscriptions.values():
            entity = following.told_of(before, after, names, now_us)
            if entity is not None:
                self._numbers += 1
                body = following.notification(self._numbers, entity, now_us)
                self.outbox.append(Notice(following.uri, body, following))


def _added(
    before: EntityDocument | None, after: EntityDocument, names: list[str], now: str
) -> dict[str, list[Any]]:
    """Return what a write adds to the history: instances that are new, and records of deletion (4.5.7)."""
    added: dict[str, list[Any]] = {}
    for name in names:
        was = [] if before is None else before.get(name, [])
        instances = after.get(name, [])
        left = {instance.get("datasetId") for instance in instances}
        fresh = [one for one in instances if not any(one is old for old in was)]
        gone = [_deleted(old, now) for old in was if old.get("datasetId") not in left]
        if fresh or gone:
            added[name] = fresh + gone
    return added


def _deleted(instance: Instance, now: str) -> Instance:
    kept: Instance = {name: instance[name] for name in _KEPT_OF_DELETED if name in instance}
    return {**kept, VALUE_MEMBER[instance["type"]]: NULL, "modifiedAt": now, "deletedAt": now}
