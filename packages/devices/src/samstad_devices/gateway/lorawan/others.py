"""Everynet, Kerlink Wanesy, Loriot and MultiTech Conduit: one body each, an uplink or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from samstad_devices.domain.messages import Message, Reception, Uplink
from samstad_devices.gateway.lorawan.members import Members

__all__ = ["read_everynet", "read_kerlink", "read_loriot", "read_multitech"]

_SPREADING = re.compile(r"SF(\d{1,2})")
_MILLISECONDS = 1_000
_BATTERY_MOST = 254
"""DevStatusAns: 1 to 254 is the charge, 0 is fed from outside, 255 unknown (LoRaWAN 1.0.4, 5.5)."""


def _spreading_factor(data_rate: str | None) -> int | None:
    found = _SPREADING.match(data_rate or "")
    return None if found is None else int(found[1])


def _hertz(mhz: float | None) -> int | None:
    return None if mhz is None else round(mhz * 1_000_000)


def read_everynet(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the uplink in a body of Everynet; duplicates and other types are None."""
    del event
    members = Members(body)
    uplink, meta = members.object("params"), members.object("meta")
    if members.text("type") != "uplink" or uplink.flag("duplicate"):
        return None
    radio = uplink.object("radio")
    hardware = radio.object("hardware")
    place = hardware.object("gps")
    heard = Reception(
        gateway=(meta.text("gateway") or "").upper(),
        rssi_dbm=hardware.number("rssi"),
        snr_db=hardware.number("snr"),
        time_us=radio.seconds("time"),
        latitude=place.number("lat"),
        longitude=place.number("lng"),
    )
    return Uplink(
        device=meta.device("device"),
        time_us=uplink.seconds("rx_time"),
        port=uplink.natural("port", most=255),
        payload=uplink.base64("payload"),
        counter=uplink.natural("counter_up"),
        device_address=meta.text("device_addr"),
        deduplication=meta.text("packet_hash"),
        receptions=(heard,),
        spreading_factor=radio.object("modulation").natural("spreading", most=12),
        frequency_hz=_hertz(radio.number("freq")),
    )


def read_kerlink(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the uplink in a body of Kerlink Wanesy; one that is still enciphered is refused."""
    del event
    members = Members(body)
    if members.flag("encrypted"):
        raise members.refuse("encrypted", "let the network decipher payloads for this application.")
    is_hex = members.text("encodingType") == "HEXA"
    return Uplink(
        device=members.object("endDevice").device("devEui"),
        time_us=members.seconds("recvTime", per_second=_MILLISECONDS),
        port=members.natural("fPort", most=255),
        payload=members.hex("payload") if is_hex else members.base64("payload"),
        counter=members.natural("fCntUp"),
        device_address=members.object("endDevice").text("devAddr"),
        deduplication=members.text("id"),
        confirmed=members.flag("confirmed"),
        receptions=tuple(map(_kerlink_reception, members.objects("gwInfo"))),
        spreading_factor=_spreading_factor(members.text("dataRate")),
        frequency_hz=_hertz(members.number("ulFrequency")),
    )


def _kerlink_reception(members: Members) -> Reception:
    return Reception(
        gateway=(members.text("gwEui") or "").upper(),
        rssi_dbm=members.number("rssi"),
        snr_db=members.number("snr"),
        latitude=members.number("latitude"),
        longitude=members.number("longitude"),
    )


def read_loriot(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the uplink in a body of Loriot: command ``gw`` with all gateways, or ``rx`` without any.

    Loriot may be set to send both for one frame: ``gw`` is read where there are gateways, and the counter
    tells that the other is the same.
    """
    del event
    members = Members(body)
    if members.text("cmd") not in {"gw", "rx"} or members.get("data") is None:
        return None
    battery = members.natural("bat", most=255)
    is_known = battery is not None and 0 < battery <= _BATTERY_MOST
    return Uplink(
        device=members.device("EUI"),
        time_us=members.seconds("ts", per_second=_MILLISECONDS),
        port=members.natural("port", most=255),
        payload=members.hex("data"),
        counter=members.natural("fcnt"),
        confirmed=members.flag("ack"),
        receptions=tuple(map(_loriot_reception, members.objects("gws"))),
        spreading_factor=_spreading_factor(members.text("dr")),
        frequency_hz=members.natural("freq"),
        battery_percent=round(battery * 100 / _BATTERY_MOST, 1) if battery and is_known else None,
    )


def _loriot_reception(members: Members) -> Reception:
    return Reception(
        gateway=(members.text("gweui") or "").upper(),
        rssi_dbm=members.number("rssi"),
        snr_db=members.number("snr"),
        time_us=members.time("time"),
        latitude=members.number("lat"),
        longitude=members.number("lon"),
    )


def read_multitech(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the uplink in a body of a MultiTech Conduit, which is network server and gateway in one."""
    del event
    members = Members(body)
    gateway = members.text("gweui")
    heard = Reception(
        gateway=(gateway or "").replace("-", "").upper(),
        rssi_dbm=members.number("rssi"),
        snr_db=members.number("lsnr"),
    )
    return Uplink(
        device=members.device("deveui"),
        time_us=members.time("time"),
        port=members.natural("port", most=255),
        payload=members.base64("data"),
        counter=members.natural("fcnt"),
        device_address=members.text("devaddr"),
        receptions=() if gateway is None else (heard,),
        spreading_factor=_spreading_factor(members.text("datr")),
        frequency_hz=_hertz(members.number("freq")),
    )
