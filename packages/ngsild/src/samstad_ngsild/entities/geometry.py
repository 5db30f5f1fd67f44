"""GeoJSON geometries as values of GeoProperties (RFC 7946; clauses 4.6.3 and 4.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from samstad_ngsild.errors import BadRequestData

__all__ = ["GEOMETRY_TYPES", "check_geometry", "looks_like_geometry"]

_NUMBERS = (int, float)


def looks_like_geometry(value: Any) -> bool:
    """Tell whether a value is an object that sets out to be a supported geometry (clause 4.5.2.3)."""
    if not isinstance(value, dict) or "coordinates" not in value:
        return False
    kind = value.get("type")
    return isinstance(kind, str) and kind in GEOMETRY_TYPES


def check_geometry(value: Any) -> dict[str, Any]:
    """Return a geometry that keeps to RFC 7946: types but GeometryCollection, arity, ranges, closed rings.

    A geometry may also come as JSON text (clause 4.7.2).

    Raises:
        BadRequestData: it does not; the pointer is relative to the value.
    """
    if isinstance(value, str):
        value = _from_text(value)
    if not isinstance(value, dict):
        raise BadRequestData(f"A GeoProperty's value is a GeoJSON geometry, not {value!r:.60}.", pointer="")
    kind = value.get("type")
    check = GEOMETRY_TYPES.get(kind) if isinstance(kind, str) else None
    if check is None:
        raise BadRequestData(
            f"{kind!r:.60} is no geometry type here; use one of {', '.join(GEOMETRY_TYPES)}.",
            pointer="/type",
        )
    if "coordinates" not in value:
        raise BadRequestData(f"The {kind} has no coordinates.", pointer="/coordinates")
    check(value["coordinates"], "/coordinates")
    return value


def _from_text(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise BadRequestData(
            f"A GeoProperty's value is a GeoJSON geometry, not the text {text!r:.60}.", pointer=""
        ) from error


def _position(position: Any, pointer: str) -> None:
    if type(position) is not list or not 2 <= len(position) <= 3:
        raise BadRequestData(
            "A position is a list of longitude, latitude and, if known, altitude.", pointer=pointer
        )
    for number in position:
        if type(number) not in _NUMBERS:
            raise BadRequestData(f"{number!r:.60} in a position is no number.", pointer=pointer)
    if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
        raise BadRequestData(
            f"Longitude {position[0]} must be within ±180 and latitude {position[1]} within ±90, "
            "in this order.",
            pointer=pointer,
        )


def _many(check: Callable[[Any, str], None], *, least: int, what: str) -> Callable[[Any, str], None]:
    def check_all(items: Any, pointer: str) -> None:
        if type(items) is not list or len(items) < least:
            raise BadRequestData(f"{what} needs a list of at least {least}.", pointer=pointer)
        for index, item in enumerate(items):
            check(item, f"{pointer}/{index}")

    return check_all


_line = _many(_position, least=2, what="A LineString")
_four = _many(_position, least=4, what="A ring")


def _ring(ring: Any, pointer: str) -> None:
    _four(ring, pointer)
    if ring[0] != ring[-1]:
        raise BadRequestData("A ring must end where it begins.", pointer=pointer)


_rings = _many(_ring, least=1, what="A Polygon")

GEOMETRY_TYPES: dict[str, Callable[[Any, str], None]] = {
    "Point": _position,
    "LineString": _line,
    "Polygon": _rings,
    "MultiPoint": _many(_position, least=1, what="A MultiPoint"),
    "MultiLineString": _many(_line, least=1, what="A MultiLineString"),
    "MultiPolygon": _many(_rings, least=1, what="A MultiPolygon"),
}
"""Geometry type → the check of its ``coordinates``; GeometryCollection is not supported (clause 4.6.3)."""
