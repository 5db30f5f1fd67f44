"""Geoqueries (clause 4.10): parsed, and compiled to boxes for an index and an exact predicate.

- Distances are those of :mod:`samstad_ngsild.query.distance`; the other relations are DE-9IM on
  longitude and latitude as a plane (RFC 7946), so a point on the border of a polygon is not within it;
- ``maxDistance`` includes its bound, ``minDistance`` does not: what touches the buffer is not disjoint;
- an altitude is ignored; of several instances of the GeoProperty one that matches suffices (5.7.2.4).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.geometry import check_geometry
from samstad_ngsild.errors import BadRequestData, TooComplexQuery
from samstad_ngsild.query.distance import Box, distance_to, haversine_m, near_boxes
from samstad_ngsild.query.expression import NameExpander

__all__ = [
    "GEO_PARAMETERS",
    "GEO_RELATIONS",
    "MAX_POSITIONS",
    "CompiledGeo",
    "GeoQuery",
    "compile_geo",
    "parse_geo_query",
    "reference_geometry",
]

GEO_RELATIONS = ("near", "within", "contains", "intersects", "equals", "disjoint", "overlaps")
GEO_PARAMETERS = ("georel", "geometry", "coordinates", "geoproperty")
MAX_POSITIONS = 10_000
"""Positions that a reference geometry may have."""

_NEAR = re.compile(r"near;(maxDistance|minDistance)==((?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_MAX_COORDINATES_TEXT = 1_000_000
_FLAT_M = 10_000
_FLAT_DEG = 80
Geometry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GeoQuery:
    """A geoquery as it was asked.

    Attributes:
        relation: one of ``GEO_RELATIONS``.
        geometry_type, coordinates: the reference geometry; coordinates as canonical JSON, so that
            equal queries compare equal.
        modifier, distance_m: of ``near``: ``maxDistance`` or ``minDistance`` and metres.
        geoproperty: the name of the GeoProperty as the caller wrote it.
    """

    relation: str
    geometry_type: str
    coordinates: bytes
    modifier: str | None = None
    distance_m: float = 0.0
    geoproperty: str = "location"

    @property
    def geometry(self) -> dict[str, Any]:
        """The reference geometry as GeoJSON."""
        return {"type": self.geometry_type, "coordinates": orjson.loads(self.coordinates)}

    def parameters(self) -> dict[str, str]:
        """Return the query as URL parameters, which parse to an equal query."""
        near = f"near;{self.modifier}=={self.distance_m!r}"
        return {
            "georel": near if self.relation == "near" else self.relation,
            "geometry": self.geometry_type,
            "coordinates": self.coordinates.decode(),
            "geoproperty": self.geoproperty,
        }


@dataclass(frozen=True, slots=True)
class CompiledGeo:
    """A geoquery ready to run.

    Attributes:
        attribute: the IRI of the GeoProperty.
        boxes: a matching geometry touches one of these boxes; None: boxes say nothing.
        matches: decides about one geometry.
        predicate: decides about an entity document.
    """

    attribute: str
    boxes: tuple[Box, ...] | None
    matches: Callable[[Geometry], bool]
    predicate: Callable[[EntityDocument], bool]


def parse_geo_query(members: Mapping[str, Any], *, pointer: str = "") -> GeoQuery | None:
    """Return the geoquery in URL parameters or in a ``geoQ`` object (clause 5.2.13); None: there is none.

    Args:
        members: georel, geometry, coordinates (an array or its JSON text), geoproperty; others are ignored.
        pointer: what stands before a member's name in errors, such as ``/geoQ/``.

    Raises:
        BadRequestData: a member is missing or wrong; a geoproperty without a geoquery is ignored.
        TooComplexQuery: the geometry has too many positions.
    """
    given = [name for name in GEO_PARAMETERS[:3] if members.get(name) is not None]
    if not given:
        return None
    for name in GEO_PARAMETERS[:3]:
        if name not in given:
            detail = f"A geoquery needs georel, geometry and coordinates; {name} is missing."
            raise BadRequestData(detail, pointer=pointer + name)
    relation, modifier, distance = _relation(members["georel"], pointer + "georel")
    geometry = reference_geometry(
        members["geometry"],
        members["coordinates"],
        at_type=pointer + "geometry",
        at_coordinates=pointer + "coordinates",
    )
    geoproperty = members.get("geoproperty") or "location"
    if not isinstance(geoproperty, str):
        raise BadRequestData("geoproperty is the name of one GeoProperty.", pointer=pointer + "geoproperty")
    coordinates = orjson.dumps(geometry["coordinates"])
    return GeoQuery(relation, geometry["type"], coordinates, modifier, distance, geoproperty)


def _relation(text: Any, pointer: str) -> tuple[str, str | None, float]:
    if isinstance(text, str):
        if text in GEO_RELATIONS[1:]:
            return text, None, 0.0
        found = _NEAR.fullmatch(text)
        distance = float(found[2]) if found is not None else 0.0
        if found is not None and 0 < distance < math.inf:
            return "near", found[1], distance
    detail = (
        f"{text!r:.80} is no geo-relationship: it is near;maxDistance==METRES or near;minDistance==METRES, "
        f"with METRES greater than 0, or one of {', '.join(GEO_RELATIONS[1:])}."
    )
    raise BadRequestData(detail, pointer=pointer)


def reference_geometry(kind: Any, coordinates: Any, *, at_type: str, at_coordinates: str) -> dict[str, Any]:
    """Return a checked reference geometry.

    Args:
        kind: its GeoJSON type.
        coordinates: an array, or its JSON text.
        at_type: pointer to the type in errors.
        at_coordinates: pointer to the coordinates; a JSON pointer is led on to the position at fault.

    Raises:
        BadRequestData: it is not a geometry that a query may refer to.
        TooComplexQuery: it has too many positions.
    """
    if isinstance(coordinates, str):
        if len(coordinates) > _MAX_COORDINATES_TEXT:
            raise TooComplexQuery("The coordinates are too long.", pointer=at_coordinates)
        try:
            coordinates = orjson.loads(coordinates)
        except orjson.JSONDecodeError as error:
            detail = f"The coordinates are not a JSON array ({error})."
            raise BadRequestData(detail, pointer=at_coordinates) from None
    try:
        geometry = check_geometry({"type": kind, "coordinates": coordinates})
    except BadRequestData as error:
        at = at_type if error.pointer == "/type" else at_coordinates
        if at == at_coordinates and at.startswith("/"):
            at += (error.pointer or "").removeprefix("/coordinates")
        raise BadRequestData(error.detail, pointer=at) from None
    if sum(1 for _ in _positions(coordinates)) > MAX_POSITIONS:
        detail = f"A reference geometry may have {MAX_POSITIONS} positions."
        raise TooComplexQuery(detail, pointer=at_coordinates)
    return geometry


def _positions(coordinates: Any) -> Iterator[list[float]]:
    if coordinates and isinstance(coordinates[0], list):
        for part in coordinates:
            yield from _positions(part)
    elif coordinates:
        yield coordinates


def _bounds(geometry: Geometry) -> Box:
    positions = list(_positions(geometry["coordinates"]))
    lons, lats = [p[0] for p in positions], [p[1] for p in positions]
    return min(lons), min(lats), max(lons), max(lats)


def compile_geo(query: GeoQuery, context: NameExpander) -> CompiledGeo:
    """Return a geoquery ready to run.

    Raises:
        BadRequestData: the reference polygon crosses itself, so that nothing can be said to lie within it.
    """
    reference = query.geometry
    bounds = _bounds(reference)
    boxes: tuple[Box, ...] | None = (bounds,)
    if query.relation == "near":
        boxes = near_boxes(bounds, query.distance_m) if query.modifier == "maxDistance" else None
        matches = _near(query, reference)
    else:
        boxes = None if query.relation == "disjoint" else (bounds,)
        matches = _topological(query.relation, reference, bounds)
    attribute = context.expand(query.geoproperty)
    return CompiledGeo(attribute, boxes, matches, _on_documents(attribute, matches))


def _on_documents(attribute: str, matches: Callable[[Geometry], bool]) -> Callable[[EntityDocument], bool]:
    def predicate(document: EntityDocument) -> bool:
        for instance in document.get(attribute) or ():
            if instance["type"] == "GeoProperty" and matches(instance["value"]):
                return True
        return False

    return predicate


def _near(query: GeoQuery, reference: Geometry) -> Callable[[Geometry], bool]:
    limit = query.distance_m
    measure = distance_to(reference)
    if query.modifier == "minDistance":
        return lambda geometry: measure(geometry) > limit
    if reference["type"] != "Point":
        return lambda geometry: measure(geometry) <= limit
    lon, lat = reference["coordinates"][:2]
    # A point farther away in latitude alone needs no trigonometry.
    reach = math.degrees(limit / 6_371_000)
    inside, outside = _flat_bounds(lat, limit, reach)
    shrink = math.cos(math.radians(lat))

    def within_distance(geometry: Geometry) -> bool:
        if geometry["type"] != "Point":
            return measure(geometry) <= limit
        position = geometry["coordinates"]
        north = position[1] - lat
        if not -reach <= north <= reach:
            return False
        east = position[0] - lon
        if -180 < east < 180:
            east *= shrink
            flat = east * east + north * north
            if flat <= inside:
                return True
            if flat >= outside:
                return False
        return haversine_m(lon, lat, position[0], position[1]) <= limit

    return within_distance


def _flat_bounds(lat: float, limit_m: float, reach_deg: float) -> tuple[float, float]:
    """Return the squares of degrees on a plane below which a point is within a distance, and above which not.

    Over 10 km and up to 80 degrees of latitude, a plane that is shortened by the cosine of the one latitude
    errs by less than one percent; the bounds leave twice that to the sphere. Elsewhere all is left to it.
    """
    if limit_m > _FLAT_M or abs(lat) > _FLAT_DEG:
        return -1.0, math.inf
    return (reach_deg * 0.98) ** 2, (reach_deg * 1.02) ** 2


def _topological(relation: str, reference: Geometry, bounds: Box) -> Callable[[Geometry], bool]:
    from samstad_ngsild.query.planar import relation_to  # noqa: PLC0415 - loading shapely takes long

    exact, point = relation_to(relation, reference)
    if point is None:
        return exact
    west, south, east, north = bounds
    outside = relation == "disjoint"

    def matches(geometry: Geometry) -> bool:
        if geometry["type"] != "Point":
            return exact(geometry)
        lon, lat = geometry["coordinates"][:2]
        if not (west <= lon <= east and south <= lat <= north):
            return outside
        return point(lon, lat)

    return matches
