"""The Things Stack: webhooks, and the same JSON over MQTT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_devices.domain.messages import DownlinkAnswered, Joined, Message, Reception, Uplink
from samstad_devices.gateway.lorawan.members import Members

__all__ = ["read"]

_ANSWERS = {"downlink_ack": "acknowledged", "downlink_nack": "refused", "downlink_sent": "sent"}


def read(body: Mapping[str, Any], event: str | None) -> Message | None:
    """Return the message in a body; what it is stands in the body itself, ``event`` is not looked at."""
    del event
    members = Members(body)
    if members.get("uplink_message") is not None:
        return _uplink(members)
    if members.get("join_accept") is not None:
        return _joined(members)
    for name, outcome in _ANSWERS.items():
        if members.get(name) is not None:
            return _answered(members, members.object(name), outcome)
    return None


def _uplink(members: Members) -> Uplink:
    ids, uplink = members.object("end_device_ids"), members.object("uplink_message")
    settings = uplink.object("settings")
    return Uplink(
        device=ids.device("dev_eui"),
        time_us=_heard_at(members, uplink),
        port=uplink.natural("f_port", most=255),
        payload=uplink.base64("frm_payload"),
        counter=uplink.natural("f_cnt") or 0,
        device_address=ids.text("dev_addr"),
        deduplication=_deduplication(members),
        confirmed=uplink.flag("confirmed"),
        receptions=tuple(map(_reception, uplink.objects("rx_metadata"))),
        spreading_factor=settings.object("data_rate").object("lora").natural("spreading_factor", most=12),
        frequency_hz=settings.natural("frequency"),
        battery_percent=uplink.object("last_battery_percentage").number("value"),
    )


def _heard_at(members: Members, uplink: Members) -> int | None:
    """Return when the first gateway that knows the time heard it, else when the network did."""
    for reception in uplink.objects("rx_metadata"):
        heard = reception.time("time")
        if heard is not None:
            return heard
    return uplink.time("received_at") or members.time("received_at")


def _deduplication(members: Members) -> str | None:
    """Return the network's own id of the uplink: the correlation that begins with ``as:up:``."""
    known = members.get("correlation_ids")
    if not isinstance(known, list):
        return None
    return next((one for one in known if isinstance(one, str) and one.startswith("as:up:")), None)


def _reception(members: Members) -> Reception:
    ids, place = members.object("gateway_ids"), members.object("location")
    return Reception(
        gateway=(ids.text("eui") or ids.text("gateway_id") or "").upper(),
        rssi_dbm=members.number("rssi"),
        snr_db=members.number("snr"),
        time_us=members.time("time"),
        latitude=place.number("latitude"),
        longitude=place.number("longitude"),
    )


def _joined(members: Members) -> Joined:
    ids = members.object("end_device_ids")
    return Joined(
        device=ids.device("dev_eui"),
        time_us=members.time("received_at"),
        device_address=ids.text("dev_addr"),
    )


def _answered(members: Members, answer: Members, outcome: str) -> DownlinkAnswered:
    references = answer.get("correlation_ids")
    known = [one for one in references if isinstance(one, str)] if isinstance(references, list) else []
    return DownlinkAnswered(
        device=members.object("end_device_ids").device("dev_eui"),
        outcome=outcome,
        reference=next((one for one in known if one.startswith("samstad:")), None),
        counter=answer.natural("f_cnt"),
        time_us=members.time("received_at"),
    )
