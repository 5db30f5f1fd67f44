"""From measurements to NGSI-LD: fragments of the place's entity and of the Device entity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from samstad_devices.domain.messages import Uplink
from samstad_devices.domain.normalise import Measurement, Normalised

__all__ = ["Fragments", "Target", "fragments", "iso", "joined", "signal_of"]

Document = dict[str, Any]


class Target(NamedTuple):
    """Where measurements of a device belong.

    Attributes:
        device_id: of the Device entity.
        device_type: as the broker is told it.
        asset_id: of the place's entity, or None for a device on the shelf.
        asset_type: of the place; empty where only the broker knows.
    """

    device_id: str
    asset_id: str | None = None
    asset_type: str = ""
    device_type: str = "Device"


class Fragments(NamedTuple):
    """What the broker is told of one message; None where there is nothing to tell."""

    asset: Document | None
    device: Document


def iso(time_us: int) -> str:
    """Return a time as ISO 8601 in UTC, to the microsecond where it has parts of a second."""
    moment = datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(microsecond=time_us % 1_000_000)
    return moment.isoformat().removesuffix("+00:00") + "Z"


def fragments(normalised: Normalised, target: Target, *, uplink: Uplink | None = None) -> Fragments:
    """Return the fragments of one message.

    The device's tells when it was last heard, how well, and with what battery, whatever the message says.

    Args:
        normalised: what the message means.
        target: whose it is.
        uplink: the radio's side of it.
    """
    observed = iso(normalised.time_us)
    device = _fragment(target.device_id, target.device_type, normalised, "device", observed)
    device["dateLastValueReported"] = _property({"@type": "DateTime", "@value": observed}, observed)
    for name, value in signal_of(uplink).items():
        device.setdefault(name, _property(value, observed))
    if target.asset_id is None:
        return Fragments(None, device)
    asset = _fragment(target.asset_id, target.asset_type, normalised, "asset", observed)
    return Fragments(asset if len(asset) > bool(target.asset_type) + 1 else None, device)


def joined(target: Target, *, at_us: int, ref_device: str = "refDevice") -> Fragments:
    """Return the fragments that join a place and a device, with the time from which that is so."""
    if target.asset_id is None:
        raise ValueError("a device without a place is joined to nothing")
    observed = iso(at_us)
    asset = {"id": target.asset_id, ref_device: _relationship(target.device_id, observed)}
    if target.asset_type:
        asset["type"] = target.asset_type
    device = {
        "id": target.device_id,
        "type": target.device_type,
        "controlledAsset": _relationship(target.asset_id, observed),
    }
    return Fragments(asset, device)


def signal_of(uplink: Uplink | None) -> dict[str, float]:
    """Return what the radio tells of a device: the best gateway's strength, and the battery (0 to 1)."""
    if uplink is None:
        return {}
    heard = [one.rssi_dbm for one in uplink.receptions if one.rssi_dbm is not None]
    told = {"rssi": max(heard)} if heard else {}
    if uplink.battery_percent is not None and 0 <= uplink.battery_percent <= 100:
        told["batteryLevel"] = uplink.battery_percent / 100
    return told


def _fragment(entity_id: str, kind: str, normalised: Normalised, of: str, observed: str) -> Document:
    document: Document = {"id": entity_id}
    if kind:
        document["type"] = kind
    for one in normalised.measurements:
        if one.of == of:
            document[one.attribute] = _measured(one, observed)
    return document


def _measured(one: Measurement, observed: str) -> Document:
    document = _property(one.value, observed)
    if one.unit:
        document["unitCode"] = one.unit
    return document


def _property(value: Any, observed: str) -> Document:
    return {"type": "Property", "value": value, "observedAt": observed}


def _relationship(target: str, observed: str) -> Document:
    return {"type": "Relationship", "object": target, "observedAt": observed}
