"""Entities for readers of an older version of NGSI-LD (clause 4.3.6.8)."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_ngsild.document import ATTRIBUTE_TYPES
from samstad_ngsild.entities.older_versions import conform, parse_version

LAMP = {
    "@context": "https://city.example/context",
    "id": "urn:ngsi-ld:Lamp:1",
    "type": ["Lamp", "Device"],
    "scope": "/park",
    "expiresAt": "2027-01-01T00:00:00Z",
    "level": {
        "type": "Property",
        "value": 5,
        "valueType": "xsd:int",
        "unitCode": "P1",
        "observedAt": "2026-11-25T10:00:00Z",
        "expiresAt": "2027-01-01T00:00:00Z",
    },
    "name": {"type": "LanguageProperty", "languageMap": {"sv": "Lykta", "en": "Lamp"}},
    "state": {"type": "VocabProperty", "vocab": "lit"},
    "raw": {"type": "JsonProperty", "json": {"vocab": "not to be touched"}},
    "hours": {"type": "ListProperty", "valueList": [1, 2]},
    "near": {"type": "ListRelationship", "objectList": [{"object": "urn:a"}, {"object": "urn:b"}]},
    "on": {
        "type": "Relationship",
        "object": "urn:ngsi-ld:Pole:1",
        "objectType": "Pole",
        "kind": {"type": "VocabProperty", "vocab": "steel"},
    },
    "heard": [
        {"type": "Property", "value": 1, "datasetId": "urn:d:1"},
        {"type": "Property", "value": 2},
    ],
}


def test_1_8_knows_all_kinds_of_attributes_and_nothing_that_expires():
    shown = conform(LAMP, (1, 8))
    assert shown["level"] == {k: v for k, v in LAMP["level"].items() if k not in {"valueType", "expiresAt"}}
    assert "expiresAt" not in shown
    assert {name: shown[name] for name in ("name", "state", "raw", "on", "scope", "type")} == {
        name: LAMP[name] for name in ("name", "state", "raw", "on", "scope", "type")
    }


def test_1_5_gets_what_came_later_as_properties_and_relationships():
    shown = conform(LAMP, (1, 5))
    assert shown["state"] == {"type": "Property", "value": "lit"}
    assert shown["raw"] == {"type": "Property", "value": {"vocab": "not to be touched"}}
    assert shown["hours"] == {"type": "Property", "value": [1, 2]}
    assert shown["near"] == {"type": "Relationship", "object": ["urn:a", "urn:b"]}
    assert shown["on"] == {
        "type": "Relationship",
        "object": "urn:ngsi-ld:Pole:1",
        "kind": {"type": "Property", "value": "steel"},
    }
    assert (shown["name"], shown["heard"], shown["scope"]) == (LAMP["name"], LAMP["heard"], "/park")


def test_1_0_gets_one_type_one_instance_and_no_scope():
    shown = conform(LAMP, (1, 0))
    assert (shown["type"], shown["id"], shown["@context"]) == ("Lamp", LAMP["id"], LAMP["@context"])
    assert shown["level"] == {"type": "Property", "value": 5}
    assert shown["heard"] == {"type": "Property", "value": 2}
    assert shown["name"] == {"type": "Property", "value": {"sv": "Lykta", "en": "Lamp"}}
    assert "scope" not in shown


def test_concise_attributes_are_told_by_their_values():
    shown = conform({"id": "urn:a", "type": "A", "state": {"vocab": "lit"}, "level": 5, "of": [1, 2]}, (1, 5))
    assert shown == {"id": "urn:a", "type": "A", "state": {"value": "lit"}, "level": 5, "of": [1, 2]}


def test_what_conforms_already_is_the_very_same_and_nothing_is_changed_in_place():
    before = copy.deepcopy(LAMP)
    plain = {"id": "urn:a", "type": "A", "level": {"type": "Property", "value": {"vocab": [1]}}}
    assert conform(plain, (1, 0)) is plain
    assert conform(LAMP, (1, 9)) is LAMP
    assert conform(LAMP, (1, 0)) is not LAMP
    assert before == LAMP


@pytest.mark.parametrize(
    ("text", "version"), [("1.0", (1, 0)), ("1.10", (1, 10)), ("2.0", (2, 0)), ("0.9", None)]
)
def test_there_was_no_version_before_the_first(text, version):
    assert parse_version(text) == version


_names = st.sampled_from(
    ["type", "value", "vocab", "json", "languageMap", "objectList", "valueList", "datasetId", "entity", "a"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "type", "scope", "a", "b"]),
        _values | st.fixed_dictionaries({"type": st.sampled_from(sorted(ATTRIBUTE_TYPES)), "a": _values}),
        max_size=5,
    ),
    st.tuples(st.just(1), st.integers(0, 9)),
)
def test_whatever_an_entity_holds_it_is_shown_and_stays_as_it_was(entity, version):
    entity = {key: value for key, value in entity.items() if key != "type"} | {"type": ["A", "B"]}
    before = copy.deepcopy(entity)
    once = conform(entity, version)
    assert entity == before
    assert isinstance(once, dict)
    assert once.keys() <= entity.keys()
    assert isinstance(once["type"], str) == (version < (1, 3))
