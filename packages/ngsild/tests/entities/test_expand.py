"""Bodies become documents (clauses 4.5.1 to 4.5.5, 4.5.18 to 4.5.24, 5.5.4, 5.5.7)."""

import pytest

from samstad_ngsild.context import CORE, compile_context
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.bounds import MOST_ATTRIBUTES, MOST_LANGUAGES, MOST_MEMBERS, MOST_TYPES
from samstad_ngsild.entities.expand import expand_attribute, expand_entity, expand_fragment
from samstad_ngsild.entities.values import is_deletion
from samstad_ngsild.errors import BadRequestData

NOW = "2026-11-25T02:14:57.000000Z"
D = "https://uri.etsi.org/ngsi-ld/default-context/"
POINT = {"type": "Point", "coordinates": [16.54, 59.61]}
STAMPS = {"createdAt": NOW, "modifiedAt": NOW}
AT = "2026-11-25T01:00:00Z"


def entity(**attributes):
    return {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", **attributes}


def one(attribute, **options):
    [instance] = expand_attribute(attribute, CORE, now=NOW, **options)
    assert instance.pop("createdAt") == instance.pop("modifiedAt") == NOW
    return instance


def refused(place, call, *arguments, **options):
    with pytest.raises(BadRequestData) as caught:
        call(*arguments, CORE, now=NOW, **options)
    assert caught.value.pointer == place, caught.value.detail
    return caught.value.detail


def test_an_entity_gets_expanded_names_stamps_and_lists():
    document = expand_entity(
        entity(scope="/Vasteras/Centrum", power={"type": "Property", "value": 5, "unitCode": "WTT"}),
        CORE,
        now=NOW,
    )
    assert document == {
        "id": "urn:ngsi-ld:Lamp:1",
        "type": [D + "Lamp"],
        "scope": ["/Vasteras/Centrum"],
        **STAMPS,
        D + "power": [{"type": "Property", "value": 5, "unitCode": "WTT", **STAMPS}],
    }


def test_at_id_and_at_type_stand_for_id_and_type_and_the_context_is_not_an_attribute():
    document = expand_entity(
        {"@id": "urn:x:1", "@type": ["Lamp", "Device", "Lamp"], "@context": "https://x.example/"},
        CORE,
        now=NOW,
    )
    assert document == {"id": "urn:x:1", "type": [D + "Lamp", D + "Device"], **STAMPS}


def test_what_the_producer_says_of_system_times_is_ignored_unless_kept():
    body = entity(
        createdAt=AT, power={"type": "Property", "value": 5, "createdAt": AT, "instanceId": "urn:x:i"}
    )
    document = expand_entity(body, CORE, now=NOW)
    assert document["createdAt"] == NOW
    assert document[D + "power"] == [{"type": "Property", "value": 5, **STAMPS}]
    kept = expand_entity(body, CORE, now=NOW, keep_system=True)
    assert kept["createdAt"] == AT
    assert kept["modifiedAt"] == NOW
    assert kept[D + "power"][0]["createdAt"] == AT
    assert kept[D + "power"][0]["instanceId"] == "urn:x:i"


@pytest.mark.parametrize(
    ("attribute", "instance"),
    [
        # bare values (4.5.2.3)
        (5, {"type": "Property", "value": 5}),
        ("on", {"type": "Property", "value": "on"}),
        (False, {"type": "Property", "value": False}),
        ([1, 2], {"type": "Property", "value": [1, 2]}),
        ([], {"type": "Property", "value": []}),
        ({"a": 1}, {"type": "Property", "value": {"a": 1}}),
        ([{"a": 1}, {"b": 2}], {"type": "Property", "value": [{"a": 1}, {"b": 2}]}),
        (POINT, {"type": "GeoProperty", "value": POINT}),
        # inferred from the member
        ({"value": 5}, {"type": "Property", "value": 5}),
        ({"value": 5, "observedAt": AT}, {"type": "Property", "value": 5, "observedAt": AT}),
        ({"value": POINT}, {"type": "GeoProperty", "value": POINT}),
        ({"object": "urn:x:1"}, {"type": "Relationship", "object": "urn:x:1"}),
        ({"languageMap": {"sv": "gata"}}, {"type": "LanguageProperty", "languageMap": {"sv": "gata"}}),
        ({"vocab": "Male"}, {"type": "VocabProperty", "vocab": D + "Male"}),
        ({"valueList": [1, "a"]}, {"type": "ListProperty", "valueList": [1, "a"]}),
        ({"objectList": ["urn:x:1"]}, {"type": "ListRelationship", "objectList": ["urn:x:1"]}),
        ({"json": {"id": None}}, {"type": "JsonProperty", "json": {"id": None}}),
        # normalized
        ({"type": "Property", "value": POINT}, {"type": "Property", "value": POINT}),
        (
            {"type": "Relationship", "object": ["urn:x:1", "urn:x:2"], "objectType": "Lamp"},
            {"type": "Relationship", "object": ["urn:x:1", "urn:x:2"], "objectType": [D + "Lamp"]},
        ),
        (
            {"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}, "urn:x:2"]},
            {"type": "ListRelationship", "objectList": ["urn:x:1", "urn:x:2"]},
        ),
        (
            {"type": "VocabProperty", "vocab": ["A", "https://x.example/B"]},
            {"type": "VocabProperty", "vocab": [D + "A", "https://x.example/B"]},
        ),
        (
            {"type": "LanguageProperty", "languageMap": {"@none": ["a", "b"], "en-GB": "c"}},
            {"type": "LanguageProperty", "languageMap": {"@none": ["a", "b"], "en-GB": "c"}},
        ),
        ({"type": "JsonProperty", "json": [{"a": 1}]}, {"type": "JsonProperty", "json": [{"a": 1}]}),
        (
            {"type": "Property", "value": 5, "valueType": "Date", "expiresAt": AT},
            {
                "type": "Property",
                "value": 5,
                "valueType": "https://uri.etsi.org/ngsi-ld/Date",
                "expiresAt": AT,
            },
        ),
        (
            {"type": "Property", "value": {"@type": "DateTime", "@value": AT}},
            {"type": "Property", "value": {"@type": "DateTime", "@value": AT}},
        ),
        (
            {"@type": "@json", "@value": None},
            {"type": "Property", "value": {"@type": "@json", "@value": None}},
        ),
        ({"type": "Property", "value": 5, "datasetId": "@none"}, {"type": "Property", "value": 5}),
        ({"type": "https://uri.etsi.org/ngsi-ld/Property", "value": 5}, {"type": "Property", "value": 5}),
        (
            {"type": "GeoProperty", "value": '{"type":"Point","coordinates":[16.54,59.61]}'},
            {"type": "GeoProperty", "value": POINT},
        ),
        # what clients send back of what they were given (5.2.5)
        ({"type": "Property", "value": 5, "previousValue": 4}, {"type": "Property", "value": 5}),
        (
            {"type": "Relationship", "object": "urn:x:1", "entity": {}},
            {"type": "Relationship", "object": "urn:x:1"},
        ),
    ],
)
def test_every_form_of_an_attribute_is_read(attribute, instance):
    assert one(attribute) == instance


def test_sub_attributes_are_attributes_again_and_stamped_alike():
    instance = one({"value": 5, "quality": {"value": 1, "by": {"object": "urn:x:1"}}, "note": "ok"})
    assert instance == {
        "type": "Property",
        "value": 5,
        D + "quality": [
            {
                "type": "Property",
                "value": 1,
                **STAMPS,
                D + "by": [{"type": "Relationship", "object": "urn:x:1", **STAMPS}],
            },
        ],
        D + "note": [{"type": "Property", "value": "ok", **STAMPS}],
    }


def test_instances_come_by_dataset_id_the_default_one_first():
    instances = expand_attribute(
        [{"type": "Property", "value": 1, "datasetId": "urn:d:a"}, {"type": "Property", "value": 2}],
        CORE,
        now=NOW,
    )
    assert [item.get("datasetId") for item in instances] == [None, "urn:d:a"]
    simplified = expand_attribute({"dataset": {"urn:d:a": 1, "@none": 2}}, CORE, now=NOW)
    assert simplified == instances


@pytest.mark.parametrize(
    ("instances", "pointer"),
    [
        ([{"value": 1}, {"value": 2}], "/1/datasetId"),
        ([{"value": 1}, {"value": 2, "datasetId": "@none"}], "/1/datasetId"),
        ([{"value": 1, "datasetId": "urn:d:a"}, {"value": 2, "datasetId": "urn:d:a"}], "/1/datasetId"),
        ([{"value": 1}, 5], "/1"),
    ],
)
def test_an_instance_cannot_come_twice(instances, pointer):
    refused(pointer, expand_attribute, instances)


@pytest.mark.parametrize(
    ("attribute", "pointer"),
    [
        (None, ""),
        ({"type": "Property", "value": None}, "/value"),
        ({"type": "Property", "value": {"a": [1, None]}}, "/value/a/1"),
        ({"type": "Property", "value": {"a": NULL}}, "/value/a"),
        ({"type": "Property", "value": {"@context": {}}}, "/value/@context"),
        ({"type": "Property", "value": {"@type": "DateTime", "@value": "now"}}, "/value/@value"),
        ({"type": "Property"}, "/value"),
        ({"type": "Property", "value": 1, "sub": {"value": 1, "@context": {}}}, "/sub/@context"),
        ({"type": "Property", "value": 1, "object": "urn:x:1"}, "/object"),
        ({"type": "Property", "value": 1, "previousObject": "urn:x:1"}, "/previousObject"),
        ({"type": "Property", "value": 1, "entity": {}}, "/entity"),
        ({"type": "Property", "value": 1, "entityIdSealed": "x"}, "/entityIdSealed"),
        ({"type": "Property", "value": 1, "objectType": "Lamp"}, "/objectType"),
        ({"type": "Property", "value": 1, "observedAt": "yesterday"}, "/observedAt"),
        ({"type": "Property", "value": 1, "observedAt": {"type": "Property", "value": AT}}, "/observedAt"),
        ({"type": "Property", "value": 1, "observedAt": "2026-11-25T01:00:00+01:00"}, "/observedAt"),
        ({"type": "Property", "value": 1, "expiresAt": "2026-02-30T01:00:00Z"}, "/expiresAt"),
        ({"type": "Property", "value": 1, "unitCode": 5}, "/unitCode"),
        ({"type": "Property", "value": 1, "datasetId": "no uri"}, "/datasetId"),
        ({"type": "Property", "value": 1, "bad-name": 5}, "/bad-name"),
        ({"type": "Property", "value": 1, "a": 5, D + "a": 6}, "/" + (D + "a").replace("/", "~1")),
        ({"type": "Foo", "value": 1}, "/type"),
        ({"type": 5, "value": 1}, "/type"),
        ({"type": "Relationship", "object": "no uri"}, "/object"),
        ({"type": "Relationship", "object": []}, "/object"),
        ({"type": "Relationship", "object": ["urn:x:1", 5]}, "/object/1"),
        ({"type": "Relationship", "object": "urn:x:1", "unitCode": "P1"}, "/unitCode"),
        ({"type": "Relationship", "object": "urn:x:1", "value": 1}, "/value"),
        ({"type": "LanguageProperty", "languageMap": {"": "a"}}, "/languageMap/"),
        ({"type": "LanguageProperty", "languageMap": {"en": 5}}, "/languageMap/en"),
        ({"type": "LanguageProperty", "languageMap": {"@none": NULL}}, "/languageMap/@none"),
        ({"type": "LanguageProperty", "languageMap": {"en": "a"}, "unitCode": "P1"}, "/unitCode"),
        ({"type": "LanguageProperty", "languageMap": {"en": "a"}, "valueType": "Date"}, "/valueType"),
        ({"type": "Relationship", "object": "urn:x:1", "valueType": "Date"}, "/valueType"),
        ({"type": "VocabProperty", "vocab": 5}, "/vocab"),
        ({"type": "VocabProperty", "vocab": NULL}, "/vocab"),
        ({"type": "VocabProperty", "vocab": "A", "value": 5}, "/value"),
        ({"type": "ListProperty", "valueList": 5}, "/valueList"),
        ({"type": "ListProperty", "valueList": [NULL]}, "/valueList/0"),
        ({"type": "ListProperty", "valueList": [None]}, "/valueList/0"),
        ({"type": "ListRelationship", "objectList": ["x"]}, "/objectList/0"),
        ({"type": "ListRelationship", "objectList": [{"object": "urn:x:1", "a": 1}]}, "/objectList/0"),
        ({"type": "ListRelationship", "objectList": ["urn:x:1"], "object": "urn:x:1"}, "/object"),
        ({"type": "JsonProperty", "json": 5}, "/json"),
        ({"type": "JsonProperty", "json": NULL}, "/json"),
        ({"type": "JsonProperty", "json": {}, "unitCode": "P1"}, "/unitCode"),
        ({"type": "GeoProperty", "value": 5}, "/value"),
        ({"type": "GeoProperty", "value": {"type": "GeometryCollection", "geometries": []}}, "/value/type"),
        ({"observedAt": AT}, ""),
        (NULL, ""),
        ({"value": NULL}, "/value"),
        ({"object": NULL}, "/object"),
        ({"value": 1, "a": NULL}, "/a"),
        ({"value": 1, "unitCode": NULL}, "/unitCode"),
    ],
)
def test_what_an_attribute_may_not_be_is_refused_with_the_place(attribute, pointer):
    refused(pointer, expand_attribute, attribute)
    refused("/power" + pointer, expand_entity, entity(power=attribute))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({"type": "Lamp"}, "/id"),
        ({"id": "lamp 1", "type": "Lamp"}, "/id"),
        ({"id": NULL, "type": "Lamp"}, "/id"),
        ({"id": "urn:x:1\u200b", "type": "Lamp"}, "/id"),
        ({"id": "urn:x:1"}, "/type"),
        ({"id": "urn:x:1", "type": []}, "/type"),
        ({"id": "urn:x:1", "type": NULL}, "/type"),
        ({"id": "urn:x:1", "type": ["Lamp", 5]}, "/type/1"),
        ({"id": "urn:x:1", "type": "1Lamp"}, "/type"),
        (entity(scope=[]), "/scope"),
        (entity(scope=NULL), "/scope"),
        (entity(scope=["/a", "/b-c"]), "/scope/1"),
        (entity(scope="a//b"), "/scope"),
        (entity(expiresAt="soon"), "/expiresAt"),
        (entity(datasetId={"type": "Property", "value": 1}), "/datasetId"),
        (entity(observedAt=1), "/observedAt"),
        (entity(value={"type": "Property", "value": 1}), "/value"),
        (entity(location={"type": "Property", "value": 1}), "/location/type"),
        (entity(a={"value": 1, "@context": {}}), "/a/@context"),
        (entity(a=1, **{D + "a": 1}), "/" + (D + "a").replace("/", "~1")),
        (entity(**{"a b": 1}), "/a b"),
        (entity(**{"": 1}), "/"),
        (entity(**{"@graph": 1}), "/@graph"),
    ],
)
def test_what_an_entity_may_not_be_is_refused_with_the_place(body, pointer):
    refused(pointer, expand_entity, body)


