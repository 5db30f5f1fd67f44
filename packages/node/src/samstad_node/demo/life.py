"""How the district changes: one small change after another, and the scripted fault. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from samstad_node.demo.district import SEED, Entity, observed

__all__ = ["FAULT_AFTER_S", "Change", "Life"]

FAULT_AFTER_S = 120.0
"""From here on one weather sensor tells nonsense, and one traffic sensor nothing."""

_NONSENSE = 85.0
_FULL = 0.95


class Change(NamedTuple):
    """Attributes of one entity that get new values."""

    entity_id: str
    fragment: Entity


class Life:
    """Goes through the district's entities in a random order that is the same in every run."""

    def __init__(self, entities: Sequence[Entity], *, seed: int = SEED) -> None:
        self._chance = random.Random(seed + 1)  # noqa: S311  # an invented street, not a secret
        self._entities = list(entities)
        self._values = {entity["id"]: _numbers(entity) for entity in entities}
        self.wrong_id = _first(entities, "WeatherObserved")
        self.silent_id = _first(entities, "TrafficFlowObserved")

    def next(self, *, at: str, elapsed_s: float) -> Change:
        """Return the next change.

        Args:
            at: the time of the observation, ISO 8601 UTC.
            elapsed_s: seconds since the demo began, for the scripted fault.
        """
        faulty = elapsed_s >= FAULT_AFTER_S
        while True:
            entity = self._chance.choice(self._entities)
            if not (faulty and entity["id"] == self.silent_id):
                return Change(entity["id"], self._fragment(entity, at=at, faulty=faulty))

    def _fragment(self, entity: Entity, *, at: str, faulty: bool) -> Entity:
        kind = entity["type"]
        if kind == "ParkingSpot":
            return {"status": observed(self._chance.choice(("free", "occupied")), at)}
        if kind == "WasteContainer":
            return {"fillingLevel": observed(self._filled(entity["id"]), at)}
        if faulty and entity["id"] == self.wrong_id:
            return {"temperature": observed(_NONSENSE, at, "CEL"), **_seen(at)}
        name = self._chance.choice(sorted(self._values[entity["id"]]))
        reading = observed(self._drifted(entity["id"], name), at, entity[name].get("unitCode"))
        return {name: reading, **_seen(at)}

    def _filled(self, entity_id: str) -> float:
        """Fill a little; a full container has been emptied."""
        values = self._values[entity_id]
        level = values["fillingLevel"] + self._chance.uniform(0.0, 0.04)
        values["fillingLevel"] = 0.02 if level > _FULL else round(level, 3)
        return values["fillingLevel"]

    def _drifted(self, entity_id: str, name: str) -> float:
        values = self._values[entity_id]
        values[name] = round(values[name] * self._chance.uniform(0.97, 1.03), 3)
        return values[name]


def _seen(at: str) -> Entity:
    return {"dateObserved": {"type": "Property", "value": at}}


_SENSED = frozenset(
    {"fillingLevel", "temperature", "relativeHumidity", "pm10", "no2", "intensity", "averageVehicleSpeed"}
)


def _numbers(entity: Entity) -> dict[str, float]:
    return {name: value for name, value in _readings(entity) if isinstance(value, float)}


def _readings(entity: Entity) -> Iterator[tuple[str, Any]]:
    for name in _SENSED & entity.keys():
        yield name, entity[name]["value"]


def _first(entities: Sequence[Entity], kind: str) -> str:
    return next(str(entity["id"]) for entity in entities if entity["type"] == kind)
