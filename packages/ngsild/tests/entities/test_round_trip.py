"""Reading what was represented gives the document again; whatever else comes is read or refused."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.context import CORE, compile_context
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.expand import expand_attribute, expand_entity, expand_fragment
from samstad_ngsild.entities.represent import Representation, represent
from samstad_ngsild.errors import BadRequestData

NOW = "2026-11-25T02:14:57.000000Z"
TERMS = {"a": "https://x.example/a", "ex": "https://ex.example/#", "T": "https://x.example/T"}
USER = compile_context(TERMS, [TERMS])
SETTINGS = settings(max_examples=100, deadline=None)

MEMBER_NAMES = [
    "value",
    "object",
    "json",
    "vocab",
    "type",
    "observedAt",
    "dataset",
    "datasetId",
    "a",
    "@value",
    "@type",
]
SCALARS = st.one_of(
    st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)


def _json(keys):
    return st.recursive(
        SCALARS,
        lambda items: st.lists(items, max_size=3) | st.dictionaries(keys, items, max_size=3),
        max_leaves=6,
    )


VALUES = _json(st.sampled_from([name for name in MEMBER_NAMES if name != "@value"]))
POSITIONS = st.lists(st.integers(-90, 90), min_size=2, max_size=2)
GEOMETRIES = st.one_of(
    st.builds(lambda position: {"type": "Point", "coordinates": position}, POSITIONS),
    st.builds(
        lambda line: {"type": "LineString", "coordinates": line}, st.lists(POSITIONS, min_size=2, max_size=3)
    ),
)
URIS = st.sampled_from(["urn:x:1", "https://x.example/2", "urn:å:3"])
NAMES = st.sampled_from(["a", "b", "location2", "ex:c", "https://other.example/d"])
TIMES = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"])
TYPED = st.one_of(
    st.builds(lambda v: {"type": "Property", "value": v}, VALUES | GEOMETRIES),
    st.builds(lambda v: {"type": "GeoProperty", "value": v}, GEOMETRIES),
    st.builds(lambda v: {"type": "Relationship", "object": v}, URIS | st.lists(URIS, min_size=1, max_size=2)),
    st.builds(
        lambda v: {"type": "LanguageProperty", "languageMap": v},
        st.dictionaries(st.sampled_from(["sv", "en-GB", "@none"]), st.text(max_size=3), min_size=1),
    ),
    st.builds(
        lambda v: {"type": "VocabProperty", "vocab": v}, st.sampled_from(["T", ["T"], ["T", "U"], "ex:V"])
    ),
    st.builds(lambda v: {"type": "ListProperty", "valueList": v}, st.lists(VALUES, max_size=2)),
    st.builds(lambda v: {"type": "ListRelationship", "objectList": v}, st.lists(URIS, max_size=2)),
    st.builds(
        lambda v: {"type": "JsonProperty", "json": v},
        st.dictionaries(st.text(max_size=3), VALUES | st.none()),
    ),
)
MEMBERS = st.fixed_dictionaries({}, optional={"observedAt": TIMES, "expiresAt": TIMES})


def _attributes(depth):
    subs = _attributes(depth - 1) if depth else st.just({})
    instance = st.builds(lambda typed, members, sub: {**sub, **members, **typed}, TYPED, MEMBERS, subs)
    several = st.dictionaries(
        st.sampled_from(["@none", "urn:d:a", "urn:d:b"]), instance, min_size=1, max_size=2
    )
    listed = several.map(lambda items: [{**item, "datasetId": key} for key, item in items.items()])
    return st.dictionaries(NAMES, listed, max_size=3)


BODIES = st.builds(
    lambda attributes, more: {"id": "urn:x:e", "type": "T", **more, **attributes},
    _attributes(1),
    st.fixed_dictionaries(
        {},
        optional={
            "scope": st.sampled_from(["/a", ["/a", "/b"]]),
            "expiresAt": TIMES,
            "type": st.just(["T", "U"]),
        },
    ),
)


@SETTINGS
@given(BODIES)
def test_normalized_and_concise_with_system_attributes_are_lossless(body):
    document = expand_entity(body, USER, now=NOW)
    before = copy.deepcopy(document)
    for form in ("normalized", "concise"):
        for context in (USER, CORE):
            entity = represent(document, context, Representation(form, sys_attrs=True))
            assert expand_entity(entity, context, now=NOW) == document
            later = expand_entity(entity, context, now="2027-01-01T00:00:00.000000Z", keep_system=True)
            assert (later == document) or form == "concise"
    assert document == before


@SETTINGS
@given(BODIES)
def test_representing_never_shares_what_a_caller_may_change_at_the_top(body):
    document = expand_entity(body, USER, now=NOW)
    before = copy.deepcopy(document)
    entity = represent(document, USER)
    for name in list(entity):
        del entity[name]
    assert document == before


ANYTHING = st.recursive(
    SCALARS | st.none() | st.just(NULL),
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(
            st.sampled_from([*MEMBER_NAMES, "id", "@context", "ngsildproof"]) | st.text(max_size=4), items
        )
        | st.dictionaries(
            st.sampled_from(["type", "value", "coordinates", "languageMap", "valueList", "objectList"]),
            items | st.sampled_from(["Property", "GeoProperty", "Relationship", "Point", "ListRelationship"]),
        )
    ),
    max_leaves=12,
)


def _pointer_of_refusal(read):
    try:
        read()
    except BadRequestData as refusal:
        return refusal.pointer
    return ""


@SETTINGS
@given(ANYTHING)
def test_whatever_comes_is_read_or_refused_with_a_pointer(anything):
    for read in (
        lambda: expand_entity({"id": "urn:x:1", "type": "T", "a": anything}, USER, now=NOW),
        lambda: expand_entity({"id": "urn:x:1", "type": "T", "a": anything}, USER, now=NOW, simplified=True),
        lambda: expand_entity(anything, USER, now=NOW),
        lambda: expand_fragment({"a": anything}, USER, now=NOW, merge=True),
        lambda: expand_fragment(anything, USER, now=NOW, allow_null=True),
        lambda: expand_attribute(anything, USER, now=NOW, partial=True),
    ):
        pointer = _pointer_of_refusal(read)
        assert pointer == "" or pointer.startswith("/")
