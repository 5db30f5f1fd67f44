"""From bytes to the packets of a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samstad_devices.gateway.mqtt.cursor import Cursor
from samstad_devices.gateway.mqtt.packets import (
    Auth,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Puback,
    Publish,
    Subscribe,
    Subscription,
    Unsubscribe,
    Will,
)
from samstad_devices.gateway.mqtt.properties import read_properties
from samstad_devices.gateway.mqtt.reasons import MqttRefused, Reason

__all__ = ["CONNECT", "Frames", "read_packet"]

CONNECT = 1
_PUBLISH = 3
_MOST_LENGTH_BYTES = 4
_MOST_FILTERS = 16
_NO_PROPERTIES: dict[str, Any] = {}


class Frames:
    """Cuts a stream into packets: the first byte of each, and its body.

    Attributes:
        most_bytes: of a body; a longer one is refused as soon as its length is read.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._buffer = b""

    @property
    def is_within(self) -> bool:
        """Whether a packet has begun and is not complete."""
        return bool(self._buffer)

    def feed(self, received: bytes) -> list[tuple[int, bytes]]:
        """Return the packets that are complete; raises MqttRefused."""
        buffer = self._buffer + received if self._buffer else received
        at, found = 0, []
        while (head := self._head(buffer, at)) is not None:
            start, end = head
            if end > len(buffer):
                break
            found.append((buffer[at], buffer[start:end]))
            at = end
        self._buffer = buffer[at:]
        return found

    def _head(self, buffer: bytes, at: int) -> tuple[int, int] | None:
        """Return where the body of the packet begins and ends; None where even that is not known yet."""
        length, start = 0, at + 1
        while start < len(buffer):
            byte = buffer[start]
            length |= (byte & 0x7F) << 7 * (start - at - 1)
            start += 1
            if not byte & 0x80:
                return self._bounded(length, start)
            if start - at > _MOST_LENGTH_BYTES:
                raise MqttRefused(Reason.MALFORMED, "A length has at most four bytes.")
        return None

    def _bounded(self, length: int, start: int) -> tuple[int, int]:
        if length > self.most_bytes:
            detail = f"A packet has at most {self.most_bytes} bytes, this one {length}."
            raise MqttRefused(Reason.PACKET_TOO_LARGE, detail)
        return start, start + length


def read_packet(first: int, body: bytes, *, version: int) -> Packet:
    """Return the packet of a first byte and a body.

    Args:
        first: kind and flags.
        body: what follows its length.
        version: 4 (3.1.1) or 5; a CONNECT brings its own.

    Raises:
        MqttRefused: it is none that a client may send.
    """
    kind = first >> 4
    if kind == _PUBLISH:
        return _publish(first & 0x0F, body, version)
    row = _READERS.get(kind)
    if row is None:
        raise MqttRefused(Reason.PROTOCOL_ERROR, f"A client sends no packet of kind {kind}.")
    flags, read = row
    if first & 0x0F != flags:
        raise MqttRefused(Reason.MALFORMED, f"The flags of a packet of kind {kind} are {flags}.")
    cursor = Cursor(body)
    packet = read(cursor, version)
    if not cursor.is_done:
        raise MqttRefused(Reason.MALFORMED, f"A packet of kind {kind} has more than belongs to it.")
    return packet


def _publish(flags: int, body: bytes, version: int) -> Publish:
    qos = flags >> 1 & 3
    if qos == 3 or (not qos and flags & 8):
        raise MqttRefused(Reason.MALFORMED, "QoS is 0, 1 or 2, and only 1 and 2 come again.")
    cursor = Cursor(body)
    topic = cursor.text()
    packet_id = cursor.packet_id() if qos else 0
    properties = read_properties(cursor, "publish") if version == 5 else _NO_PROPERTIES
    if not topic and "topic_alias" not in properties:
        raise MqttRefused(Reason.PROTOCOL_ERROR, "A topic has at least one letter.")
    if "+" in topic or "#" in topic:
        raise MqttRefused(Reason.PROTOCOL_ERROR, "Nobody publishes under a filter.")
    return Publish(topic, cursor.rest(), qos, packet_id, bool(flags & 8), properties)


