"""Whatever JSON comes as an entity, a part of one or a filter: it is read, or refused by the member."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.client.notifications import parse_notification
from samstad_ngsild.context import CORE
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.expand import expand_attribute, expand_entity, expand_fragment
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query.csf import compile_csf
from samstad_ngsild.query.q_parser import parse_q
from samstad_ngsild.temporal.aggregation import parse_aggregation

NOW = "2026-11-25T02:14:57.000000Z"
KINDS = [
    "Property", "Relationship", "GeoProperty", "LanguageProperty", "VocabProperty", "ListProperty",
    "ListRelationship", "JsonProperty", "Point", "Nothing",
]  # fmt: skip
MEMBERS = [
    "type", "@type", "@value", "value", "object", "languageMap", "vocab", "valueList", "objectList", "json",
    "datasetId", "observedAt", "unitCode", "scope", "expiresAt", "location", "coordinates", "dataset", "id",
    "@id", "@context", "createdAt", "values", "instanceId", "objectType", "valueType", "a", "https://x.org/b",
    "a b", "",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6), st.sampled_from([*KINDS, NULL, "urn:x:1", NOW, "/a/b", "@none", "sv"]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=5)
OPTIONS = st.sampled_from(["simplified", "temporal", "keep_system", "none"])


def attempt(call, *arguments, **options):
    try:
        return call(*arguments, **options), None
    except BadRequestData as error:
        return None, error


def read_or_refused(call, body, **options):
    read, error = attempt(call, body, CORE, now=NOW, **options)
    if error is not None:
        assert error.detail
        assert error.pointer is not None
        assert error.pointer == "" or error.pointer.startswith("/")
    orjson.dumps(read)
    return read


@settings(max_examples=300, deadline=None)
@given(BODIES, OPTIONS)
def test_any_body_is_an_entity_or_refused_by_its_member(body, option):
    whole = {"id": "urn:x:1", "type": "T", **body}
    read = read_or_refused(expand_entity, whole, **({} if option == "none" else {option: True}))
    assert read is None or {"id", "type", "createdAt", "modifiedAt"} <= read.keys()
    assert "" not in (read or {})


@settings(max_examples=200, deadline=None)
@given(JSON, st.sampled_from(["allow_null", "merge", "simplified"]))
def test_any_body_is_a_fragment_or_refused_by_its_member(body, option):
    read = read_or_refused(expand_fragment, body, **{option: True})
    assert isinstance(body, dict) or read is None


@settings(max_examples=200, deadline=None)
@given(JSON, st.booleans())
def test_any_value_is_an_attribute_or_refused_by_its_member(body, partial):
    read = read_or_refused(expand_attribute, body, partial=partial)
    assert read is None or all(isinstance(instance, dict) for instance in read)


FILTERS = [compile_csf(parse_q(text), CORE) for text in ("a==1", "a.b>2", "a[type.x]==3", 'b|a~="x"')]


@given(BODIES)
def test_any_document_meets_a_filter_or_does_not(body):
    assert all(matches(body) in {True, False} for matches in FILTERS)
    assert not FILTERS[0]({})


@given(JSON, JSON)
def test_any_aggregation_is_one_or_refused(methods, duration):
    _, error = attempt(parse_aggregation, methods, duration)
    assert error is None or (error.detail and error.pointer)


@given(
    st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from(["type", "data", "id", "subscriptionId", "notifiedAt"]),
        JSON | st.just("Notification"),
    ).map(orjson.dumps)
)
def test_any_bytes_are_a_notification_or_refused(body):
    found, error = attempt(parse_notification, body)
    assert error is None or error.detail
    assert found is None or all(isinstance(one, dict) for one in found.entities)
