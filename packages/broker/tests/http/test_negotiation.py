from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.http.failures import NotAcceptable
from samstad_broker.http.negotiation import GEO_JSON, JSON, LD_JSON, negotiate, preferences
from samstad_ngsild.errors import InvalidRequest


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/ld+json", LD_JSON),
        ("application/geo+json", GEO_JSON),
        ("application/ld+json, application/json", JSON),
        ("application/ld+json, application/json;q=0.9", LD_JSON),
        ("application/geo+json, application/ld+json", LD_JSON),
        ("application/geo+json;q=1.0, */*;q=0.1", GEO_JSON),
        ("application/json;q=0, */*", LD_JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("Application/LD+JSON; charset=utf-8", LD_JSON),
        ('application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted"', LD_JSON),
        ("text/html, application/ld+json;q=0.001", LD_JSON),
    ],
)
def test_the_list_of_the_clause_decides_unless_weights_say_otherwise(accept, chosen):
    assert negotiate(accept, geojson=True) == chosen


@pytest.mark.parametrize("accept", ["text/html", "application/cbor", "*/*;q=0", "application/json;q=0", ""])
def test_a_client_that_accepts_nothing_of_ours_is_told_what_there_is(accept):
    with pytest.raises(NotAcceptable) as refused:
        negotiate(accept, geojson=True)
    assert refused.value.members["availableRepresentations"] == [JSON, LD_JSON, GEO_JSON]


def test_geojson_is_only_for_entities():
    with pytest.raises(NotAcceptable) as refused:
        negotiate(GEO_JSON, geojson=False)
    assert GEO_JSON not in refused.value.members["availableRepresentations"]
    assert negotiate(f"{GEO_JSON}, {LD_JSON}", geojson=False) == LD_JSON


@pytest.mark.parametrize(
    "accept", ["*/*;q=2", "application/json;q=", "application/json;q=-1", "*/*, " * 65 + "*/*"]
)
def test_a_malformed_accept_is_refused(accept):
    with pytest.raises(InvalidRequest) as refused:
        negotiate(accept, geojson=False)
    assert refused.value.pointer == "Accept"


def test_preferences():
    assert preferences(None) == (None, None)
    assert preferences("body=json") == ("json", None)
    assert preferences('ngsi-ld=1.5, body="ld+json"; x=1') == ("ld+json", "1.5")
    assert preferences("respond-async, ngsi-ld=latest, body=xml") == (None, None)


@given(st.text(max_size=60))
def test_any_header_is_read_or_refused(text):
    preferences(text)
    with contextlib.suppress(NotAcceptable, InvalidRequest):
        assert negotiate(text, geojson=False) in (JSON, LD_JSON)
