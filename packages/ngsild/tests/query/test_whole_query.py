"""Whole queries: from parameters and bodies, checked in themselves, ready to run (5.2.23, 5.7.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_ngsild.errors import BadRequestData, InvalidRequest, NgsiLdError
from samstad_ngsild.query import compile_query, parse_query_body, parse_query_params
from samstad_ngsild.query.parameters import QUERY_PARAMETERS

VOCAB = "https://example.org/"


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


class Context:
    def expand(self, term, /):
        return VOCAB + term

    expand_vocab = expand


CONTEXT = Context()
LAMP = {
    "id": "urn:x:lamp:1",
    "type": [VOCAB + "Lamp"],
    "scope": ["/A/B"],
    VOCAB + "power": [{"type": "Property", "value": 20}],
    VOCAB + "location": [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [16.5, 59.6]}}],
}
PLACE = {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": "[16.5,59.6]"}


def matches(params, document=LAMP):
    return compile_query(parse_query_params(params, CONTEXT)).matches(document)


@pytest.mark.parametrize(
    ("params", "other"),
    [
        ({"type": "Lamp"}, {"type": "Bin"}),
        ({"type": "Lamp", "id": "urn:x:lamp:1,urn:x:2"}, {"type": "Lamp", "id": "urn:x:2"}),
        ({"type": "Lamp", "idPattern": "^urn:x:lamp:"}, {"type": "Lamp", "idPattern": "^lamp"}),
        ({"q": "power>10"}, {"q": "power>20"}),
        ({"attrs": "power,x"}, {"attrs": "x"}),
        (PLACE, {**PLACE, "georel": "near;minDistance==100"}),
        ({"type": "Lamp", "scopeQ": "/A/#"}, {"type": "Lamp", "scopeQ": "/B"}),
        ({"type": "*"}, {"type": "*", "q": "x"}),
        ({"local": "true"}, {"local": "true", "attrs": "x"}),
    ],
)
def test_conditions_apply_together(params, other):
    assert matches(params)
    assert not matches(other)


def test_an_index_is_told_what_narrows():
    compiled = compile_query(
        parse_query_params({"type": "Lamp|Bin", "id": "urn:x:1", "q": "power>1", **PLACE}, CONTEXT)
    )
    assert compiled.types == {VOCAB + "Lamp", VOCAB + "Bin"}
    assert compiled.ids == {"urn:x:1"}
    assert [term.operator for term in compiled.terms] == [">"]
    assert len(compiled.geo.boxes) == 1
    assert compiled.filters(LAMP)
    assert not compiled.matches(LAMP)
    everything = compile_query(parse_query_params({"type": "*"}, CONTEXT))
    assert everything.types is None


def test_body_and_parameters_mean_the_same():
    body = {
        "type": "Query",
        "entities": [{"type": "Lamp", "id": ["urn:x:lamp:1"], "idPattern": "^nothing"}, {"type": "Bin"}],
        "q": "power>10",
        "geoQ": {**PLACE, "coordinates": [16.5, 59.6]},
        "attrs": ["power"],
        "datasetId": ["@none"],
    }
    query = parse_query_body(body, CONTEXT)
    assert compile_query(query).matches(LAMP)
    assert query.dataset_ids == ("@none",)
    assert not compile_query(parse_query_body({**body, "q": "power>20"}, CONTEXT)).matches(LAMP)
    params = parse_query_params({"q": "power>10", "attrs": "power", "datasetId": "@none", **PLACE}, CONTEXT)
    assert (params.q, params.geo, params.attrs) == (query.q, query.geo, query.attrs)


@pytest.mark.parametrize(
    ("params", "error", "pointer"),
    [
        ({}, BadRequestData, None),
        ({"id": "urn:x:1"}, BadRequestData, None),
        ({"attrs": "createdAt"}, BadRequestData, None),
        ({"q": "createdAt>2026-01-01"}, BadRequestData, None),
        ({"type": "A", "colour": "red"}, InvalidRequest, "colour"),
        ({"type": "A", "timerel": "before"}, InvalidRequest, "timerel"),
        ({"type": "*", "local": "false"}, InvalidRequest, "local"),
        ({"type": "A", "local": "yes"}, BadRequestData, "local"),
        ({"type": "A", "attrs": "a", "pick": "a"}, InvalidRequest, "attrs"),
        ({"type": "A", "pick": "a", "omit": "a"}, InvalidRequest, "omit"),
        ({"type": "A", "id": "no uri"}, BadRequestData, "id"),
        ({"type": "A", "idPattern": "("}, BadRequestData, "idPattern"),
        ({"type": "A", "datasetId": "x"}, BadRequestData, "datasetId"),
        ({"type": "A", "joinLevel": "1"}, InvalidRequest, "joinLevel"),
        ({"type": "A", "join": "flat", "joinLevel": "0"}, BadRequestData, "joinLevel"),
        ({"type": "A", "join": "deep"}, BadRequestData, "join"),
        ({"type": "A", "containedBy": "urn:x:1"}, InvalidRequest, "containedBy"),
        ({"type": "A", "q": "a{b}"}, BadRequestData, "q"),
        ({"type": "A", "join": "flat", "q": "a{b{c}}"}, BadRequestData, "q"),
        ({"type": "A", "pick": "a{b}"}, BadRequestData, "pick"),
        ({"type": "A", "orderBy": "a"}, BadRequestData, "orderBy"),
        ({"type": "A", "collation": "x"}, BadRequestData, "collation"),
        ({"type": "A", "csf": "=="}, BadRequestData, "csf"),
        ({"type": "A", "entityMapLifetime": "PT1H"}, InvalidRequest, "entityMapLifetime"),
        ({"type": "A", "lang": "åä"}, BadRequestData, "lang"),
        ({"geometry": "Point"}, BadRequestData, "georel"),
    ],
)
def test_what_does_not_fit_together_is_refused(params, error, pointer):
    with pytest.raises(error) as caught:
        parse_query_params(params, CONTEXT)
    assert caught.value.pointer == pointer


def test_what_fits_together_is_taken():
    assert (
        parse_query_params(
            {"type": "A", "join": "flat", "joinLevel": "2", "q": "a{b{c}}"}, CONTEXT
        ).link_depth
        == 2
    )
    assert parse_query_params({"type": "A", "local": "true", "orderBy": "a"}, CONTEXT).order is not None
    assert parse_query_params({"orderBy": "a"}, CONTEXT, local=True).order is not None
    assert parse_query_params({"type": "A", "timerel": "before"}, CONTEXT, temporal=True).q is None
    with pytest.raises(BadRequestData, match="temporal"):
        parse_query_params({"type": "A", "q": "a{b}"}, CONTEXT, temporal=True)
    with pytest.raises(BadRequestData, match="by id only"):
        parse_query_params({"local": "true", "orderBy": "a"}, CONTEXT, temporal=True)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], "/type"),
        ({"type": "Entity"}, "/type"),
        ({"type": "Query", "x": 1}, "/x"),
        ({"type": "Query", "entities": []}, "/entities"),
        ({"type": "Query", "entities": [{"id": "urn:x:1"}]}, "/entities/0/type"),
        ({"type": "Query", "entities": [{"type": "A"}, {"type": "A", "id": "x"}]}, "/entities/1/id"),
        ({"type": "Query", "attrs": []}, "/attrs"),
        ({"type": "Query", "q": 5}, "/q"),
        ({"type": "Query", "q": "=="}, "/q"),
        ({"type": "Query", "scopeQ": "//"}, "/scopeQ"),
        ({"type": "Query", "pick": ["a{"]}, "/pick"),
        ({"type": "Query", "datasetId": ["x"]}, "/datasetId"),
        ({"type": "Query", "join": "deep"}, "/join"),
        ({"type": "Query", "attrs": ["a"], "q": "a{b}"}, "/q"),
        ({"type": "Query", "attrs": ["a"], "ordering": {"orderBy": ["a"]}}, "/ordering/orderBy"),
        ({"type": "Query", "ordering": {"orderBy": ["a;dist-asc"]}}, "/ordering/coordinates"),
        ({"type": "Query", "ordering": {"orderBy": ["a"], "collation": "a b"}}, "/ordering/collation"),
        ({"type": "Query", "geoQ": {}}, "/geoQ"),
        ({"type": "Query", "geoQ": {"geoproperty": "x"}}, "/geoQ/geometry"),
        ({"type": "Query", "geoQ": {**PLACE, "coordinates": [1, 100]}}, "/geoQ/coordinates"),
        ({"type": "Query", "temporalQ": {}}, "/temporalQ"),
        ({"type": "Query", "ordering": {"orderBy": "a"}}, "/ordering/orderBy"),
        ({"type": "Query", "joinLevel": 1.5}, "/joinLevel"),
    ],
)
def test_a_broken_body_points_at_the_member(body, pointer):
    with pytest.raises(BadRequestData) as caught:
        parse_query_body(body, CONTEXT)
    assert caught.value.pointer == pointer


@given(st.dictionaries(st.sampled_from(sorted(QUERY_PARAMETERS)), st.text(max_size=12), max_size=5))
def test_any_parameters_are_a_query_or_a_clear_error(params):
    query, error = attempt(parse_query_params, params, CONTEXT)
    if error is not None:
        assert error.detail
        return
    assert compile_query(query).matches(LAMP) in {True, False}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=5,
)
MEMBERS = sorted(QUERY_PARAMETERS | {"entities", "geoQ", "ordering"})


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
def test_any_body_is_a_query_or_a_clear_error(body):
    query, error = attempt(parse_query_body, {**body, "type": "Query"}, CONTEXT, local=True)
    if error is not None:
        assert error.pointer
        return
    assert compile_query(query).matches(LAMP) in {True, False}
