"""Packets to messages and back, held to the rules of one core version both ways.

The form of each member is checked while the JSON is read; what differs between core versions is one function
per message type in ``RULES``. Older versions spelled alarm states in several ways: they are read in any case
and come out in the spelling of 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from samstad_rsmp.errors import MalformedMessage
from samstad_rsmp.framing import FORM_FEED
from samstad_rsmp.messages import (
    AggregatedStatus,
    AggregatedStatusRequest,
    Alarm,
    AnyMessage,
    CommandRequest,
    CommandResponse,
    StatusResponse,
    StatusSubscribe,
    StatusUpdate,
)
from samstad_rsmp.versions import CORE_VERSIONS, Core

__all__ = ["NEWEST", "decode", "encode"]

NEWEST = CORE_VERSIONS["3.2.2"]
STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
AT = re.compile(r" - at `\$([^`]*)`$")


class _Head(msgspec.Struct):
    message_type: Any = msgspec.field(name="type", default=None)
    message_id: Any = msgspec.field(name="mId", default=None)
    m_type: Any = msgspec.field(name="mType", default=UNSET)


_DECODER = msgspec.json.Decoder(AnyMessage)
_HEAD = msgspec.json.Decoder(_Head)
_ENCODER = msgspec.json.Encoder()
_MARK = b'"mType"'


def decode(packet: bytes, core: Core = NEWEST) -> AnyMessage:
    """Return the message of one packet (without its form feed); MalformedMessage says what is wrong where."""
    try:
        message = _DECODER.decode(packet)
    except msgspec.ValidationError as error:
        raise _explained(error, packet) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(f"not JSON: {error}") from None
    except RecursionError:
        raise MalformedMessage("nested too deeply") from None
    if _MARK not in packet:
        raise _malformed(message, "mType is missing; it is always rSMsg", "/mType")
    return _checked(message, core)


def encode(message: AnyMessage, core: Core = NEWEST) -> bytes:
    """Return the packet of a message with its form feed; MalformedMessage when the version forbids it."""
    checked = _checked(message, core)
    shape = SHAPES.get(type(checked))
    packet = _ENCODER.encode(shape(checked, core) if shape else checked)
    try:
        _DECODER.decode(packet)
    except msgspec.ValidationError as error:
        raise _explained(error, packet) from None
    return packet + FORM_FEED


def _explained(error: msgspec.ValidationError, packet: bytes) -> MalformedMessage:
    text = str(error)
    at = AT.search(text)
    pointer = "".join(f"/{name or index}" for name, index in STEP.findall(at[1])) if at else ""
    detail = f"{text[: at.start()] if at else text}{' at ' + pointer if pointer else ''}"
    return MalformedMessage(detail, message_id=_identity(packet), pointer=pointer)


def _identity(packet: bytes) -> str:
    try:
        head = _HEAD.decode(packet)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return head.message_id if isinstance(head.message_id, str) else ""


def _malformed(message: Any, detail: str, pointer: str) -> MalformedMessage:
    identity = getattr(message, "message_id", "")
    return MalformedMessage(f"{detail} at {pointer}", message_id=identity, pointer=pointer)


def _checked(message: AnyMessage, core: Core) -> AnyMessage:
    rule = RULES.get(type(message))
    return rule(message, core) if rule else message


SPECIALIZATIONS = ("Issue", "Acknowledge", "Suspend", "Resume", "Request")
SPELLINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "specialization": ("aSp", SPECIALIZATIONS),
    "acknowledged": ("ack", ("Acknowledged", "notAcknowledged")),
    "active": ("aS", ("Active", "inActive")),
    "suspended": ("sS", ("Suspended", "notSuspended")),
}
STATE_FIELDS = ("acknowledged", "active", "suspended", "timestamp", "category", "priority", "values")


def _alarm(message: Alarm, core: Core) -> Alarm:
    mended: dict[str, Any] = {}
    for field, (wire, spellings) in SPELLINGS.items():
        value = getattr(message, field)
        if value is not UNSET and value not in spellings:
            mended[field] = _respelled(message, core, wire, value)
    message = msgspec.structs.replace(message, **mended) if mended else message
    if message.specialization == "Request" and not core.requests:
        raise _malformed(message, f"RSMP {core.name} has no alarm request", "/aSp")
    missing = [name for name in STATE_FIELDS if getattr(message, name) is UNSET]
    if message.specialization == "Issue" and missing:
        raise _malformed(message, f"an alarm issue without its state ({', '.join(missing)})", "")
    return message


def _respelled(message: Alarm, core: Core, wire: str, value: str) -> str:
    spellings = next(allowed for name, allowed in SPELLINGS.values() if name == wire)
    anyhow = {spelling.lower(): spelling for spelling in spellings}.get(value.lower())
    as_in_the_schema = wire == "sS" and value == "suspended"  # alarm_issue.json of 3.2 has it in lower case
    if anyhow is None or (core.exact_case and not as_in_the_schema):
        raise _malformed(message, f"{wire} is {value!r}, not one of {', '.join(spellings)}", f"/{wire}")
    return anyhow


def _aggregated(message: AggregatedStatus, core: Core) -> AggregatedStatus:
    if all(isinstance(bit, bool) for bit in message.bits):
        return message
    wrong = [bit for bit in message.bits if isinstance(bit, str) and bit.lower() not in {"true", "false"}]
    if core.boolean_bits or wrong:
        raise _malformed(message, f"se holds {wrong or 'strings'} where booleans are due", "/se")
    bits: list[bool | str] = [bit if isinstance(bit, bool) else bit.lower() == "true" for bit in message.bits]
    return msgspec.structs.replace(message, bits=bits)


def _request(message: AggregatedStatusRequest, core: Core) -> AggregatedStatusRequest:
    if not core.requests:
        raise _malformed(message, f"RSMP {core.name} has no AggregatedStatusRequest", "/type")
    return message


def _subscribe(message: StatusSubscribe, core: Core) -> StatusSubscribe:
    for index, one in enumerate(message.subscriptions):
        if core.subscribe_on_change and one.on_change is UNSET:
            raise _malformed(message, f"sOc is due from RSMP 3.1.5, this is {core.name}", f"/sS/{index}")
        if one.on_change is False and float(one.interval_s) == 0:
            raise _malformed(message, "neither an interval nor changes: uRt 0 and sOc false", f"/sS/{index}")
    return message


def _values(message: StatusResponse | StatusUpdate, core: Core) -> StatusResponse | StatusUpdate:
    for index, one in enumerate(message.values):
        _value(message, core, f"/sS/{index}/s", one.value, one.quality)
    return message


def _response(message: CommandResponse, core: Core) -> CommandResponse:
    for index, one in enumerate(message.values):
        _value(message, core, f"/rvs/{index}/v", one.value, one.age)
    return message


def _value(message: Any, core: Core, pointer: str, value: Any, quality: str) -> None:
    nothing = quality in {"undefined", "unknown"}
    if quality == "undefined" and not core.undefined_quality:
        raise _malformed(message, f"RSMP {core.name} has no quality 'undefined'", pointer)
    if nothing and value is not None:
        raise _malformed(message, f"a value although it is {quality}; null is due", pointer)
    if not nothing and value is None:
        raise _malformed(message, f"null although it is {quality}", pointer)
    if isinstance(value, list) and not core.array_values:
        raise _malformed(message, f"an array; RSMP {core.name} has strings only", pointer)


def _command(message: CommandRequest, core: Core) -> CommandRequest:
    for index, one in enumerate(message.arguments):
        _value(message, core, f"/arg/{index}/v", one.value, "recent")
    return message


RULES: dict[type, Callable[[Any, Core], Any]] = {
    AggregatedStatus: _aggregated,
    AggregatedStatusRequest: _request,
    Alarm: _alarm,
    CommandRequest: _command,
    CommandResponse: _response,
    StatusResponse: _values,
    StatusSubscribe: _subscribe,
    StatusUpdate: _values,
}
"""What a version allows beyond the form, both for what comes in and for what goes out."""


def _bits_as_text(message: AggregatedStatus, core: Core) -> AggregatedStatus:
    if core.boolean_bits:
        return message
    return msgspec.structs.replace(message, bits=["true" if bit else "false" for bit in message.bits])


def _without_on_change(message: StatusSubscribe, core: Core) -> StatusSubscribe:
    if core.subscribe_on_change:
        return message
    plain = [msgspec.structs.replace(one, on_change=UNSET) for one in message.subscriptions]
    return msgspec.structs.replace(message, subscriptions=plain)


def _suspended_as_in_the_schema(message: Alarm, _core: Core) -> Alarm:
    if message.specialization == "Issue" and message.suspended == "Suspended":
        return msgspec.structs.replace(message, suspended="suspended")
    return message


SHAPES: dict[type, Callable[[Any, Core], Any]] = {
    AggregatedStatus: _bits_as_text,
    Alarm: _suspended_as_in_the_schema,
    StatusSubscribe: _without_on_change,
}
"""How a message is written for a version."""