def test_depth_is_limited_and_never_ends_the_interpreter():
    attribute = value = 1
    for _ in range(20):
        attribute = {"type": "Property", "value": 1, "sub": attribute}
    for _ in range(70):
        value = {"a": value}
    nested = 1
    for _ in range(900):
        nested = {"dataset": {"@none": nested}}
    refused("/sub" * 17, expand_attribute, attribute)
    assert "nested" in refused("/value" + "/a" * 65, expand_attribute, {"type": "Property", "value": value})
    refused("/json", expand_attribute, {"type": "JsonProperty", "json": value})
    refused("/value", expand_attribute, {"value": {"@type": "@json", "@value": value}})
    refused("/dataset/@none" + "/dataset/@none" * 32 + "/dataset", expand_attribute, nested)


def test_a_seal_keeps_its_two_members_and_only_there():
    proof = {
        "type": "Property",
        "value": {"proofValue": "x"},
        "entityIdSealed": "urn:x:1",
        "entityTypeSealed": "Lamp",
    }
    instance = one({"type": "Property", "value": 1, "ngsildproof": proof})
    assert instance["ngsildproof"]["entityTypeSealed"] == D + "Lamp"
    assert instance["ngsildproof"]["value"] == {"proofValue": "x"}
    refused("/ngsildproof", expand_attribute, {"value": 1, "ngsildproof": {"type": "Property", "value": 5}})


