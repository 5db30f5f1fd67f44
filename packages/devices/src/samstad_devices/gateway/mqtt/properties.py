"""Properties of MQTT 5 (2.2.2): which there are, of what type, and beside which packets they may stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from samstad_devices.gateway.mqtt.cursor import Cursor
from samstad_devices.gateway.mqtt.reasons import MqttRefused, Reason

__all__ = ["ROWS", "read_properties"]

_CONNECT, _WILL, _PUBLISH, _SUBSCRIBE = "connect", "will", "publish", "subscribe"
_UNSUBSCRIBE, _PUBACK, _DISCONNECT, _AUTH = "unsubscribe", "puback", "disconnect", "auth"


class Row(NamedTuple):
    """One property: its name, what reads it, beside which packets of a client it may stand."""

    name: str
    read: Callable[[Cursor], Any]
    packets: frozenset[str]
    may_repeat: bool = False


def _row(name: str, read: Callable[[Cursor], Any], *packets: str, may_repeat: bool = False) -> Row:
    return Row(name, read, frozenset(packets), may_repeat)


ROWS: dict[int, Row] = {
    0x01: _row("payload_format", Cursor.byte, _PUBLISH, _WILL),
    0x02: _row("message_expiry_s", Cursor.four, _PUBLISH, _WILL),
    0x03: _row("content_type", Cursor.text, _PUBLISH, _WILL),
    0x08: _row("response_topic", Cursor.text, _PUBLISH, _WILL),
    0x09: _row("correlation", Cursor.binary, _PUBLISH, _WILL),
    0x0B: _row("subscription_id", Cursor.varint, _SUBSCRIBE),
    0x11: _row("session_expiry_s", Cursor.four, _CONNECT, _DISCONNECT),
    0x15: _row("authentication_method", Cursor.text, _CONNECT, _AUTH),
    0x16: _row("authentication_data", Cursor.binary, _CONNECT, _AUTH),
    0x17: _row("wants_problems", Cursor.byte, _CONNECT),
    0x18: _row("will_delay_s", Cursor.four, _WILL),
    0x19: _row("wants_response", Cursor.byte, _CONNECT),
    0x1C: _row("server_reference", Cursor.text, _DISCONNECT),
    0x1F: _row("reason", Cursor.text, _PUBACK, _DISCONNECT, _AUTH),
    0x21: _row("receive_most", Cursor.two, _CONNECT),
    0x22: _row("topic_alias_most", Cursor.two, _CONNECT),
    0x23: _row("topic_alias", Cursor.two, _PUBLISH),
    0x26: _row(
        "user",
        Cursor.pair,
        *(_CONNECT, _WILL, _PUBLISH, _SUBSCRIBE, _UNSUBSCRIBE, _PUBACK, _DISCONNECT, _AUTH),
        may_repeat=True,
    ),
    0x27: _row("packet_most", Cursor.four, _CONNECT),
}
"""Identifier → property; those that only a server sends are errors from a client."""


def read_properties(cursor: Cursor, packet: str) -> dict[str, Any]:
    """Return the properties at a cursor by name; those that may come again as a list.

    Raises:
        MqttRefused: one is unknown, stands beside the wrong packet, or comes twice.
    """
    inner = cursor.part(cursor.varint())
    found: dict[str, Any] = {}
    while not inner.is_done:
        row = ROWS.get(number := inner.varint())
        if row is None or packet not in row.packets:
            raise MqttRefused(Reason.PROTOCOL_ERROR, f"The property 0x{number:02x} is none of {packet}.")
        if row.may_repeat:
            found.setdefault(row.name, []).append(row.read(inner))
        elif row.name in found:
            raise MqttRefused(Reason.PROTOCOL_ERROR, f"The property {row.name} comes twice.")
        else:
            found[row.name] = row.read(inner)
    return found
