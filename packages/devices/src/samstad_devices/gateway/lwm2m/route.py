"""Commands to registered clients: what a profile's template says, as operations of LwM2M.

``{"path": "/3416/0", "write": {"1": 50}}`` sets resources, ``{"path": "/3/0/4", "execute": ""}`` runs one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.gateway.lwm2m.operations import Operations
from samstad_devices.spi.routes import Downlink, RouteRefused

__all__ = ["Lwm2mRoute"]


class _Order(msgspec.Struct, frozen=True):
    path: str
    write: dict[int, bool | int | float | str] = {}
    execute: str | None = None


class Lwm2mRoute:
    """Fills the Route port.

    Args:
        operations: on registered clients.
        now_us: the clock.
    """

    def __init__(self, operations: Operations, *, now_us: Callable[[], int]) -> None:
        self._operations = operations
        self._now_us = now_us

    def is_open(self, device_id: str, way: str) -> bool:
        """Tell whether a device is registered and awake."""
        del way
        return self._operations.is_awake(device_id, self._now_us())

    async def send(self, downlink: Downlink) -> str:
        """Carry out; the device's answer is the delivery, what it shows afterwards the confirmation."""
        order = _read(downlink.payload)
        try:
            if order.execute is not None:
                await self._operations.execute(downlink.device_id, order.path, order.execute)
            else:
                await self._operations.write(downlink.device_id, order.path, order.write)
        except MessageRefused as refused:
            raise RouteRefused(refused.detail) from None
        return downlink.reference


def _read(payload: bytes) -> _Order:
    try:
        order = msgspec.json.decode(payload, type=_Order)
    except (msgspec.ValidationError, msgspec.DecodeError) as fault:
        raise RouteRefused(f"The command is no operation of LwM2M: {fault}.") from None
    if bool(order.write) == (order.execute is not None):
        told: Any = "both write and execute" if order.write else "neither write nor execute"
        raise RouteRefused(f"The command has {told}; it has one of them.")
    return order