def test_nulls_delete_in_fragments_of_update():
    fragment = expand_fragment(
        {
            "type": "Lamp",
            "scope": NULL,
            "a": NULL,
            "b": {"type": "Property", "value": NULL, "datasetId": "urn:d:a"},
            "c": {"type": "Relationship", "object": NULL},
            "d": {"type": "LanguageProperty", "languageMap": {"@none": NULL}},
            "e": {"type": "ListProperty", "valueList": [NULL]},
            "f": {"type": "ListRelationship", "objectList": [NULL]},
            "g": {"type": "VocabProperty", "vocab": NULL},
            "h": {"type": "Property", "value": 5, "sub": NULL},
        },
        CORE,
        now=NOW,
        allow_null=True,
    )
    assert fragment["scope"] == NULL
    assert "id" not in fragment
    assert "createdAt" not in fragment
    for name in "abcdefg":
        assert is_deletion(fragment[D + name][0]), name
    assert fragment[D + "b"][0]["datasetId"] == "urn:d:a"
    assert not is_deletion(fragment[D + "h"][0])
    assert is_deletion(fragment[D + "h"][0][D + "sub"][0])


def test_an_update_still_needs_whole_attributes_and_no_nulls_inside_values():
    refused("/a", expand_fragment, {"a": {"observedAt": AT}}, allow_null=True)
    refused("/a/value", expand_fragment, {"a": {"type": "Property", "observedAt": AT}}, allow_null=True)
    refused("/a/value/b", expand_fragment, {"a": {"value": {"b": NULL}}}, allow_null=True)
    refused("/a/datasetId", expand_fragment, {"a": {"value": 1, "datasetId": NULL}}, allow_null=True)
    refused("/a", expand_fragment, {"a": NULL})


