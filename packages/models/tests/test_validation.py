import copy
import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_models.catalogue import Attribute, get_type, list_types, load_catalogue
from samstad_models.schema import schema_of
from samstad_models.validation import Violation, check, check_key_values

MEMBERS = {"Property": "value", "GeoProperty": "value", "Relationship": "object"}
SCHEMAS = {t.name: schema_of(t) for t in list_types()}
VALIDATORS = {name: jsonschema.Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def instance_of(attribute: Attribute, value):
    """Write a simplified value in full, as its producer would."""
    if isinstance(value, dict) and "languageMap" in value and attribute.shape == "text":
        return {"type": "LanguageProperty", "languageMap": value["languageMap"]}
    if attribute.kind == "JsonProperty":
        if isinstance(value, dict) and "json" in value:
            return {"type": "JsonProperty", "json": value["json"]}
        return {"type": "Property", "value": value}
    return {"type": attribute.kind, MEMBERS[attribute.kind]: value}


def expanded(entity):
    entity_type = get_type(entity["type"])
    document = {"id": entity["id"], "type": [entity_type.iri], "createdAt": "2026-11-25T02:14:57.000000Z"}
    by_name = {a.name: a for a in entity_type.attributes}
    for name, value in entity.items():
        if name in by_name:
            document[by_name[name].iri] = [instance_of(by_name[name], value)]
    return document


def schema_faults(entity):
    """Return the attributes that the published JSON Schema refuses."""
    faults = set()
    for error in VALIDATORS[entity["type"]].iter_errors(entity):
        if error.validator == "required" and not error.absolute_path:
            faults |= set(error.validator_value) - entity.keys()
        else:
            faults.add(error.absolute_path[0])
    return faults


def faults(violations):
    return {violation.attribute for violation in violations}


def light(**changes):
    entity = copy.deepcopy(get_type("Streetlight").example)
    entity.update(changes)
    return entity


@pytest.mark.parametrize("name", [t.name for t in list_types()])
def test_published_schema_is_valid_and_accepts_the_example(name):
    published = json.loads(files("samstad_models").joinpath(f"schemas/{name}.json").read_text("utf-8"))
    assert published == SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(published)
    example = get_type(name).example
    assert schema_faults(example) == set()
    assert check(expanded(example)) == []
    assert schema_faults({**example, "type": "Moon"} | {"type": example["type"], "id": ""}) == {"id"}


@pytest.mark.parametrize(
    ("change", "pointer", "problem", "allowed"),
    [
        ({"powerState": "maybe"}, "/powerState/value", "value", "one of on, off, low, bootingUp"),
        ({"dimmingLevel": 101}, "/dimmingLevel/value", "range", "a number, at least 0, at most 100"),
        ({"dimmingLevel": "70"}, "/dimmingLevel/value", "type", "a number, at least 0, at most 100"),
        ({"dimmingLevel": True}, "/dimmingLevel/value", "type", "a number, at least 0, at most 100"),
        ({"location": {"type": "Circle", "coordinates": [1, 2]}}, "/location/value/type", "value", None),
        ({"location": {"type": "Point", "coordinates": []}}, "/location/value/coordinates", "type", None),
        ({"alternateName": 5, "name": 5}, "/name/value", "type", "a text"),
        ({"owner": ["urn:a", 7]}, "/owner/object/1", "type", "the id of an entity"),
        ({"dateServiceStarted": "2026-13-01T00:00:00Z"}, "/dateServiceStarted/value", "format", None),
        ({"dateServiceStarted": "2026-12-01T00:00:00"}, "/dateServiceStarted/value", "format", None),
        ({"address": "Storgatan"}, "/address/value", "type", "an object"),
    ],
)
def test_a_broken_attribute_is_told_with_pointer_and_what_is_allowed(change, pointer, problem, allowed):
    (violation,) = check(expanded(light(**change)))
    assert (violation.pointer, violation.problem) == (pointer, problem)
    assert allowed is None or violation.allowed == allowed
    assert violation.entity_type == "Streetlight"
    assert violation.iri == get_type("Streetlight").get_attribute(violation.attribute).iri
    (simplified,) = check_key_values(light(**change))
    assert simplified.pointer == pointer.replace("/value", "").replace("/object", "")
    assert pointer in str(violation)


def test_a_missing_required_attribute_is_told_and_a_recommended_one_is_not():
    entity = light()
    del entity["status"], entity["powerState"]
    (violation,) = check(expanded(entity))
    assert (violation.attribute, violation.pointer, violation.problem) == ("status", "/status", "missing")
    assert str(violation) == "status is missing: Streetlight needs it (Whether the lamp is in order.)"


def test_the_wrong_kind_of_attribute_is_told():
    document = expanded(light())
    status = get_type("Streetlight").get_attribute("status").iri
    document[status] = [{"type": "Relationship", "object": "urn:ngsi-ld:Status:ok"}]
    assert check(document) == [
        Violation("Streetlight", "status", status, "/status/type", "kind", "a Property")
    ]


def test_only_the_unit_of_the_model_is_right_and_none_means_that_one():
    document = expanded(light())
    height = get_type("Streetlight").get_attribute("lanternHeight").iri
    document[height][0]["unitCode"] = "MTR"
    assert check(document) == []
    document[height][0]["unitCode"] = "CMT"
    (violation,) = check(document)
    assert (violation.pointer, violation.problem, violation.allowed) == (
        "/lanternHeight/unitCode",
        "unit",
        "MTR",
    )


def test_of_several_datasets_the_broken_one_is_named():
    document = expanded(light())
    level = get_type("Streetlight").get_attribute("dimmingLevel").iri
    document[level].append({"type": "Property", "value": 400, "datasetId": "urn:sensor:2"})
    (violation,) = check(document)
    assert violation.pointer == "/dimmingLevel/1/value"


def test_texts_may_come_in_several_languages_and_lists_in_order():
    streetlight = get_type("Streetlight")
    name, devices = streetlight.get_attribute("name").iri, streetlight.get_attribute("refDevice").iri
    document = expanded(light())
    document[name] = [{"type": "LanguageProperty", "languageMap": {"sv": "Storgatan", "en": ["Main street"]}}]
    document[devices] = [{"type": "ListRelationship", "objectList": ["urn:ngsi-ld:Device:1"]}]
    assert check(document) == []
    document[name][0]["languageMap"]["en"] = 5
    assert [v.pointer for v in check(document)] == ["/name/languageMap"]


def test_what_the_model_does_not_know_is_nobody_s_fault():
    document = expanded(light())
    document["https://example.org/colour"] = [{"type": "Property", "value": 5}]
    document["type"].append("https://example.org/Lamp")
    assert check(document) == []
    assert check({"id": "urn:a", "type": ["https://example.org/Lamp"]}) == []
    assert check_key_values({"id": "urn:a", "type": "Lamp", "status": 5}) == []


def test_an_entity_of_two_types_must_fit_both():
    document = expanded(light())
    document["type"].append(get_type("WasteObserved").iri)
    weight = get_type("WasteObserved").get_attribute("weight").iri
    document[weight] = [{"type": "Property", "value": "heavy"}]
    assert [(v.entity_type, v.attribute) for v in check(document)] == [("WasteObserved", "weight")]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 103) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NEAR_MISSES = [
    "2026-11-25T02:14:57Z", "2026-11-25T02:14Z", "2026-02-30T02:14:57+01:00", "2026-11-25", "PT2H",
    "P", "PT", "P1DT", "urn:x", "urn:x y", "https://example.org/", "", 1, 1.0, 0, 0.0, -1, 1.5, 100, True,
    [], [1, 2.5], ["on"], ["urn:a", ""], {"@value": "2026-11-25T02:14:57Z"}, {"@value": 5},
    {"languageMap": {"sv": "a"}}, {"languageMap": {"sv": ["a", 5]}}, {"languageMap": 5},
    {"json": {"a": 1}}, {"json": None}, {"type": "Point", "coordinates": [1, 2]},
    {"type": "Point", "coordinates": []}, {"type": "Point"}, {"type": ["Point"], "coordinates": [1]},
]  # fmt: skip


