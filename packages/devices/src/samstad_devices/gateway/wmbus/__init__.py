"""Gateways that hear meters by wireless M-Bus: each telegram in a JSON object, by HTTP or MQTT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Message, Reception, Uplink
from samstad_devices.domain.wmbus import meter_of

__all__ = ["read"]


def read(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the message in a body: ``telegram`` in hexadecimal digits; ``gateway`` and ``rssi`` where told.

    The same telegram by several gateways is one: meters count their telegrams, or encrypt each anew.

    Raises:
        MessageRefused: it holds no telegram.
    """
    del event
    told = body.get("telegram")
    try:
        telegram = bytes.fromhex(told) if isinstance(told, str) else b""
    except ValueError:
        telegram = b""
    if not telegram:
        raise MessageRefused("telegram has hexadecimal digits.", pointer="/telegram")
    gateway, rssi = body.get("gateway"), body.get("rssi")
    is_told = isinstance(rssi, int | float) and not isinstance(rssi, bool)
    heard = Reception(
        gateway=gateway if isinstance(gateway, str) else "",
        rssi_dbm=float(rssi) if is_told and rssi is not None else None,
    )
    return Uplink(
        device=Identifier("meterId", meter_of(telegram)),
        payload=telegram,
        deduplication=telegram.hex(),
        receptions=(heard,),
    )
