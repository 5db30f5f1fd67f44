"""Places as whole numbers: the square of Web Mercator in 2**32 steps each way, and its Morton order.

In Morton order every tile of every zoom level is one unbroken run, so that a sorted array is an index for
all of them.
"""

from __future__ import annotations

import math

__all__ = ["BITS", "MOST_LATITUDE", "morton", "project", "tile_range"]

BITS = 32
MOST_LATITUDE = 85.05112877980659
"""Web Mercator's square ends there."""

_LAST: int = (1 << BITS) - 1
_SPREAD = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


def project(longitude: float, latitude: float) -> tuple[int, int]:
    """Return the place's column from the west and row from the north, 0 to 2**32 - 1 (EPSG:3857's square)."""
    latitude = max(-MOST_LATITUDE, min(MOST_LATITUDE, latitude))
    x = (longitude + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return _step(x), _step(y)


def _step(share: float) -> int:
    return max(0, min(_LAST, int(share * 4_294_967_296)))


def morton(x: int, y: int) -> int:
    """Return the two numbers of 32 bits with their bits interleaved."""
    return _spread(x) | _spread(y) << 1


def _spread(number: int) -> int:
    for shift, mask in _SPREAD:
        number = (number | number << shift) & mask
    return number


def tile_range(z: int, x: int, y: int) -> tuple[int, int]:
    """Return the first Morton number of a tile, and how many bits below it are the tile's own."""
    shift = 2 * (BITS - z)
    return morton(x, y) << shift, shift
