"""What holds of every update, whatever the documents."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.context import CORE
from samstad_ngsild.document import NULL, attribute_names
from samstad_ngsild.entities.expand import expand_entity, expand_fragment
from samstad_ngsild.merge import (
    append_attributes,
    delete_attribute,
    merge_entity,
    replace_entity,
    same_instances,
    update_attributes,
)

OLD = "2026-11-25T01:00:00.000000Z"
NOW = "2026-11-25T02:00:00.000000Z"
SETTINGS = settings(max_examples=80, deadline=None)

NAMES = st.sampled_from(["a", "b", "c"])
JSON = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "åäö"]),
    lambda items: st.lists(items, max_size=2) | st.dictionaries(st.sampled_from("xyz"), items, max_size=2),
    max_leaves=4,
)
URIS = st.sampled_from(["urn:x:1", "urn:x:2"])
VALUES = st.one_of(
    st.builds(lambda value: {"type": "Property", "value": value}, JSON),
    st.builds(lambda uri: {"type": "Relationship", "object": uri}, URIS),
    st.builds(
        lambda text: {"type": "LanguageProperty", "languageMap": {"sv": text}}, st.sampled_from(["j", "n"])
    ),
    st.builds(lambda items: {"type": "ListProperty", "valueList": items}, st.lists(JSON, max_size=2)),
    st.builds(
        lambda lon: {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, 0]}},
        st.integers(-9, 9),
    ),
)
MEMBERS = st.fixed_dictionaries(
    {}, optional={"observedAt": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"])}
)


def _instance(depth):
    subs = st.dictionaries(NAMES, _attribute(depth - 1), max_size=2) if depth else st.just({})
    return st.builds(lambda value, members, sub: {**sub, **value, **members}, VALUES, MEMBERS, subs)


def _attribute(depth):
    several = st.dictionaries(
        st.sampled_from([None, "urn:d:a", "urn:d:b"]), _instance(depth), min_size=1, max_size=3
    )
    return several.map(
        lambda items: [{**item, **({"datasetId": key} if key else {})} for key, item in items.items()]
    )


ATTRIBUTES = st.dictionaries(NAMES, _attribute(1), max_size=3)
BODIES = st.builds(
    lambda attributes, scope: {"id": "urn:x:e", "type": "T", **attributes, **scope},
    ATTRIBUTES,
    st.sampled_from([{}, {"scope": "/a"}, {"scope": ["/a", "/b"]}]),
)
DOCUMENTS = BODIES.map(lambda body: expand_entity(body, CORE, now=OLD))
UPDATES = ATTRIBUTES.map(lambda body: expand_fragment(body, CORE, now=NOW, allow_null=True))
MERGES = ATTRIBUTES.map(lambda body: expand_fragment(body, CORE, now=NOW, merge=True))


@SETTINGS
@given(DOCUMENTS)
def test_an_empty_fragment_changes_nothing(document):
    for operation in (merge_entity, update_attributes, append_attributes):
        change = operation(document, {}, now=NOW)
        assert change.document is document
        assert change.is_identical


@SETTINGS
@given(DOCUMENTS, UPDATES, MERGES)
def test_no_update_mutates_the_document_or_the_fragment(document, update, merge):
    before = copy.deepcopy((document, update, merge))
    outcomes = [
        update_attributes(document, update, now=NOW),
        append_attributes(document, update, now=NOW, overwrite=False),
        merge_entity(document, merge, now=NOW),
    ]
    assert (document, update, merge) == before
    for change in outcomes:
        for name in attribute_names(document):
            if name not in change.differs:
                assert change.document[name] is document[name]


@SETTINGS
@given(DOCUMENTS, MERGES)
def test_merging_twice_is_merging_once(document, fragment):
    once = merge_entity(document, fragment, now=NOW)
    twice = merge_entity(once.document, fragment, now=NOW)
    assert twice.is_identical
    assert set(once.changed) == set(attribute_names(fragment))


@SETTINGS
@given(DOCUMENTS, DOCUMENTS)
def test_replacing_and_replacing_back_gives_the_first_content(first, second):
    there = replace_entity(first, second, now=NOW).document
    back = replace_entity(there, first, now=NOW).document
    assert set(back) == set(first)
    assert back["createdAt"] == first["createdAt"]
    for name in attribute_names(first):
        assert same_instances(back[name], first[name])
        assert same_instances(there.get(name, []), second.get(name, []))


@SETTINGS
@given(DOCUMENTS)
def test_deletes_remove_exactly_what_they_name(document):
    for name in attribute_names(document):
        for instance in document[name]:
            dataset_id = instance.get("datasetId")
            after = delete_attribute(document, name, now=NOW, dataset_id=dataset_id).document
            assert after.get(name, []) == [item for item in document[name] if item is not instance]
            assert {key for key in after if key != name} == {key for key in document if key != name}


@SETTINGS
@given(DOCUMENTS, UPDATES)
def test_an_update_stamps_what_differs_and_leaves_the_other_stamps(document, fragment):
    change = update_attributes(document, fragment, now=NOW)
    assert change.document["createdAt"] == OLD
    assert (change.document["modifiedAt"] == OLD) == change.is_identical
    for name in change.changed:
        known = {item.get("datasetId"): item for item in change.before[name]}
        for instance in change.changed[name]:
            old = known.get(instance.get("datasetId"))
            assert instance["createdAt"] == (NOW if old is None else OLD)
            assert (instance is old) == (instance["modifiedAt"] == OLD)


@SETTINGS
@given(DOCUMENTS)
def test_nulls_for_all_attributes_leave_none(document):
    body = {
        name: [
            {"type": "Property", "value": NULL}
            | ({"datasetId": item["datasetId"]} if "datasetId" in item else {})
            for item in document[name]
        ]
        for name in attribute_names(document)
    }
    for merge in (False, True):
        fragment = expand_fragment(body, CORE, now=NOW, allow_null=True, merge=merge)
        operation = merge_entity if merge else update_attributes
        after = operation(document, fragment, now=NOW).document
        assert list(attribute_names(after)) == []
        assert NULL not in str(after)