def test_a_merge_may_leave_out_type_and_value_and_delete_inside_values():
    fragment = expand_fragment(
        {
            "a": {"observedAt": AT},
            "b": {"type": "Property", "unitCode": NULL},
            "c": {"value": {"country": NULL}},
            "d": 5,
            "e": {"sub": {"type": "Property", "value": 1}},
            "f": {"street": "Storgatan"},
            "g": NULL,
        },
        CORE,
        now=NOW,
        merge=True,
    )
    assert fragment[D + "a"] == [{"observedAt": AT, **STAMPS}]
    assert fragment[D + "b"] == [{"type": "Property", "unitCode": NULL, **STAMPS}]
    assert fragment[D + "c"] == [{"value": {"country": NULL}, **STAMPS}]
    assert fragment[D + "d"] == [{"value": 5, **STAMPS}]
    assert D + "sub" in fragment[D + "e"][0]
    assert fragment[D + "f"] == [{"value": {"street": "Storgatan"}, **STAMPS}]
    assert is_deletion(fragment[D + "g"][0])


def test_a_partial_update_is_always_one_instance():
    assert one({"unitCode": "P1"}, partial=True) == {"unitCode": "P1"}
    assert one({"note": "x"}, partial=True)[D + "note"][0]["value"] == "x"
    assert one({"type": "Property", "observedAt": AT}, partial=True) == {"type": "Property", "observedAt": AT}
    assert is_deletion(one({"object": NULL}, partial=True))
    refused("/at/unitCode", expand_attribute, {"unitCode": 5}, partial=True, pointer="/at")


