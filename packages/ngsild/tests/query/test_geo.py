"""Geoqueries: grammar, distances, boxes that lose nothing, and agreement with shapely (clause 4.10)."""

import math

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import shape

from samstad_ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from samstad_ngsild.query.distance import EARTH_RADIUS_M, distance_to, haversine_m, near_boxes
from samstad_ngsild.query.geo import GEO_RELATIONS, compile_geo, parse_geo_query


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


class Context:
    def expand(self, term, /):
        return "https://example.org/" + term

    expand_vocab = expand


CONTEXT = Context()
SQUARE = [[[16, 59], [17, 59], [17, 60], [16, 60], [16, 59]]]
LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-90, 90)
GRID = st.integers(0, 4)
BOXES = st.tuples(GRID, GRID, GRID, GRID).filter(lambda b: b[0] < b[2] and b[1] < b[3])
GEOMETRIES = st.one_of(
    st.tuples(GRID, GRID).map(lambda p: {"type": "Point", "coordinates": list(p)}),
    st.lists(st.tuples(GRID, GRID).map(list), min_size=2, max_size=4, unique_by=tuple).map(
        lambda ps: {"type": "LineString", "coordinates": ps}
    ),
    BOXES.map(
        lambda b: {
            "type": "Polygon",
            "coordinates": [[[b[0], b[1]], [b[2], b[1]], [b[2], b[3]], [b[0], b[3]], [b[0], b[1]]]],
        }
    ),
)


def query(georel, geometry, coordinates, **more):
    return parse_geo_query({"georel": georel, "geometry": geometry, "coordinates": coordinates, **more})


def point(lon, lat):
    return {"type": "Point", "coordinates": [lon, lat]}


def test_the_examples_of_clause_4_10():
    near = query("near;maxDistance==2000", "Point", "[8,40]", geoproperty="observationSpace")
    assert (near.relation, near.modifier, near.distance_m, near.geoproperty) == (
        "near",
        "maxDistance",
        2000,
        "observationSpace",
    )
    assert parse_geo_query(near.parameters()) == near
    within = query("within", "Polygon", SQUARE)
    assert within.geoproperty == "location"
    assert within == query("within", "Polygon", "[[[16,59],[17,59],[17,60],[16,60],[16,59]]]")
    assert parse_geo_query({"geoproperty": "location", "q": "a"}) is None


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"georel": "near;maxDistance==0"}, "georel"),
        ({"georel": "near;maxDistance==-5"}, "georel"),
        ({"georel": "near;maxDistance==1;minDistance==1"}, "georel"),
        ({"georel": "near"}, "georel"),
        ({"georel": "touches"}, "georel"),
        ({"georel": "near;maxDistance==1e999"}, "georel"),
        ({"georel": 5}, "georel"),
        ({"geometry": "GeometryCollection"}, "geometry"),
        ({"geometry": None}, "geometry"),
        ({"coordinates": "[8,"}, "coordinates"),
        ({"coordinates": "[8,400]"}, "coordinates"),
        ({"coordinates": None}, "coordinates"),
        ({"geometry": "Polygon", "coordinates": "[[[0,0],[1,1],[0,0]]]"}, "coordinates"),
        ({"geoproperty": ["a"]}, "geoproperty"),
    ],
)
def test_a_broken_geoquery_names_the_member(members, pointer):
    good = {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": "[8,40]"}
    with pytest.raises(BadRequestData) as caught:
        parse_geo_query(good | members)
    assert caught.value.pointer == pointer
    with pytest.raises(BadRequestData) as caught:
        parse_geo_query(good | members, pointer="/geoQ/")
    assert caught.value.pointer.startswith("/geoQ/" + pointer)


def test_a_polygon_that_crosses_itself_is_refused():
    bow_tie = query("within", "Polygon", [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]])
    with pytest.raises(BadRequestData, match="Self-intersection"):
        compile_geo(bow_tie, CONTEXT)


def test_a_geometry_is_bounded():
    with pytest.raises(TooComplexQuery):
        query("intersects", "MultiPoint", [[1, 1]] * 10_001)


@given(
    st.text(max_size=30),
    st.text(max_size=10),
    st.one_of(st.text(max_size=20), st.text(alphabet="[]0,.-1", max_size=20)),
)
def test_any_text_is_a_geoquery_or_a_clear_error(georel, geometry, coordinates):
    parsed, error = attempt(query, georel, geometry, coordinates)
    if error is not None:
        assert error.pointer in {"georel", "geometry", "coordinates"}
        return
    assert parse_geo_query(parsed.parameters()) == parsed


def test_distances_are_those_of_the_mean_sphere():
    assert haversine_m(0, 0, 180, 0) == pytest.approx(math.pi * EARTH_RADIUS_M)
    # Västerås to Stockholm, city halls: 91.6 km on the sphere.
    assert haversine_m(16.5448, 59.6099, 18.0549, 59.3275) == pytest.approx(91_000, rel=0.02)
    to_line = distance_to({"type": "LineString", "coordinates": [[179.99, 0], [180, 1]]})
    assert to_line(point(-179.99, 0.5)) < 2_000
    assert to_line(point(-170, 0.5)) > 1_000_000


