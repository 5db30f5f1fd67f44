"""CBOR as devices use it (RFC 8949): whole items of bounded depth and number."""

from __future__ import annotations

import struct
from typing import Any

from samstad_devices.domain.errors import MessageRefused

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "read_cbor"]

MAX_DEPTH = 16
MAX_ITEMS = 16_384
_INDEFINITE = -1
_STOP = object()
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def read_cbor(payload: bytes) -> Any:
    """Return one item; tags are read past, byte strings are bytes.

    Raises:
        MessageRefused: it is not one whole item; ``detail`` says at which byte.
    """
    reader = _Reader(payload)
    found = reader.item(0)
    if reader.at != len(payload):
        raise reader.refuse("something follows the item")
    if found is _STOP:
        raise reader.refuse("a break stands where an item is expected")
    return found


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._items = 0
        self.at = 0

    def refuse(self, what: str) -> MessageRefused:
        return MessageRefused(f"The payload is no CBOR: {what}, at byte {self.at}.")

    def _take(self, size: int) -> bytes:
        taken = self._payload[self.at : self.at + size]
        if len(taken) < size:
            raise self.refuse(f"{size} bytes are expected and {len(taken)} are left")
        self.at += size
        return taken

    def _argument(self, low: int) -> int:
        if low < 24:
            return low
        if low < 28:
            return int.from_bytes(self._take(1 << (low - 24)))
        if low == 31:
            return _INDEFINITE
        raise self.refuse(f"length {low} means nothing")

    def item(self, depth: int) -> Any:
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise self.refuse("it is nested too deep or has too many items")
        head = self._take(1)[0]
        major, low = head >> 5, head & 31
        if major == 7:
            return self._simple(low)
        count = self._argument(low)
        if count == _INDEFINITE and major not in {2, 3, 4, 5}:
            raise self.refuse("an indefinite length stands where none can")
        if major < 2:
            return count if major == 0 else -1 - count
        if major < 4:
            return self._string(major, count, depth)
        if major == 4:
            return list(self._each(count, depth))
        return self._map(count, depth) if major == 5 else self.item(depth + 1)

    def _simple(self, low: int) -> Any:
        if low in _SIMPLE:
            return _SIMPLE[low]
        if low in _FLOATS:
            form, size = _FLOATS[low]
            return struct.unpack(form, self._take(size))[0]
        if low == 31:
            return _STOP
        raise self.refuse(f"simple value {low} means nothing here")

    def _string(self, major: int, count: int, depth: int) -> Any:
        kind = bytes if major == 2 else str
        if count == _INDEFINITE:
            parts = list(self._each(count, depth))
            if not all(isinstance(part, kind) for part in parts):
                raise self.refuse("a string has parts of another kind")
            return kind().join(parts)
        raw = self._take(count)
        if major == 2:
            return raw
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise self.refuse("a text is no UTF-8") from None

    def _each(self, count: int, depth: int) -> Any:
        left = count
        while left:
            found = self.item(depth + 1)
            if found is _STOP:
                if count != _INDEFINITE:
                    raise self.refuse("a break stands where an item is expected")
                return
            yield found
            left -= 1

    def _map(self, count: int, depth: int) -> dict[Any, Any]:
        flat = list(self._each(count if count == _INDEFINITE else 2 * count, depth))
        if len(flat) % 2:
            raise self.refuse("a map has a key without a value")
        keys = flat[::2]
        if not all(isinstance(key, int | str) for key in keys):
            raise self.refuse("a key is neither a number nor a text")
        return dict(zip(keys, flat[1::2], strict=True))
