"""ChirpStack v4 and v3: HTTP integration, and the same JSON over MQTT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samstad_devices.domain.messages import (
    DownlinkAnswered,
    Joined,
    Message,
    Reception,
    StatusReported,
    Uplink,
)
from samstad_devices.gateway.lorawan.members import Members

__all__ = ["EVENTS_V4", "read_v3", "read_v4"]


def read_v4(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the message in a body of ChirpStack v4; ``event`` is its query parameter or topic part.

    Events that tell nothing of a device's data (``log``, ``location``, ``integration``) are None.
    """
    members = Members(body)
    read = EVENTS_V4.get(event or "up")
    return None if read is None else read(members)


def _up(members: Members) -> Uplink:
    radio = members.object("txInfo")
    lora = radio.object("modulation").object("lora")
    return Uplink(
        device=members.object("deviceInfo").device("devEui"),
        time_us=members.time("time"),
        port=members.natural("fPort", most=255),
        payload=members.base64("data"),
        counter=members.natural("fCnt"),
        device_address=members.text("devAddr"),
        deduplication=members.text("deduplicationId"),
        confirmed=members.flag("confirmed"),
        receptions=tuple(map(_reception_v4, members.objects("rxInfo"))),
        spreading_factor=lora.natural("spreadingFactor", most=12),
        frequency_hz=radio.natural("frequency"),
    )


def _reception_v4(members: Members) -> Reception:
    place = members.object("location")
    return Reception(
        gateway=(members.text("gatewayId") or "").upper(),
        rssi_dbm=members.number("rssi"),
        snr_db=members.number("snr"),
        time_us=members.time("gwTime") or members.time("nsTime"),
        latitude=place.number("latitude"),
        longitude=place.number("longitude"),
    )


def _join(members: Members) -> Joined:
    return Joined(
        device=members.object("deviceInfo").device("devEui"),
        time_us=members.time("time"),
        device_address=members.text("devAddr"),
    )


def _status(members: Members) -> StatusReported:
    unknown = members.flag("batteryLevelUnavailable") or members.flag("externalPowerSource")
    return StatusReported(
        device=members.object("deviceInfo").device("devEui"),
        time_us=members.time("time"),
        battery_percent=None if unknown else members.number("batteryLevel"),
        is_fed=members.flag("externalPowerSource"),
        margin_db=members.number("margin"),
    )


def _ack(members: Members) -> DownlinkAnswered:
    return DownlinkAnswered(
        device=members.object("deviceInfo").device("devEui"),
        outcome="acknowledged" if members.flag("acknowledged") else "refused",
        reference=members.text("queueItemId"),
        counter=members.natural("fCntDown"),
        time_us=members.time("time"),
    )


def _txack(members: Members) -> DownlinkAnswered:
    return DownlinkAnswered(
        device=members.object("deviceInfo").device("devEui"),
        outcome="sent",
        reference=members.text("queueItemId"),
        counter=members.natural("fCntDown"),
        time_us=members.time("time"),
    )


EVENTS_V4: dict[str, Callable[[Members], Message]] = {
    "up": _up,
    "join": _join,
    "status": _status,
    "ack": _ack,
    "txack": _txack,
}
"""Event → how its body is read."""


def read_v3(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the message in a body of ChirpStack v3, whose DevEUI is base64."""
    if event not in (None, "up"):
        return None
    members = Members(body)
    radio = members.object("txInfo")
    return Uplink(
        device=members.device_base64("devEUI"),
        time_us=next(filter(None, (one.time("time") for one in members.objects("rxInfo"))), None),
        port=members.natural("fPort", most=255),
        payload=members.base64("data"),
        counter=members.natural("fCnt"),
        device_address=members.base64("devAddr").hex() or None,
        confirmed=members.flag("confirmedUplink"),
        receptions=tuple(map(_reception_v3, members.objects("rxInfo"))),
        spreading_factor=radio.object("loRaModulationInfo").natural("spreadingFactor", most=12),
        frequency_hz=radio.natural("frequency"),
    )


def _reception_v3(members: Members) -> Reception:
    place = members.object("location")
    return Reception(
        gateway=members.base64("gatewayID").hex().upper(),
        rssi_dbm=members.number("rssi"),
        snr_db=members.number("loRaSNR"),
        time_us=members.time("time"),
        latitude=place.number("latitude"),
        longitude=place.number("longitude"),
    )