def test_near_has_a_closed_bound_below_and_an_open_one_above():
    metres = haversine_m(16, 59, 16.01, 59)
    assert compile_geo(query(f"near;maxDistance=={metres!r}", "Point", [16, 59]), CONTEXT).matches(
        point(16.01, 59)
    )
    assert not compile_geo(query(f"near;minDistance=={metres!r}", "Point", [16, 59]), CONTEXT).matches(
        point(16.01, 59)
    )


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES, st.floats(1, 2e7))
def test_a_box_holds_everything_that_is_near(lon, lat, other_lon, other_lat, distance):
    assume(haversine_m(lon, lat, other_lon, other_lat) <= distance)
    boxes = near_boxes((lon, lat, lon, lat), distance)
    assert any(w <= other_lon <= e and s <= other_lat <= n for w, s, e, n in boxes)
    assert all(-180 <= w <= e <= 180 for w, _, e, _ in boxes)


@given(st.floats(-179.9, 179.9), st.floats(-89.5, 89.5), st.floats(0, 360), st.floats(10, 100_000))
def test_a_box_holds_the_rim_of_the_circle_too(lon, lat, bearing, distance):
    angle, course, start = distance / EARTH_RADIUS_M, math.radians(bearing), math.radians(lat)
    end = math.asin(math.sin(start) * math.cos(angle) + math.cos(start) * math.sin(angle) * math.cos(course))
    turn = math.atan2(
        math.sin(course) * math.sin(angle) * math.cos(start),
        math.cos(angle) - math.sin(start) * math.sin(end),
    )
    rim_lon, rim_lat = (lon + math.degrees(turn) + 180) % 360 - 180, math.degrees(end)
    boxes = near_boxes((lon, lat, lon, lat), distance)
    assert any(w <= rim_lon <= e and s <= rim_lat <= n for w, s, e, n in boxes)


def test_boxes_at_the_antimeridian_and_the_pole():
    assert len(near_boxes((179.99, 10, 179.99, 10), 10_000)) == 2
    assert near_boxes((10, 89.99, 10, 89.99), 10_000)[0][::2] == (-180, 180)
    west, _, east, _ = near_boxes((16, 59, 16, 59), 1_000)[0]
    assert east - west == pytest.approx(2 * 1_000 / 57_300, rel=0.05)


@given(st.sampled_from(GEO_RELATIONS[1:]), GEOMETRIES, GEOMETRIES)
def test_relations_agree_with_shapely(relation, reference, target):
    compiled = compile_geo(query(relation, reference["type"], reference["coordinates"]), CONTEXT)
    expected = getattr(shape(target), relation)(shape(reference))
    assert compiled.matches(target) == expected
    if expected and compiled.boxes is not None:
        west, south, east, north = shape(target).bounds
        assert any(w <= east and west <= e and s <= north and south <= n for w, s, e, n in compiled.boxes)


@given(st.floats(15.9, 17.1), st.floats(58.9, 60.1))
def test_the_fast_path_for_points_agrees_with_shapely(lon, lat):
    for relation in ("within", "intersects", "disjoint"):
        compiled = compile_geo(query(relation, "Polygon", SQUARE), CONTEXT)
        assert compiled.matches(point(lon, lat)) == getattr(shapely.Point(lon, lat), relation)(
            shape({"type": "Polygon", "coordinates": SQUARE})
        )


def test_one_instance_of_the_geoproperty_suffices_and_none_does_not():
    compiled = compile_geo(query("within", "Polygon", SQUARE), CONTEXT)
    inside = {"type": "GeoProperty", "value": point(16.5, 59.5)}
    outside = {"type": "GeoProperty", "value": point(10, 59.5), "datasetId": "urn:d:1"}
    assert compiled.attribute == "https://example.org/location"
    assert compiled.predicate({compiled.attribute: [outside, inside]})
    assert not compiled.predicate({compiled.attribute: [outside]})
    assert not compiled.predicate({compiled.attribute: [{"type": "Property", "value": point(16.5, 59.5)}]})
    assert not compiled.predicate({})


@given(
    st.floats(-179.9, 179.9),
    st.floats(-89, 89),
    st.floats(1, 30_000),
    st.floats(0, 2),
    st.floats(0, 2 * math.pi),
)
def test_the_short_way_to_decide_near_says_what_the_sphere_says(lon, lat, limit_m, share, bearing):
    reach = math.degrees(limit_m * share / EARTH_RADIUS_M)
    there_lat = max(-90.0, min(90.0, lat + reach * math.cos(bearing)))
    there_lon = lon + reach * math.sin(bearing) / math.cos(math.radians(lat))
    there_lon = (there_lon + 180) % 360 - 180
    members = {"georel": f"near;maxDistance=={limit_m!r}", "geometry": "Point", "coordinates": [lon, lat]}
    matches = compile_geo(parse_geo_query(members), CONTEXT).matches
    point = {"type": "Point", "coordinates": [there_lon, there_lat]}
    assert matches(point) is (haversine_m(lon, lat, there_lon, there_lat) <= limit_m)
