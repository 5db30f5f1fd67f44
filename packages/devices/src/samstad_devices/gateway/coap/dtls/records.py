"""Records (RFC 6347, clause 4.1): type, version, epoch, sequence number, length, fragment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = [
    "ALERT",
    "APPLICATION",
    "CHANGE",
    "HANDSHAKE",
    "VERSION",
    "Record",
    "Window",
    "read_records",
    "write_record",
]

CHANGE, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
VERSION = b"\xfe\xfd"
_MAJOR = 0xFE
_HEAD = 13
_WINDOW = 64


class Record(NamedTuple):
    """One record.

    Attributes:
        place: epoch and sequence number in 8 bytes, as they are authenticated.
    """

    kind: int
    version: bytes
    place: bytes
    fragment: bytes

    @property
    def epoch(self) -> int:
        """Return the epoch."""
        return int.from_bytes(self.place[:2])

    @property
    def number(self) -> int:
        """Return the sequence number in its epoch."""
        return int.from_bytes(self.place[2:])


def read_records(datagram: bytes) -> Iterator[Record]:
    """Yield the records of a datagram; what is none ends it without a word (clause 4.1.2.7)."""
    at = 0
    while len(datagram) - at >= _HEAD:
        end = at + _HEAD + int.from_bytes(datagram[at + 11 : at + _HEAD])
        version = datagram[at + 1 : at + 3]
        if end > len(datagram) or version[0] != _MAJOR:
            return
        yield Record(datagram[at], version, datagram[at + 3 : at + 11], datagram[at + _HEAD : end])
        at = end


def write_record(kind: int, epoch: int, number: int, fragment: bytes, *, version: bytes = VERSION) -> bytes:
    """Return a record as bytes."""
    place = epoch.to_bytes(2) + number.to_bytes(6)
    return bytes([kind]) + version + place + len(fragment).to_bytes(2) + fragment


class Window:
    """Which sequence numbers came, so that none is taken twice (clause 4.1.2.6)."""

    def __init__(self) -> None:
        self._highest = -1
        self._seen = 0

    def is_new(self, number: int) -> bool:
        """Tell whether a number may be taken; one that lies too far back may not."""
        if number > self._highest:
            return True
        back = self._highest - number
        return back < _WINDOW and not self._seen >> back & 1

    def take(self, number: int) -> None:
        """Remember a number whose record was authentic."""
        if number > self._highest:
            self._seen = (self._seen << (number - self._highest) | 1) & (2**_WINDOW - 1)
            self._highest = number
        else:
            self._seen |= 1 << (self._highest - number)
