"""A thing on the map: what the console keeps of an entity that has a place."""

from __future__ import annotations

from typing import Any

import msgspec

from samstad_console.domain.condition import Condition

__all__ = ["Thing"]


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """One entity with a place.

    Attributes:
        id: of the entity.
        type: its first type, as the city's @context shortens it.
        types: all of them; who may read none of them does not learn that it is there (I6).
        names: what people call it, by language; ``""`` where no language is told.
        longitude: degrees, WGS 84.
        latitude: degrees, WGS 84.
        own: what it says of itself.
        observed_at: the newest observation, ISO 8601; empty where nothing was observed.
        values: a few simple values for lists.
    """

    id: str
    type: str
    types: tuple[str, ...]
    names: dict[str, str]
    longitude: float
    latitude: float
    own: Condition
    observed_at: str
    values: dict[str, Any]

    def name_in(self, language: str) -> str:
        """Return its name in a language, else in any, else the last part of its id."""
        names = self.names
        return (
            names.get(language)
            or names.get("")
            or next(iter(names.values()), "")
            or self.id.rpartition(":")[2]
        )
