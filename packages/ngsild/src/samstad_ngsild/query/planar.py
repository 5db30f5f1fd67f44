"""Everything that needs shapely: relations and nearest points of geometries on a plane.

Loaded by the first query that needs it, since loading takes longer than most queries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import shapely  # type: ignore[import-untyped]  # the package has no types
from shapely.geometry import shape  # type: ignore[import-untyped]  # the same

from samstad_ngsild.errors import BadRequestData

__all__ = ["PointTest", "nearest_positions", "relation_to"]

Geometry = Mapping[str, Any]
PointTest = Callable[[float, float], bool]

_REVERSED = {"within": "contains", "contains": "within"}
"""Relations asked from the side of the reference, because that is the prepared one."""


def relation_to(relation: str, reference: Geometry) -> tuple[Callable[[Geometry], bool], PointTest | None]:
    """Return a test whether a geometry has a DE-9IM relation to the reference, and one for points.

    Raises:
        BadRequestData: the reference is not valid: nothing can be said to lie within a polygon that
            crosses itself.
    """
    prepared = shapely.force_2d(shape(reference))
    if not prepared.is_valid:
        detail = f"The reference geometry is not valid: {shapely.is_valid_reason(prepared)}."
        raise BadRequestData(detail, pointer="coordinates")
    shapely.prepare(prepared)
    ask = getattr(prepared, _REVERSED.get(relation, relation))

    def exact(geometry: Geometry) -> bool:
        target = shapely.force_2d(shape(geometry))
        if not target.is_valid:
            # Stored before anybody asked: repaired, so that one bad polygon fails no query.
            target = shapely.make_valid(target)
        return bool(ask(target))

    return exact, _point_test(relation, prepared)


def _point_test(relation: str, prepared: Any) -> PointTest | None:
    if relation == "within":
        return lambda lon, lat: bool(shapely.contains_xy(prepared, lon, lat))
    if relation == "intersects":
        return lambda lon, lat: bool(shapely.intersects_xy(prepared, lon, lat))
    if relation == "disjoint":
        return lambda lon, lat: not shapely.intersects_xy(prepared, lon, lat)
    return None


def nearest_positions(reference: Geometry) -> Callable[[Geometry], tuple[float, float, float, float]]:
    """Return a function that gives the two nearest positions of the reference and a geometry.

    As longitude, latitude, longitude, latitude; longitudes may lie beyond 180 where the shorter way
    crosses the antimeridian.
    """
    fixed = shapely.force_2d(shape(reference))
    centre = fixed.centroid
    scale = max(math.cos(math.radians(centre.y)), 1e-6)
    plane = _flat(fixed, 0, scale)

    def nearest(geometry: Geometry) -> tuple[float, float, float, float]:
        other = shapely.force_2d(shape(geometry))
        turn = 360 * round((centre.x - (other.bounds[0] + other.bounds[2]) / 2) / 360)
        line = shapely.shortest_line(plane, _flat(other, turn, scale))
        (x_a, y_a), (x_b, y_b) = line.coords
        return x_a / scale, y_a, x_b / scale, y_b

    return nearest


def _flat(shaped: Any, turn: float, scale: float) -> Any:
    """Return a shape with longitudes turned to the side of the reference and shortened for its latitude."""
    return shapely.transform(shaped, lambda points: [((x + turn) * scale, y) for x, y in points])
