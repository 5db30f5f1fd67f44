"""The invented district, the same in every run: what stands where in Västerås, and how it starts. Pure."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["BINS", "SEED", "SENSORS", "SPOTS", "Entity", "district", "observed"]

SEED = 2411
BINS = 60
SPOTS = 40
SENSORS = 12
_CENTRE = (16.5448, 59.6099)
_SPREAD = (0.018, 0.009)
_STREETS = ("Ekgatan", "Kvarnvägen", "Norra torget", "Strandpromenaden", "Smedjegränd", "Skolgatan")

Entity = dict[str, Any]


def district(*, at: str, seed: int = SEED) -> list[Entity]:
    """Return every entity of the district in normalized form.

    Args:
        at: the time of the first observations, ISO 8601 UTC.
        seed: another one gives another district.
    """
    chance = random.Random(seed)  # noqa: S311  # an invented place, not a secret
    bins = [_bin(number, chance, at) for number in range(1, BINS + 1)]
    spots = [_spot(number, chance, at) for number in range(1, SPOTS + 1)]
    sensors = [_sensor(number, chance, at) for number in range(1, SENSORS + 1)]
    return [*bins, *spots, *sensors]


def _bin(number: int, chance: random.Random, at: str) -> Entity:
    return _entity("WasteContainer", "waste", f"demo-{number:02}", chance) | {
        "name": _value(f"{chance.choice(_STREETS)} {chance.randint(1, 60)}"),
        "fillingLevel": observed(round(chance.uniform(0.05, 0.6), 2), at),
        "status": _value("ok"),
        "storedWasteKind": _value(["other"]),
        "binCapacity": _value(chance.choice((60, 120, 240))),
    }


def _spot(number: int, chance: random.Random, at: str) -> Entity:
    return _entity("ParkingSpot", "parking", f"demo-{number:02}", chance) | {
        "name": _value(f"Ekgatan P {number}"),
        "status": observed(chance.choice(("free", "occupied")), at),
        "category": _value(["onStreet"]),
        "refParkingSite": {"type": "Relationship", "object": "urn:ngsi-ld:OnStreetParking:parking:ekgatan"},
    }


def _sensor(number: int, chance: random.Random, at: str) -> Entity:
    kind, readings = _KINDS[number % len(_KINDS)]
    values = {"dateObserved": _value(at)} | {
        name: observed(round(chance.uniform(*between), 2), at, unit)
        for name, (between, unit) in readings.items()
    }
    place = _entity(kind, "city", f"demo-{number:02}", chance)
    return place | {"name": _value(f"{chance.choice(_STREETS)} givare {number}")} | values


_KINDS: tuple[tuple[str, dict[str, tuple[tuple[float, float], str | None]]], ...] = (
    ("WeatherObserved", {"temperature": ((-4.0, 4.0), "CEL"), "relativeHumidity": ((0.6, 0.95), None)}),
    ("AirQualityObserved", {"pm10": ((5.0, 35.0), "GQ"), "no2": ((8.0, 45.0), "GQ")}),
    (
        "TrafficFlowObserved",
        {"intensity": ((20.0, 400.0), None), "averageVehicleSpeed": ((18.0, 52.0), "KMH")},
    ),
)


def _entity(kind: str, owner: str, local: str, chance: random.Random) -> Entity:
    longitude = round(_CENTRE[0] + chance.uniform(-1, 1) * _SPREAD[0], 6)
    latitude = round(_CENTRE[1] + chance.uniform(-1, 1) * _SPREAD[1], 6)
    return {
        "id": f"urn:ngsi-ld:{kind}:{owner}:{local}",
        "type": kind,
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [longitude, latitude]},
        },
        "owner": {"type": "Relationship", "object": f"urn:ngsi-ld:Organization:{owner}"},
    }


def observed(value: Any, at: str, unit: str | None = None) -> Entity:
    """Return a Property that was observed at a time, with its UN/CEFACT unit where it has one."""
    found = {"type": "Property", "value": value, "observedAt": at}
    return found if unit is None else {**found, "unitCode": unit}


def _value(value: Any) -> Entity:
    return {"type": "Property", "value": value}
