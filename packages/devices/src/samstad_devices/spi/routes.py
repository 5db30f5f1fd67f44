"""The Route port: a way by which something can be said to a device."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from samstad_devices.domain.errors import DevicesError
from samstad_devices.domain.identifiers import Identifier

__all__ = ["Downlink", "Route", "RouteAway", "RouteRefused"]


class RouteAway(DevicesError):
    """Nothing was said, since the way is closed now; it may be tried again."""


class RouteRefused(DevicesError):
    """Nothing was said, and saying it again would not help."""


class Downlink(NamedTuple):
    """What is said to a device.

    Attributes:
        reference: id of the Command entity.
        device_id: of the Device entity.
        identifiers: by which networks know it.
        way: by which it was heard last, such as ``lorawan/city-lora`` or ``mqtt``; empty where it never was.
        payload: bytes.
        port: LoRaWAN's FPort.
        is_acknowledged: the device shall acknowledge it.
        ends_us: after this it must not be carried out.
    """

    reference: str
    device_id: str
    identifiers: frozenset[Identifier]
    way: str
    payload: bytes
    port: int
    is_acknowledged: bool
    ends_us: int


class Route(Protocol):
    """One way."""

    def is_open(self, device_id: str, way: str) -> bool:
        """Tell whether this way leads to a device now; ``way`` is by which it was heard last."""
        ...

    async def send(self, downlink: Downlink) -> str:
        """Send, and return by which key its answers name it; empty where they do not.

        Raises:
            RouteAway, RouteRefused: it was not sent.
        """
        ...
