"""Tiles are read back by a reader of the format, written from its specification."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from samstad_console.domain.vector_tile import EXTENT, TilePoint, encode_tile

UNITS = st.integers(-64, EXTENT + 64)
POINTS = st.builds(
    TilePoint,
    id=st.integers(0, 2**32),
    x=UNITS,
    y=UNITS,
    told=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=200) | st.integers(0, 2**40)),
)


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Read protocol buffers: numbers and lengths."""
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(message):
        tag = varint()
        length = varint()
        if tag & 7 == 0:
            yield tag >> 3, length
        else:
            yield tag >> 3, message[at : at + length]
            at += length


def numbers(packed: bytes) -> list[int]:
    return [value for _, value in fields(b"".join(b"\x08" + _one for _one in _split(packed)))]


def _split(packed: bytes) -> Iterator[bytes]:
    begin = 0
    for at, byte in enumerate(packed):
        if byte < 0x80:
            yield packed[begin : at + 1]
            begin = at + 1


def unzigzag(number: int) -> int:
    return number >> 1 if not number & 1 else -(number + 1 >> 1)


def read(tile: bytes) -> list[TilePoint]:
    ((layer_field, layer),) = fields(tile)
    assert layer_field == 3
    parts = list(fields(layer))
    keys = [value.decode() for field, value in parts if field == 3]
    values = [next(iter(fields(value))) for field, value in parts if field == 4]
    told = [value.decode() if field == 1 else value for field, value in values]
    assert (15, 2) in parts
    assert (5, EXTENT) in parts
    return [point(value, keys, told) for field, value in parts if field == 2]


def point(feature: bytes, keys: list[str], values: list[str | int]) -> TilePoint:
    found = dict(fields(feature))
    tags = numbers(found[2])
    command, x, y = numbers(found[4])
    assert (command, found[3]) == (9, 1)
    pairs = zip(tags[::2], tags[1::2], strict=True)
    return TilePoint(found[1], unzigzag(x), unzigzag(y), {keys[key]: values[value] for key, value in pairs})


@given(points=st.lists(POINTS, min_size=1, max_size=20))
def test_what_is_written_is_read_back(points):
    assert read(encode_tile("things", points)) == points


def test_a_tile_without_points_is_empty():
    assert encode_tile("things", []) == b""


def test_texts_that_repeat_are_written_once():
    one = TilePoint(1, 2, 3, {"type": "WasteContainer"})
    many = encode_tile("things", [one._replace(id=number) for number in range(50)])
    assert many.count(b"WasteContainer") == 1
