"""TLV of LwM2M (Core specification, clause 7.4.3): identifier, length, value, nested by kind.

Bits 7-6 of the first byte tell the kind, bit 5 whether the identifier has two bytes, bits 4-3 how many bytes
the length has (0: it stands in bits 2-0).
"""

from __future__ import annotations

from typing import NamedTuple

from samstad_devices.domain.errors import MessageRefused

__all__ = [
    "INSTANCE",
    "MAX_ENTRIES",
    "MULTIPLE",
    "RESOURCE",
    "RESOURCE_INSTANCE",
    "Entry",
    "read_tlv",
    "write_tlv",
]

INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE = 0b00, 0b01, 0b10, 0b11
"""Kinds: an object instance, one of several values, a resource with several, a resource with one."""
MAX_ENTRIES = 4_096
_HOLDS = {INSTANCE: (RESOURCE, MULTIPLE), MULTIPLE: (RESOURCE_INSTANCE,)}
"""Kind → kinds that it may hold; so they nest three deep at most."""


class Entry(NamedTuple):
    """One entry.

    Attributes:
        number: of the instance or resource.
        value: bytes; empty where there are ``entries``.
        entries: of an object instance or a resource with several values.
    """

    kind: int
    number: int
    value: bytes = b""
    entries: tuple[Entry, ...] = ()


def read_tlv(payload: bytes) -> list[Entry]:
    """Return the entries of a payload.

    Raises:
        MessageRefused: it ends within an entry, nests what does not nest, or has too many; ``detail`` says at
            which byte.
    """
    return _Reader(payload).entries(0, len(payload), (INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE))


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._count = 0

    def entries(self, at: int, end: int, allowed: tuple[int, ...]) -> list[Entry]:
        found: list[Entry] = []
        while at < end:
            entry, at = self._entry(at, end, allowed)
            found.append(entry)
        return found

    def _entry(self, at: int, end: int, allowed: tuple[int, ...]) -> tuple[Entry, int]:
        self._count += 1
        if self._count > MAX_ENTRIES:
            raise MessageRefused(f"The TLV has more than {MAX_ENTRIES} entries.")
        begin, head = at, self._payload[at]
        kind = head >> 6
        if kind not in allowed:
            raise MessageRefused(
                f"The entry at byte {begin} of the TLV is of kind {kind}, which is not held there."
            )
        number, at = self._natural(at + 1, 2 if head & 0x20 else 1, end)
        size_of_length = head >> 3 & 0b11
        length, at = (head & 0b111, at) if size_of_length == 0 else self._natural(at, size_of_length, end)
        if at + length > end:
            raise MessageRefused(f"The entry at byte {begin} of the TLV has {end - at} bytes of {length}.")
        holds = _HOLDS.get(kind)
        if holds is None:
            return Entry(kind, number, self._payload[at : at + length]), at + length
        return Entry(kind, number, entries=tuple(self.entries(at, at + length, holds))), at + length

    def _natural(self, at: int, size: int, end: int) -> tuple[int, int]:
        if at + size > end:
            raise MessageRefused(f"The TLV ends at byte {end} within an entry.")
        return int.from_bytes(self._payload[at : at + size]), at + size


def write_tlv(entries: list[Entry] | tuple[Entry, ...]) -> bytes:
    """Return entries as bytes."""
    return b"".join(map(_write, entries))


def _write(entry: Entry) -> bytes:
    value = write_tlv(entry.entries) if entry.kind in _HOLDS else entry.value
    wide = entry.number > 0xFF
    head = entry.kind << 6 | wide << 5
    number = entry.number.to_bytes(2 if wide else 1)
    length = len(value)
    if length < 8:
        return bytes([head | length]) + number + value
    size = 1 if length < 2**8 else 2 if length < 2**16 else 3
    return bytes([head | size << 3]) + number + length.to_bytes(size) + value
