"""From what a server says to bytes."""

from __future__ import annotations

from collections.abc import Iterable

from samstad_devices.gateway.mqtt.reasons import Reason, connack_code_3

__all__ = ["PINGRESP", "connack", "connack_refused", "disconnect", "puback", "publish", "suback", "unsuback"]

PINGRESP = b"\xd0\x00"


def _varint(number: int) -> bytes:
    found = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        found.append(low | 0x80 if number else low)
        if not number:
            return bytes(found)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2) + raw


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _varint(len(body)) + body


def connack(*, version: int, is_present: bool, client_id: str, receive_most: int, packet_most: int) -> bytes:
    """Return an accepting CONNACK; MQTT 5 is told what is not offered here, and how much may come at once.

    Args:
        version: 4 or 5.
        is_present: the subscription of an earlier connection still stands.
        client_id: that was given to a client without one; else empty.
        receive_most: messages that may be on their way.
        packet_most: bytes of a packet.
    """
    if version == 4:
        return bytes((0x20, 2, is_present, 0))
    told = b"\x21" + receive_most.to_bytes(2) + b"\x24\x01" + b"\x27" + packet_most.to_bytes(4)
    told += b"\x28\x00\x29\x00\x2a\x00"  # no wildcards, no identifiers, no shared subscriptions
    if client_id:
        told += b"\x12" + _text(client_id)
    return _packet(0x20, bytes((is_present, 0)) + _varint(len(told)) + told)


def connack_refused(reason: Reason, *, version: int) -> bytes:
    """Return a refusing CONNACK; empty where MQTT 3.1.1 has none for it."""
    if version == 5:
        return bytes((0x20, 3, 0, reason, 0))
    code = connack_code_3(reason)
    return b"" if code is None else bytes((0x20, 2, 0, code))


def puback(packet_id: int, *, version: int, reason: int = 0) -> bytes:
    """Return a PUBACK."""
    if version == 5 and reason:
        return b"\x40\x03" + packet_id.to_bytes(2) + bytes((reason,))
    return b"\x40\x02" + packet_id.to_bytes(2)


def suback(packet_id: int, codes: Iterable[int], *, version: int) -> bytes:
    """Return a SUBACK: for each filter the granted quality of service, or why not."""
    return _packet(0x90, packet_id.to_bytes(2) + (b"\x00" if version == 5 else b"") + bytes(codes))


def unsuback(packet_id: int, filters: int, *, version: int) -> bytes:
    """Return an UNSUBACK."""
    return _packet(0xB0, packet_id.to_bytes(2) + (bytes(1 + filters) if version == 5 else b""))


def publish(topic: str, payload: bytes, *, qos: int, packet_id: int, version: int) -> bytes:
    """Return a PUBLISH with QoS 0 or 1."""
    head = _text(topic) + (packet_id.to_bytes(2) if qos else b"") + (b"\x00" if version == 5 else b"")
    return _packet(0x30 | qos << 1, head + payload)


def disconnect(reason: Reason, *, version: int) -> bytes:
    """Return a DISCONNECT; MQTT 3.1.1 has none from a server."""
    return bytes((0xE0, 2, reason, 0)) if version == 5 else b""
