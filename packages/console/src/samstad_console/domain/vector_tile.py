"""Mapbox Vector Tile 2.1, as much of it as points need: one layer, its keys and values, one point a feature.

The specification is in protocol buffers; ours writes the few wire types that it uses (clause numbers are
those of the vector tile specification, version 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["EXTENT", "TilePoint", "encode_tile"]

EXTENT = 4096
"""Units of a tile's side (4.1)."""

_VARINT, _BYTES = 0, 2
_MOVE_TO_ONCE = 9
"""Command MoveTo (1), one time (4.3.1)."""
_POINT = 1


class TilePoint(NamedTuple):
    """A point in a tile: units from its upper left corner, a number, and what is told of it."""

    id: int
    x: int
    y: int
    told: Mapping[str, str | int]


def encode_tile(layer: str, points: Iterable[TilePoint]) -> bytes:
    """Return the tile with one layer; a tile without points is empty (4.1: a layer has a feature)."""
    keys: dict[str, int] = {}
    values: dict[str | int, int] = {}
    features = [_field(2, _feature(point, keys, values)) for point in points]
    if not features:
        return b""
    parts = [_number(15, 2), _text(1, layer), *features]
    parts += [_text(3, key) for key in keys]
    parts += [_field(4, _value(value)) for value in values]
    parts.append(_number(5, EXTENT))
    return _field(3, b"".join(parts))


def _feature(point: TilePoint, keys: dict[str, int], values: dict[str | int, int]) -> bytes:
    tags = bytearray()
    for key, value in point.told.items():
        tags += _varint(keys.setdefault(key, len(keys)))
        tags += _varint(values.setdefault(value, len(values)))
    geometry = _varint(_MOVE_TO_ONCE) + _varint(_zigzag(point.x)) + _varint(_zigzag(point.y))
    return _number(1, point.id) + _field(2, bytes(tags)) + _number(3, _POINT) + _field(4, geometry)


def _value(value: str | int) -> bytes:
    return _text(1, value) if isinstance(value, str) else _number(5, value)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(number)


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