def test_simplified_bodies_are_values_alone():
    fragment = expand_fragment(
        {
            "address": {"type": "PostalAddress", "street": "Storgatan"},
            "location": POINT,
            "kind": {"vocab": "Led"},
            "says": {"languageMap": {"sv": "ja"}},
            "list": [{"value": 1}],
        },
        CORE,
        now=NOW,
        simplified=True,
    )
    assert fragment[D + "address"][0]["value"] == {"type": "PostalAddress", "street": "Storgatan"}
    assert fragment["https://uri.etsi.org/ngsi-ld/location"][0]["type"] == "GeoProperty"
    assert fragment[D + "kind"][0]["vocab"] == D + "Led"
    assert fragment[D + "says"][0]["type"] == "LanguageProperty"
    assert fragment[D + "list"] == [{"type": "Property", "value": [{"value": 1}], **STAMPS}]


def test_names_expand_by_the_context_of_the_request_alone():
    context = compile_context({"power": "https://x.example/power"}, [{"power": "https://x.example/power"}])
    assert "https://x.example/power" in expand_entity(entity(power=1), context, now=NOW)
    assert "https://x.example/power" not in expand_entity(entity(power=1), CORE, now=NOW)
    keyword = compile_context({"ident": "@id"}, [{"ident": "@id"}])
    with pytest.raises(BadRequestData, match="can name nothing"):
        expand_entity(entity(ident=1), keyword, now=NOW)


def test_one_entity_holds_a_bounded_number_of_types_attributes_members_and_languages():
    few = {"type": "Property", "value": 1, **{f"s{number}": number for number in range(8)}}
    many = {f"a{number}": few for number in range(MOST_MEMBERS // 10)}
    types = [f"T{number}" for number in range(MOST_TYPES)]
    assert len(expand_entity({**entity(**many), "type": types}, CORE, now=NOW)["type"]) == MOST_TYPES
    assert "too many" in refused("/type", expand_entity, {"id": "urn:x:1", "type": [*types, "One"]})
    assert "too many" in refused("/b", expand_entity, entity(**many, b=few))
    attributes = {f"a{number}": number for number in range(MOST_ATTRIBUTES + 20)}
    assert "too many" in refused("", expand_entity, entity(**attributes))
    languages = {f"en-{number}": "a" for number in range(MOST_LANGUAGES + 1)}
    refused("/a/languageMap", expand_entity, entity(a={"type": "LanguageProperty", "languageMap": languages}))
