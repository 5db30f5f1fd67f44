"""Distances on the sphere (clauses 4.10, 4.23.1): haversine with the mean Earth radius.

Between two points the distance is exact on the sphere. Where a line or an area takes part, its nearest point
is sought on a plane whose longitudes are shortened for the latitude in question, and the distance to
it is taken on the sphere: right to a fraction of a percent over a city's distances, an upper bound always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["EARTH_RADIUS_M", "Box", "distance_to", "haversine_m", "near_boxes"]

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the WGS 84 ellipsoid (IUGG), metres."""

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west is never larger than east."""

_DIAMETER = 2 * EARTH_RADIUS_M
_SLACK = 1.000_001
"""Boxes are a little too large, so that rounding never loses an entity."""


def haversine_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the distance between two points in metres; degrees in."""
    south, north = math.radians(lat_a), math.radians(lat_b)
    half_lat = math.sin((north - south) / 2)
    half_lon = math.sin(math.radians(lon_b - lon_a) / 2)
    chord = half_lat * half_lat + math.cos(south) * math.cos(north) * half_lon * half_lon
    return _DIAMETER * math.asin(min(1.0, math.sqrt(chord)))


def near_boxes(bounds: Box, distance_m: float) -> tuple[Box, ...]:
    """Return one or two boxes that hold every point within a distance of anything inside the bounds.

    Two where the area crosses the antimeridian; all longitudes where it reaches a pole.
    """
    west, south, east, north = bounds
    angle = distance_m * _SLACK / EARTH_RADIUS_M
    reach = math.degrees(angle) + 1e-9
    low, high = south - reach, north + reach
    widest = max(abs(south), abs(north))
    if low <= -90 or high >= 90 or math.sin(angle) >= math.cos(math.radians(widest)):
        return ((-180.0, max(low, -90.0), 180.0, min(high, 90.0)),)
    # The circle reaches farthest east where it touches a meridian, not at the latitude of its centre.
    sideways = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(widest)))) + 1e-9
    west, east = west - sideways, east + sideways
    if east - west >= 360:
        return ((-180.0, low, 180.0, high),)
    if west < -180:
        return ((west + 360, low, 180.0, high), (-180.0, low, east, high))
    if east > 180:
        return ((west, low, 180.0, high), (-180.0, low, east - 360, high))
    return ((west, low, east, high),)


def distance_to(reference: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], float]:
    """Return a function that gives the distance in metres from a geometry to the reference."""
    between = _DistanceBetween(reference)
    if reference["type"] != "Point":
        return between
    lon, lat = reference["coordinates"][:2]

    def from_point(geometry: Mapping[str, Any]) -> float:
        if geometry["type"] == "Point":
            position = geometry["coordinates"]
            return haversine_m(lon, lat, position[0], position[1])
        return between(geometry)

    return from_point


class _DistanceBetween:
    """Distance where not both are points; shapely is loaded when the first such pair comes."""

    def __init__(self, reference: Mapping[str, Any]) -> None:
        self._reference = reference
        self._measure: Callable[[Mapping[str, Any]], float] | None = None

    def __call__(self, geometry: Mapping[str, Any]) -> float:
        if self._measure is None:
            from samstad_ngsild.query.planar import nearest_positions  # noqa: PLC0415 - loading it takes long

            nearest = nearest_positions(self._reference)
            self._measure = lambda other: haversine_m(*nearest(other))
        return self._measure(geometry)
