"""One connection as MQTT sees it, without a socket: bytes in, packets out, in the order that is allowed."""

from __future__ import annotations

from samstad_devices.gateway.mqtt import writing
from samstad_devices.gateway.mqtt.packets import Auth, Connect, Packet
from samstad_devices.gateway.mqtt.reading import CONNECT, Frames, read_packet
from samstad_devices.gateway.mqtt.reasons import MqttRefused, Reason

__all__ = ["RECEIVE_MOST", "Session"]

RECEIVE_MOST = 64
"""Messages of one client that may wait for the disk; its socket is not read while there are more."""

_FIRST_BYTES = 8_192
_MOST_DOWN = 16


class Session:
    """What was agreed on with a client, and what is on its way to it.

    Args:
        packet_most: bytes of a packet's body.

    Attributes:
        version: 4 (3.1.1) or 5; 0 before CONNECT.
        down: packet identifiers of messages on their way to the client → what they carry.
    """

    __slots__ = ("_down_most", "_frames", "_last_id", "_packet_most", "down", "version")

    def __init__(self, packet_most: int) -> None:
        self.version = 0
        self.down: dict[int, str] = {}
        self._packet_most = packet_most
        self._down_most = _MOST_DOWN
        self._last_id = 0
        # A stranger may send no more than a CONNECT needs.
        self._frames = Frames(min(_FIRST_BYTES, packet_most))

    def received(self, data: bytes) -> list[Packet]:
        """Return the packets that are complete.

        Raises:
            MqttRefused: what came is no MQTT, or not at this time.
        """
        if not self.version and not self._frames.is_within and data[:1] not in {b"", b"\x10"}:
            # Said at once: what speaks another protocol may never complete a packet of this one.
            raise MqttRefused(Reason.PROTOCOL_ERROR, "The first packet is CONNECT.")
        return [self._read(first, body) for first, body in self._frames.feed(data)]

    def _read(self, first: int, body: bytes) -> Packet:
        if not self.version and first >> 4 != CONNECT:
            raise MqttRefused(Reason.PROTOCOL_ERROR, "The first packet is CONNECT.")
        packet = read_packet(first, body, version=self.version)
        if type(packet) is Connect:
            self._begin(packet)
        elif type(packet) is Auth:
            raise MqttRefused(Reason.BAD_AUTHENTICATION_METHOD, "There is no authentication by AUTH here.")
        return packet

    def _begin(self, packet: Connect) -> None:
        if self.version:
            raise MqttRefused(Reason.PROTOCOL_ERROR, "CONNECT comes once.")
        self.version = packet.version
        if packet.properties.get("receive_most") == 0 or packet.properties.get("packet_most") == 0:
            raise MqttRefused(Reason.PROTOCOL_ERROR, "Receive Maximum and Maximum Packet Size are not 0.")
        if "authentication_method" in packet.properties:
            raise MqttRefused(Reason.BAD_AUTHENTICATION_METHOD, "Give a token as the password.")
        if packet.will is not None and packet.will.qos > 1:
            raise MqttRefused(Reason.QOS_NOT_SUPPORTED, "QoS is 0 or 1 here.")
        self._down_most = min(_MOST_DOWN, packet.properties.get("receive_most", _MOST_DOWN))

    def accepted(self, *, is_present: bool, client_id: str = "") -> bytes:
        """Return the CONNACK that lets the client in; from now on it may send larger packets."""
        self._frames.most_bytes = self._packet_most
        return writing.connack(
            version=self.version,
            is_present=is_present,
            client_id=client_id,
            receive_most=RECEIVE_MOST,
            packet_most=self._packet_most,
        )

    def refused(self, reason: Reason, *, is_open: bool) -> bytes:
        """Return the last words to the client: a CONNACK before it was let in, else a DISCONNECT."""
        if is_open:
            return writing.disconnect(reason, version=self.version)
        return writing.connack_refused(reason, version=self.version) if self.version else b""

    @property
    def may_be_told(self) -> bool:
        """Whether another message may go to the client now."""
        return len(self.down) < self._down_most

    def told(self, topic: str, payload: bytes, *, carries: str) -> bytes:
        """Return a PUBLISH with QoS 1 to the client, and remember what it carries until its PUBACK."""
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self.down:
                break
        self.down[self._last_id] = carries
        return writing.publish(topic, payload, qos=1, packet_id=self._last_id, version=self.version)