def _connect(cursor: Cursor, _: int) -> Connect:
    version = _version(cursor)
    flags = cursor.byte()
    if flags & 1 or flags >> 3 & 3 == 3 or (not flags & 4 and flags & 0x38):
        raise MqttRefused(Reason.MALFORMED, "The flags of CONNECT do not fit each other.")
    if version == 4 and flags & 0xC0 == 0x40:
        raise MqttRefused(Reason.MALFORMED, "There is a password and no user name.")
    keep_alive_s = cursor.two()
    properties = read_properties(cursor, "connect") if version == 5 else _NO_PROPERTIES
    client_id = cursor.text()
    will = _will(cursor, flags, version) if flags & 4 else None
    username = cursor.text() if flags & 0x80 else None
    password = cursor.binary() if flags & 0x40 else None
    is_clean = bool(flags & 2)
    return Connect(version, client_id, is_clean, keep_alive_s, username, password, will, properties)


def _version(cursor: Cursor) -> int:
    name, level = cursor.text(), cursor.byte()
    if name != "MQTT" or level not in (4, 5):
        raise MqttRefused(Reason.UNSUPPORTED_VERSION, "Only MQTT 3.1.1 and 5 are spoken here.")
    return level


def _will(cursor: Cursor, flags: int, version: int) -> Will:
    if version == 5:
        read_properties(cursor, "will")
    return Will(cursor.text(), cursor.binary(), flags >> 3 & 3)


def _puback(cursor: Cursor, version: int) -> Puback:
    packet_id = cursor.packet_id()
    if version == 4 or cursor.is_done:
        return Puback(packet_id, 0)
    return Puback(packet_id, _reason(cursor, "puback"))


def _reason(cursor: Cursor, packet: str) -> int:
    """Return a reason code, 0 where it is left out, and pass over the properties after it."""
    if cursor.is_done:
        return 0
    code = cursor.byte()
    if not cursor.is_done:
        read_properties(cursor, packet)
    return code


def _subscribe(cursor: Cursor, version: int) -> Subscribe:
    packet_id = cursor.packet_id()
    if version == 5:
        read_properties(cursor, "subscribe")
    return Subscribe(packet_id, tuple(_each(cursor, lambda: _subscription(cursor, version))))


def _subscription(cursor: Cursor, version: int) -> Subscription:
    wanted, options = _filter(cursor), cursor.byte()
    allowed = 0x3F if version == 5 else 3
    if options & 3 == 3 or options & ~allowed or options >> 4 & 3 == 3:
        raise MqttRefused(Reason.MALFORMED, "The options of a subscription are none.")
    return Subscription(wanted, options & 3)


def _filter(cursor: Cursor) -> str:
    wanted = cursor.text()
    if not wanted:
        raise MqttRefused(Reason.MALFORMED, "A filter has at least one letter.")
    return wanted


def _unsubscribe(cursor: Cursor, version: int) -> Unsubscribe:
    packet_id = cursor.packet_id()
    if version == 5:
        read_properties(cursor, "unsubscribe")
    return Unsubscribe(packet_id, tuple(_each(cursor, lambda: _filter(cursor))))


def _each(cursor: Cursor, read: Callable[[], Any]) -> list[Any]:
    found = [read()]
    while not cursor.is_done:
        if len(found) >= _MOST_FILTERS:
            raise MqttRefused(Reason.QUOTA_EXCEEDED, f"At most {_MOST_FILTERS} filters come at once.")
        found.append(read())
    return found


def _disconnect(cursor: Cursor, version: int) -> Disconnect:
    return Disconnect(_reason(cursor, "disconnect") if version == 5 else 0)


def _auth(cursor: Cursor, version: int) -> Auth:
    if version != 5:
        raise MqttRefused(Reason.PROTOCOL_ERROR, "AUTH is of MQTT 5.")
    return Auth(_reason(cursor, "auth"))


_READERS: dict[int, tuple[int, Callable[[Cursor, int], Packet]]] = {
    CONNECT: (0, _connect),
    4: (0, _puback),
    8: (2, _subscribe),
    10: (2, _unsubscribe),
    12: (0, lambda _cursor, _version: Ping()),
    14: (0, _disconnect),
    15: (0, _auth),
}
"""Kind of packet → the flags of its first byte, and what reads it."""
