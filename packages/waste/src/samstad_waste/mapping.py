"""Containers, models, emptyings and alerts as entities: the only place where names meet (I8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from samstad_models.alerts import AlertState
from samstad_waste.domain.conditions import KINDS
from samstad_waste.domain.container import Container, Geometry
from samstad_waste.domain.errors import InventoryRefused
from samstad_waste.domain.names import WM, attribute_of, observed_of, own, unit_of
from samstad_waste.domain.track import Emptied

__all__ = [
    "SENSED",
    "alert_entity",
    "alert_id",
    "alert_state",
    "clock_s",
    "date",
    "emptying_entity",
    "iso",
    "prop",
    "read_container",
    "read_geometry",
    "read_place",
    "read_window",
    "rel",
    "sensed",
    "time_us",
]

Document = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_METRES = {"MTR": 1.0, "CMT": 0.01, "MMT": 0.001, None: 1.0}
_SHARES = {"C62": 1.0, "P1": 0.01, None: 1.0}

SENSED: dict[str, tuple[str, dict[str | None, float]]] = {
    own("sensedDistance"): ("distance", _METRES),
    own("compactorFilling"): ("share", _SHARES),
    own("depositCount"): ("deposits", {None: 1.0, "C62": 1.0}),
}
"""Attributes of a container or of a device in it that tell a level: what kind of word, and units of it."""


def iso(at_us: int) -> str:
    """Return a time as NGSI-LD writes it."""
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_us(text: object) -> int:
    """Return a time in µs; 0 where the text is none."""
    if not isinstance(text, str):
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def prop(value: Any, observed: str | None = None, unit: str | None = None) -> Document:
    """Return a Property."""
    told: Document = {"type": "Property", "value": value}
    if unit is not None:
        told["unitCode"] = unit
    if observed is not None:
        told["observedAt"] = observed
    return told


def rel(target: str | list[str]) -> Document:
    """Return a Relationship."""
    return {"type": "Relationship", "object": target}


def date(at_us: int) -> Document:
    """Return a Property that is a time."""
    return prop({"@type": "DateTime", "@value": iso(at_us)})


def read_place(entity: Document) -> tuple[float, float] | None:
    """Return longitude and latitude of an entity; None where it has no point on the earth."""
    told = attribute_of(entity, "location")
    pair = told.get("coordinates") if isinstance(told, dict) and told.get("type") == "Point" else None
    match pair:
        case [int() | float() as lon, int() | float() as lat, *_] if abs(lon) <= 180 and abs(lat) <= 90:
            return float(lon), float(lat)
    return None


def read_container(entity: Document, *, full_at: float) -> Container:
    """Return a WasteContainer; ``full_at`` holds where the entity has no threshold of its own."""
    threshold = _number(attribute_of(entity, "binFullnessThreshold"))
    kinds = _texts(attribute_of(entity, "storedWasteKind"))
    return Container(
        id=entity["id"],
        name=str(attribute_of(entity, "name") or ""),
        place=read_place(entity),
        streams=kinds or ("other",),
        capacity_l=_number(attribute_of(entity, "binCapacity")),
        full_at=threshold / 100 if threshold and 0 < threshold <= 100 else full_at,
        model=next(iter(_texts(attribute_of(entity, "refWasteContainerModel"))), None),
        owner=next(iter(_texts(attribute_of(entity, "owner"))), None),
        devices=_texts(attribute_of(entity, f"{WM}refDevice", "refDevice")),
        due_us=time_us(attribute_of(entity, f"{WM}nextActuationDeadline", "nextActuationDeadline")),
        service_s=round(_number(attribute_of(entity, own("serviceSeconds"))) or 90),
        window_s=read_window(attribute_of(entity, own("accessWindow")), entity["id"]),
    )


def read_window(told: object, entity_id: str) -> tuple[int, int]:
    """Return the seconds of a local day from and to which something holds; the whole day where nobody says.

    Raises:
        InventoryRefused: it is not written ``{"from": "06:00", "to": "14:30"}``.
    """
    if told is None:
        return 0, 86_400
    try:
        early, late = (clock_s(told[name]) for name in ("from", "to"))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        early, late = 1, 0
    if late <= early:
        raise InventoryRefused(f'{entity_id}: a window is written {{"from": "06:00", "to": "14:30"}}.')
    return early, late


def clock_s(text: str) -> int:
    """Return the seconds of a day of a time such as 06:30; raises ValueError."""
    hours, _, minutes = text.partition(":")
    found = int(hours) * 3600 + int(minutes) * 60
    if not 0 <= found <= 86_400 or not 0 <= int(minutes) < 60:
        raise ValueError(text)
    return found


def read_geometry(entity: Document) -> Geometry | None:
    """Return how a WasteContainerModel's sensors see; None where it says too little.

    ``fillGeometry`` (a JsonProperty of ours) says more than the model's height: sensorHeight, fullHeight,
    angle, blind, litresPerDeposit and profile.

    Raises:
        InventoryRefused: what it says cannot be.
    """
    told = attribute_of(entity, own("fillGeometry"))
    told = told if isinstance(told, dict) else {}
    height = _number(attribute_of(entity, f"{WM}height", "height"))
    sensor = _number(told.get("sensorHeight")) or height
    if sensor is None:
        return None
    try:
        profile = tuple((float(at), float(share)) for at, share in told.get("profile") or ())
    except (TypeError, ValueError):
        raise InventoryRefused(
            f"{entity['id']}: profile is pairs of height and share.", pointer="/fillGeometry/profile"
        ) from None
    geometry = Geometry(
        sensor_height_m=sensor,
        full_height_m=_number(told.get("fullHeight")) or height or sensor,
        angle_deg=_number(told.get("angle")) or 0.0,
        blind_m=_number(told.get("blind")) or 0.0,
        litres_per_deposit=_number(told.get("litresPerDeposit")),
        volume_l=_number(attribute_of(entity, "cargoVolume")),
        profile=profile,
    )
    return geometry.check()


def sensed(entity: Document) -> dict[str, tuple[str, float, int]]:
    """Return what an entity's sensors tell of a level: by attribute its kind, value in our unit and time."""
    found = {}
    for name, (kind, units) in SENSED.items():
        value, observed = _number(attribute_of(entity, name)), time_us(observed_of(entity, name))
        if value is not None and observed:
            found[name] = (kind, value * units.get(unit_of(entity, name), 1.0), observed)
    return found


