"""Bytes to packets and back: every packet ends with one form feed (Core 3.2.2, transport of data).

Form feeds before the first packet and several in a row are tolerated. A packet that grows past the bound is
dropped to its end and reported once, so a peer that never sends a form feed costs no more memory than that.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FORM_FEED", "MAX_PACKET_BYTES", "Deframer", "Oversized"]

FORM_FEED = b"\x0c"
MAX_PACKET_BYTES = 4 * 1024 * 1024
"""Room for S0098, a controller's whole configuration in base64."""


class Oversized(NamedTuple):
    """A packet that was dropped because it was longer than the bound."""

    size: int


class Deframer:
    """Splits a stream of bytes into packets, wherever the network cut or joined them."""

    def __init__(self, *, max_packet_bytes: int = MAX_PACKET_BYTES) -> None:
        self._max = max_packet_bytes
        self._rest = bytearray()
        self._dropped = 0

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished packet are held."""
        return len(self._rest)

    def feed(self, chunk: bytes) -> list[bytes | Oversized]:
        """Take bytes as they came and return the packets that are complete, in order."""
        if FORM_FEED not in chunk:
            self._keep(chunk)
            return []
        first, *others = chunk.split(FORM_FEED)
        found: list[bytes | Oversized] = []
        self._keep(first)
        self._end(found)
        rest = others.pop()
        for packet in others:
            self._whole(packet, found)
        self._keep(rest)
        return found

    def _whole(self, packet: bytes, found: list[bytes | Oversized]) -> None:
        if len(packet) > self._max:
            found.append(Oversized(len(packet)))
        elif packet and not packet.isspace():
            found.append(packet)

    def _keep(self, part: bytes) -> None:
        if self._dropped:
            self._dropped += len(part)
        elif len(self._rest) + len(part) > self._max:
            self._dropped = len(self._rest) + len(part)
            self._rest.clear()
        else:
            self._rest += part

    def _end(self, found: list[bytes | Oversized]) -> None:
        if self._dropped:
            found.append(Oversized(self._dropped))
            self._dropped = 0
        elif self._rest:
            self._whole(bytes(self._rest), found)
            self._rest.clear()
