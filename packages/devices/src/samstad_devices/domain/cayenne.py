"""Cayenne Low Power Payload: channel, type, value; the IPSO numbers of the types less 3200."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from samstad_devices.domain.errors import MessageRefused

__all__ = ["TYPES", "read_cayenne"]


class Kind(NamedTuple):
    """One type: its name in the data, how many bytes it has, and how they are read."""

    name: str
    size: int
    read: Callable[[bytes], Any]


def _signed(per_unit: int) -> Callable[[bytes], float]:
    return lambda raw: int.from_bytes(raw, signed=True) / per_unit


def _natural(per_unit: int) -> Callable[[bytes], float]:
    return lambda raw: int.from_bytes(raw) / per_unit


def _whole(raw: bytes) -> int:
    return int.from_bytes(raw)


def _axes(per_unit: int) -> Callable[[bytes], dict[str, float]]:
    read = _signed(per_unit)
    return lambda raw: {axis: read(raw[at : at + 2]) for axis, at in (("x", 0), ("y", 2), ("z", 4))}


def _place(raw: bytes) -> dict[str, float]:
    latitude, longitude, altitude = (int.from_bytes(raw[at : at + 3], signed=True) for at in (0, 3, 6))
    return {"latitude": latitude / 10_000, "longitude": longitude / 10_000, "altitude": altitude / 100}


TYPES: Mapping[int, Kind] = MappingProxyType(
    {
        0: Kind("digital_in", 1, _whole),
        1: Kind("digital_out", 1, _whole),
        2: Kind("analog_in", 2, _signed(100)),
        3: Kind("analog_out", 2, _signed(100)),
        100: Kind("generic", 4, _whole),
        101: Kind("luminosity", 2, _whole),
        102: Kind("presence", 1, _whole),
        103: Kind("temperature", 2, _signed(10)),
        104: Kind("relative_humidity", 1, _natural(2)),
        113: Kind("accelerometer", 6, _axes(1_000)),
        115: Kind("barometric_pressure", 2, _natural(10)),
        116: Kind("voltage", 2, _natural(100)),
        117: Kind("current", 2, _natural(1_000)),
        118: Kind("frequency", 4, _whole),
        120: Kind("percentage", 1, _whole),
        121: Kind("altitude", 2, _signed(1)),
        125: Kind("concentration", 2, _whole),
        128: Kind("power", 2, _whole),
        130: Kind("distance", 4, _natural(1_000)),
        131: Kind("energy", 4, _natural(1_000)),
        132: Kind("direction", 2, _whole),
        133: Kind("unixtime", 4, _whole),
        134: Kind("gyrometer", 6, _axes(100)),
        136: Kind("location", 9, _place),
        142: Kind("switch", 1, _whole),
    }
)
"""Number of a type → what it is."""


def read_cayenne(payload: bytes) -> dict[str, Any]:
    """Return the values by ``<type>_<channel>``, as The Things Stack names them.

    Raises:
        MessageRefused: it ends within a value, or has a type that is none; ``detail`` says at which byte.
    """
    found: dict[str, Any] = {}
    at = 0
    while at < len(payload):
        if len(payload) - at < 2:
            raise MessageRefused(f"The payload ends at byte {at} within a channel and its type.")
        channel, number = payload[at], payload[at + 1]
        kind = TYPES.get(number)
        if kind is None:
            raise MessageRefused(f"Byte {at + 1} is {number}, which is no type of Cayenne LPP.")
        raw = payload[at + 2 : at + 2 + kind.size]
        if len(raw) < kind.size:
            raise MessageRefused(f"{kind.name} at byte {at} has {len(raw)} bytes of {kind.size}.")
        found[f"{kind.name}_{channel}"] = kind.read(raw)
        at += 2 + kind.size
    return found