@st.composite
def entities(draw):
    entity_type = draw(st.sampled_from(list_types()))
    entity = dict(entity_type.example)
    for attribute in draw(st.lists(st.sampled_from(entity_type.attributes), max_size=4)):
        words = list(load_catalogue().value_lists.get(attribute.values or "", {"ok": {}}))
        value = draw(st.sampled_from(NEAR_MISSES) | JSON_VALUES | st.sampled_from(words) | st.just(None))
        if value is None:
            entity.pop(attribute.name, None)
        else:
            entity[attribute.name] = value
    return entity


@settings(max_examples=100, deadline=None)
@given(entities())
def test_json_schema_and_checkers_refuse_the_same_attributes(entity):
    published = schema_faults(entity)
    assert faults(check_key_values(entity)) == published
    assert faults(check(expanded(entity))) == published


@pytest.mark.parametrize("name", [t.name for t in list_types()])
def test_each_attribute_is_checked_alike_on_every_near_miss(name):
    entity_type = get_type(name)
    for attribute in entity_type.attributes:
        bounds = [b for b in (attribute.minimum, attribute.above, attribute.maximum) if b is not None]
        words = list(load_catalogue().value_lists.get(attribute.values or "", ()))[:1]
        published = jsonschema.Draft202012Validator(SCHEMAS[name]["properties"][attribute.name])
        for value in (*NEAR_MISSES, *bounds, *(b + 0.5 for b in bounds), *words, words):
            entity = {**entity_type.example, attribute.name: value}
            right = published.is_valid(value)
            assert (check_key_values(entity) == []) == right, (attribute.name, value)
            assert (check(expanded(entity)) == []) == right, (attribute.name, value)
