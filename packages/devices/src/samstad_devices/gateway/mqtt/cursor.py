"""Reads the types of MQTT (1.5) from bytes, one after the other."""

from __future__ import annotations

from samstad_devices.gateway.mqtt.reasons import MqttRefused, Reason

__all__ = ["Cursor"]


class Cursor:
    """A place in the body of a packet; every method reads on from it and raises MqttRefused at its end."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes, at: int = 0) -> None:
        self._body = body
        self._at = at

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._body)

    def taken(self, length: int) -> bytes:
        """Return the next bytes."""
        end = self._at + length
        if end > len(self._body):
            raise MqttRefused(Reason.MALFORMED, "The packet ends too early.")
        found = self._body[self._at : end]
        self._at = end
        return found

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.taken(len(self._body) - self._at)

    def part(self, length: int) -> Cursor:
        """Return a cursor over the next bytes alone."""
        return Cursor(self.taken(length))

    def byte(self) -> int:
        """Return one byte."""
        return self.taken(1)[0]

    def two(self) -> int:
        """Return a two byte integer."""
        return int.from_bytes(self.taken(2))

    def four(self) -> int:
        """Return a four byte integer."""
        return int.from_bytes(self.taken(4))

    def varint(self) -> int:
        """Return a variable byte integer of at most four bytes, in its shortest form (1.5.5)."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                if shift and not byte:
                    break
                return value
        raise MqttRefused(Reason.MALFORMED, "A variable byte integer has one to four bytes.")

    def binary(self) -> bytes:
        """Return binary data, which its length precedes."""
        return self.taken(self.two())

    def text(self) -> str:
        """Return a text; one that is no UTF-8, or has U+0000, is malformed (1.5.4)."""
        raw = self.binary()
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise MqttRefused(Reason.MALFORMED, f"A text is no UTF-8, at its byte {error.start}.") from None
        if "\0" in text:
            raise MqttRefused(Reason.MALFORMED, "A text has U+0000.")
        return text

    def pair(self) -> tuple[str, str]:
        """Return two texts."""
        return self.text(), self.text()

    def packet_id(self) -> int:
        """Return a packet identifier, which is never 0 (2.2.1)."""
        number = self.two()
        if not number:
            raise MqttRefused(Reason.PROTOCOL_ERROR, "A packet identifier is not 0.")
        return number
