"""Coordinates of any EPSG system as GeoJSON geometries in WGS 84, longitude first."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from samstad_node.importing.rows import Entity, FileRefused

__all__ = ["Place", "geo_property", "place_of"]

WGS_84 = 4326
_DECIMALS = 7
"""About a centimetre."""

Place = Callable[[float, float], tuple[float, float]]
"""From (x, y) = (east, north) to (longitude, latitude); raises ValueError for what is nowhere."""


def place_of(epsg: int) -> Place:
    """Return the transformation from a system; raises FileRefused for an unknown one."""
    try:
        transform = Transformer.from_crs(CRS.from_epsg(epsg), CRS.from_epsg(WGS_84), always_xy=True).transform
    except CRSError as error:
        raise FileRefused(f"EPSG:{epsg} is no coordinate system that is known") from error

    def place(x: float, y: float) -> tuple[float, float]:
        longitude, latitude = transform(x, y)
        if not (isfinite(longitude) and isfinite(latitude) and abs(longitude) <= 180 and abs(latitude) <= 90):
            raise ValueError(f"({x:g}, {y:g}) lies outside EPSG:{epsg}")
        return round(longitude, _DECIMALS), round(latitude, _DECIMALS)

    return place


def geo_property(geometry: dict[str, Any], place: Place) -> Entity:
    """Return a GeoJSON geometry as a GeoProperty in WGS 84; ValueError or TypeError when it is none."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if not isinstance(kind, str) or not isinstance(coordinates, list | tuple) or not coordinates:
        raise ValueError("the geometry has no type or no coordinates")
    return {"type": "GeoProperty", "value": {"type": kind, "coordinates": _moved(coordinates, place)}}


def _moved(coordinates: Any, place: Place) -> Any:
    if not isinstance(coordinates, list | tuple):
        raise TypeError("coordinates are lists of numbers")
    if coordinates and isinstance(coordinates[0], int | float):
        return list(place(float(coordinates[0]), float(coordinates[1])))
    return [_moved(one, place) for one in coordinates]
