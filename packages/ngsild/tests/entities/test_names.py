"""Identifiers, names, scopes, times and geometries (clauses 4.6.2, 4.6.3, 4.7, 4.18)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.context import CORE
from samstad_ngsild.entities.dates import is_date, is_datetime, is_time, iso, parse_datetime
from samstad_ngsild.entities.geometry import check_geometry, looks_like_geometry
from samstad_ngsild.entities.names import attribute_iri, attribute_iris, is_name, is_scope, is_uri, type_iri
from samstad_ngsild.errors import BadRequestData


@pytest.mark.parametrize(
    "text",
    [
        "urn:ngsi-ld:Lamp:1",
        "https://x.example/a?b=c#d",
        "a:b",
        "mailto:a@b.example",
        "urn:x:Västerås",
        "urn:x:%20",
    ],
)
def test_uris_and_iris_are_identifiers(text):
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lamp",
        ":x",
        "1a:b",
        "urn:",
        "urn:a b",
        "urn:<x>",
        'urn:"',
        "urn:x\n",
        "urn:x\u200b",
        "urn:x\u202e",
        "urn:x\xa0",
        "urn:å\ue000",
        "urn:å^",
        "urn:x\x00",
        5,
        None,
        "urn:" + "x" * 3000,
    ],
)
def test_what_is_no_uri_or_hides_something_is_none(text):
    assert not is_uri(text)


@pytest.mark.parametrize("name", ["a", "lampLevel", "nivå_2", "温度", "x²"])
def test_names_are_letters_then_letters_numbers_and_underscores(name):
    assert is_name(name)
    assert attribute_iri(name, CORE).endswith(name)
    assert type_iri("ex:" + name, CORE) == "ex:" + name


@pytest.mark.parametrize("name", ["", "1a", "_a", "²a", "a-b", "a.b", "a b", "a\u200b", "a'"])
def test_other_names_are_refused_and_not_remembered(name):
    assert not is_name(name)
    with pytest.raises(BadRequestData) as caught:
        attribute_iri(name, CORE, pointer="/x")
    assert caught.value.pointer == "/x"
    with pytest.raises(BadRequestData):
        type_iri(name, CORE)
    assert name not in attribute_iris(CORE)


def test_what_the_core_keeps_cannot_name_an_attribute_but_its_properties_can():
    for name in ("datasetId", "observedAt", "unitCode", "value", "scope", "ngsi-ld:createdAt"):
        with pytest.raises(BadRequestData):
            attribute_iri(name, CORE)
    for name in ("location", "description", "status", "ngsildproof"):
        assert ":" in attribute_iri(name, CORE)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("/Madrid", True),
        ("Madrid", True),
        ("/a/b_2/c", True),
        ("", False),
        ("/", False),
        ("/a//b", False),
        ("/a/", False),
        ("/9", False),
        ("/a-b", False),
        (5, False),
    ],
)
def test_scopes_follow_their_grammar(text, good):
    assert is_scope(text) is good


@settings(max_examples=100)
@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001
def test_times_come_back_as_they_went(moment):
    time_us = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    text = iso(time_us)
    assert parse_datetime(text) == time_us
    assert len(text) == 27
    assert datetime.fromisoformat(text) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T00:00:01,000001Z", 1_000_001),
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_fractions_may_have_one_to_six_digits_after_a_point_or_a_comma(text, time_us):
    assert parse_datetime(text) == time_us
    assert is_datetime(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25",
        "2026-11-25T02:14Z",
        "2026-11-25T02:14:57",
        "2026-11-25T02:14:57+00:00",
        "2026-11-25 02:14:57Z",
        "2026-02-29T02:14:57Z",
        "2026-11-25T24:00:00Z",
        "2026-11-25T02:14:60Z",
        "2026-11-25T02:14:57.1234567Z",
        "2026-11-25T02:14:57.Z",
        "٢026-11-25T02:14:57Z",
        "2026-11-25T02:14:57Z\n",
        5,
        None,
    ],
)
def test_every_other_text_of_time_is_refused(text):
    assert not is_datetime(text)
    with pytest.raises(BadRequestData) as caught:
        parse_datetime(text, pointer="timeAt")
    assert caught.value.pointer == "timeAt"


def test_dates_and_times_of_day():
    assert is_date("2024-02-29")
    assert not is_date("2023-02-29")
    assert not is_date("20240229")
    assert is_time("23:59:59.5Z")
    assert not is_time("24:00:00Z")
    assert not is_time("23:59:59+01:00")


RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("Point", [16.5, 59.6]),
        ("Point", [16.5, 59.6, 12]),
        ("LineString", [[0, 0], [1, 1]]),
        ("Polygon", [RING, RING]),
        ("MultiPoint", [[0, 0]]),
        ("MultiLineString", [[[0, 0], [1, 1]]]),
        ("MultiPolygon", [[RING]]),
    ],
)
def test_six_geometries_are_supported(kind, coordinates):
    geometry = {"type": kind, "coordinates": coordinates}
    assert check_geometry(geometry) is geometry
    assert looks_like_geometry(geometry)


@pytest.mark.parametrize(
    ("geometry", "pointer"),
    [
        ({"type": "Point"}, "/coordinates"),
        ({"type": "Point", "coordinates": []}, "/coordinates"),
        ({"type": "Point", "coordinates": [1]}, "/coordinates"),
        ({"type": "Point", "coordinates": [1, 2, 3, 4]}, "/coordinates"),
        ({"type": "Point", "coordinates": [True, 2]}, "/coordinates"),
        ({"type": "Point", "coordinates": ["1", 2]}, "/coordinates"),
        ({"type": "Point", "coordinates": [181, 2]}, "/coordinates"),
        ({"type": "Point", "coordinates": [59, 91]}, "/coordinates"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "/coordinates"),
        ({"type": "Polygon", "coordinates": []}, "/coordinates"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "/coordinates/0"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "/coordinates/0"),
        ({"type": "MultiPolygon", "coordinates": [[RING], [[[0, 0]]]]}, "/coordinates/1/0"),
        ({"type": "GeometryCollection", "geometries": []}, "/type"),
        ({"coordinates": [1, 2]}, "/type"),
        ("not json", ""),
        ([1, 2], ""),
    ],
)
def test_other_geometries_are_refused_with_the_place(geometry, pointer):
    with pytest.raises(BadRequestData) as caught:
        check_geometry(geometry)
    assert caught.value.pointer == pointer