def emptying_entity(
    container: Container, emptied: Emptied, *, stop: str | None = None, full_us: int = 0
) -> Document:
    """Return an emptying; told twice it has the same id. ``full_us``: how long the container was full."""
    local = container.id.rpartition(":")[2]
    entity: Document = {
        "id": f"urn:ngsi-ld:WasteEmptying:{_authority(container)}:{local}-{emptied.at_us // 1_000_000}",
        "type": own("WasteEmptying"),
        own("refWasteContainer"): rel(container.id),
        own("emptiedAt"): date(emptied.at_us),
        own("levelAfter"): prop(round(emptied.after, 4), iso(emptied.at_us)),
        own("toldBy"): prop(emptied.by),
        own("fullHours"): prop(round(max(full_us, 0) / 3_600_000_000, 3), unit="HUR"),
    }
    if emptied.before is not None:
        entity[own("levelBefore")] = prop(round(emptied.before, 4), iso(emptied.at_us))
    if container.owner:
        entity["owner"] = rel(container.owner)
    if stop:
        entity[own("refCollectionStop")] = rel(stop)
    return entity


def _authority(container: Container) -> str:
    parts = container.id.split(":")
    return parts[3] if len(parts) > 4 else "waste"


def alert_id(container_id: str, kind: str) -> str:
    """Return the id of the alert of one kind of one container; what happens anew opens it anew."""
    return f"urn:ngsi-ld:Alert:waste:{container_id.removeprefix('urn:ngsi-ld:').replace(':', '-')}-{kind}"


def alert_entity(container: Container, kind: str, alert: AlertState, description: str) -> Document:
    """Return an alert about a container."""
    entity: Document = {
        "id": alert_id(container.id, kind),
        "type": "Alert",
        "alertCategory": prop(KINDS[kind].category),
        "alertType": prop(kind),
        "severity": prop(alert.severity),
        "alertSource": rel(container.id),
        "description": prop(description),
        "active": prop(alert.active),
        "acknowledged": prop(alert.acknowledged),
        "suspended": prop(alert.suspended_until_us is not None),
        "firstSeen": date(alert.first_seen_us),
        "lastSeen": date(alert.last_seen_us),
        "occurrenceCount": prop(alert.occurrences),
    }
    if alert.suspended_until_us is not None:
        entity["suspendedUntil"] = date(alert.suspended_until_us)
    if not alert.active:
        entity["clearedAt"] = date(alert.cleared_us)
    if container.place is not None:
        entity["location"] = {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": list(container.place)},
        }
    if container.owner:
        entity["owner"] = rel(container.owner)
    return entity


def alert_state(entity: Document) -> AlertState:
    """Return what decides how an alert goes on, as its entity stands: a person may have changed it."""
    until = time_us(attribute_of(entity, "suspendedUntil"))
    first_us = time_us(attribute_of(entity, "firstSeen"))
    return AlertState(
        severity=str(attribute_of(entity, "severity") or "low"),
        first_seen_us=first_us,
        last_seen_us=time_us(attribute_of(entity, "lastSeen")) or first_us,
        active=attribute_of(entity, "active") is True,
        acknowledged=attribute_of(entity, "acknowledged") is True,
        suspended_until_us=until or None,
        cleared_us=time_us(attribute_of(entity, "clearedAt")) or -(2**62),
        occurrences=int(_number(attribute_of(entity, "occurrenceCount")) or 1),
    )


def _number(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _texts(told: object) -> tuple[str, ...]:
    many = told if isinstance(told, list) else [told]
    return tuple(one for one in many if isinstance(one, str))
