"""Actility ThingPark: HTTP tunnel of its platforms, and Proximus, which renames the members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_devices.domain.messages import Message, Reception, Uplink
from samstad_devices.gateway.lorawan.members import Members

__all__ = ["read", "read_proximus"]

_CONFIRMED_UP = 4
"""MType of a confirmed uplink (LoRaWAN 1.0.4, table 1)."""


def read(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the uplink in a body; reports of other things (location, downlink sent) are None."""
    del event
    members = Members(body)
    if members.get("DevEUI_uplink") is None:
        return None
    uplink = members.object("DevEUI_uplink")
    frequency_mhz = uplink.number("Frequency")
    return Uplink(
        device=uplink.device("DevEUI"),
        time_us=uplink.time("Time"),
        port=uplink.natural("FPort", most=255),
        payload=uplink.hex("payload_hex"),
        counter=uplink.natural("FCntUp"),
        device_address=uplink.text("DevAddr"),
        confirmed=uplink.natural("MType") == _CONFIRMED_UP,
        receptions=_receptions(uplink),
        spreading_factor=uplink.natural("SpFact", most=12),
        frequency_hz=None if frequency_mhz is None else round(frequency_mhz * 1_000_000),
        battery_percent=uplink.number("BatteryLevel"),
    )


def _receptions(uplink: Members) -> tuple[Reception, ...]:
    """Return the gateways; only the best one's place is told."""
    best = uplink.text("Lrrid")
    return tuple(
        Reception(
            gateway=one.text("Lrrid") or "",
            rssi_dbm=one.number("LrrRSSI"),
            snr_db=one.number("LrrSNR"),
            latitude=uplink.number("LrrLAT") if one.text("Lrrid") == best else None,
            longitude=uplink.number("LrrLON") if one.text("Lrrid") == best else None,
        )
        for one in uplink.object("Lrrs").objects("Lrr")
    )


def read_proximus(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the uplink in a body of Proximus, where every number is a text."""
    del event
    members = Members(body)
    gateway = members.text("Lrrid")
    heard = Reception(
        gateway=gateway or "", rssi_dbm=members.number("Lrrrssi"), snr_db=members.number("Lrrsnr")
    )
    return Uplink(
        device=members.device("DevEUI"),
        time_us=members.seconds("timestamp"),
        port=members.natural("FPort", most=255),
        payload=members.hex("payload"),
        counter=members.natural("Fcntup"),
        device_address=members.text("DevAddr"),
        receptions=() if gateway is None else (heard,),
        spreading_factor=members.natural("Spfact", most=12),
        battery_percent=members.number("Batterylevel"),
    )
