"""Entity maps: the set of entities that a sequence of queries keeps to (clauses 4.5.25, 5.5.14 and 5.14).

A map lives in memory for minutes. Where it has ended, or the broker was started anew, the next query that
names it makes a new one, as clause 5.5.14 wants. It belongs to who made it: to others it is not there (I6).
How many there are, and how many entities they hold together, is bounded (I5); where there are more, those go
that would have ended first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from samstad_broker.service.call import Call
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["EntityMap", "EntityMapLimits", "EntityMaps"]

_LOCAL = ("@none",)
"""Held here and by no registered source (clause 5.2.39)."""


@dataclass(slots=True)
class EntityMap:
    """One map.

    Attributes:
        owner: the id of who made it.
        tenant, snapshot: whose entities they are.
        ids: of the entities, in the order of the query.
        expires_us: when it ends, microseconds since 1970 UTC.
    """

    id: str
    owner: str
    tenant: str
    snapshot: str
    ids: Sequence[str]
    expires_us: int
    known_by: Mapping[str, Sequence[str]] | None = None
    """The registrations that know each entity, ``@none`` for this broker; None: all are held here."""
    places: dict[str, int] = field(init=False)
    """Where each entity stands."""

    def __post_init__(self) -> None:
        self.places = {entity_id: place for place, entity_id in enumerate(self.ids)}

    def registrations(self) -> Mapping[str, Sequence[str]]:
        """Return for each entity the registrations that know it (clause 5.2.39)."""
        return dict.fromkeys(self.ids, _LOCAL) if self.known_by is None else self.known_by

    def document(self) -> dict[str, Any]:
        """Return the map as clause 5.2.39 shows it."""
        return {
            "id": self.id,
            "type": "EntityMap",
            "expiresAt": iso(self.expires_us),
            "entityMap": dict(self.registrations()),
            "linkedMaps": {},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMapLimits:
    """Bounds of maps.

    Attributes:
        maps: at once.
        ids: entities of all maps together.
        lifetime_us: where the client suggests none.
        most_lifetime_us: whatever the client suggests.
    """

    maps: int = 1_000
    ids: int = 5_000_000
    lifetime_us: int = 300_000_000
    most_lifetime_us: int = 3_600_000_000


class EntityMaps:
    """The maps of one broker.

    Args:
        new_id: gives an id that nobody can guess.
        limits: bounds.
    """

    def __init__(self, new_id: Callable[[], str], limits: EntityMapLimits | None = None) -> None:
        self._new_id = new_id
        self._limits = limits or EntityMapLimits()
        self._maps: dict[str, EntityMap] = {}
        self._held = 0

    def create(
        self,
        call: Call,
        ids: Sequence[str],
        *,
        lifetime_us: int | None,
        known_by: Mapping[str, Sequence[str]] | None = None,
    ) -> EntityMap:
        """Keep a set of entities.

        Args:
            call: whose it is.
            ids: of the entities, in order.
            lifetime_us: as the client suggests; None where it does not.
            known_by: the registrations that know each of them; None: all are held here.
        """
        limits = self._limits
        lives_us = min(lifetime_us or limits.lifetime_us, limits.most_lifetime_us)
        made = EntityMap(
            self._new_id(), call.caller.id, call.tenant, call.snapshot, ids, call.now_us + lives_us, known_by
        )
        self._make_room(call.now_us, len(ids))
        self._maps[made.id] = made
        self._held += len(ids)
        return made

    def find(self, call: Call, map_id: str) -> EntityMap | None:
        """Return a map of the caller's, or None where there is none that still holds."""
        found = self._maps.get(map_id)
        if found is None or (found.owner, found.tenant, found.snapshot) != (
            call.caller.id,
            call.tenant,
            call.snapshot,
        ):
            return None
        return found if call.now_us < found.expires_us else None

    def get(self, call: Call, map_id: str) -> EntityMap:
        """Return a map of the caller's; raises ResourceNotFound."""
        found = self.find(call, map_id)
        if found is None:
            raise ResourceNotFound(f"There is no entity map {map_id}, or it has ended: ask the query again.")
        return found

    def let_end(self, call: Call, map_id: str, expires_us: int) -> EntityMap:
        """Change when a map ends, within the bounds (clause 5.14.2); raises ResourceNotFound."""
        found = self.get(call, map_id)
        found.expires_us = min(expires_us, call.now_us + self._limits.most_lifetime_us)
        return found

    def delete(self, call: Call, map_id: str) -> None:
        """End a map (clause 5.14.3); raises ResourceNotFound."""
        self._drop(self.get(call, map_id))

    def __len__(self) -> int:
        return len(self._maps)

    def _make_room(self, now_us: int, wanted: int) -> None:
        limits = self._limits
        for one in [one for one in self._maps.values() if one.expires_us <= now_us]:
            self._drop(one)
        if len(self._maps) < limits.maps and self._held + wanted <= limits.ids:
            return
        first = [(one.expires_us, one.id) for one in self._maps.values()]
        heapq.heapify(first)
        while first and (len(self._maps) >= limits.maps or self._held + wanted > limits.ids):
            self._drop(self._maps[heapq.heappop(first)[1]])

    def _drop(self, one: EntityMap) -> None:
        del self._maps[one.id]
        self._held -= len(one.ids)
