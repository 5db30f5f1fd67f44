"""Updates of documents, one table per clause (5.5.8, 5.5.12, 5.6.2 to 5.6.5, 5.6.17 to 5.6.19)."""

import copy

import pytest

from samstad_ngsild.context import CORE, compile_context
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.expand import expand_attribute, expand_entity, expand_fragment
from samstad_ngsild.errors import BadRequestData, ResourceNotFound
from samstad_ngsild.merge import (
    append_attributes,
    delete_attribute,
    merge_entity,
    partial_update_attribute,
    replace_attribute,
    replace_entity,
    same_value,
    update_attributes,
)

OLD = "2026-11-25T01:00:00.000000Z"
NOW = "2026-11-25T02:00:00.000000Z"
AT = "2022-03-14T01:59:26.535Z"
LATER = "2022-03-14T13:00:00.000Z"
D = "https://uri.etsi.org/ngsi-ld/default-context/"


def document(**attributes):
    body = {"id": "urn:ngsi-ld:Car:1", "type": "Car", **attributes}
    return expand_entity(body, CORE, now=OLD)


def temperature():
    return document(
        temperature={"type": "Property", "value": 25, "unitCode": "CEL", "observedAt": AT},
        other={"type": "Property", "value": 1},
    )


def fragment(merge=False, **members):
    return expand_fragment(members, CORE, now=NOW, allow_null=True, merge=merge)


def shape(instance):
    """Return an instance without its system times, with short names."""
    plain = {}
    for key, value in instance.items():
        if key not in {"createdAt", "modifiedAt"}:
            plain[CORE.compact(key)] = [shape(item) for item in value] if ":" in key else value
    return plain


def shapes(change, name="temperature"):
    return [shape(instance) for instance in change.document.get(D + name, [])]


def untouched(current, operation, *arguments, **options):
    """Run an operation and see that the current document stays as it is."""
    before = copy.deepcopy(current)
    change = operation(current, *arguments, now=NOW, **options)
    assert current == before
    for name, instances in change.document.items():
        if ":" in name and name not in change.changed:
            assert instances is current[name]
    return change


# --- update (5.6.2, 5.5.8) ---------------------------------------------------------------------------------


def test_update_replaces_the_whole_attribute_and_keeps_created_at():
    change = untouched(
        temperature(),
        update_attributes,
        fragment(temperature={"type": "Property", "value": 100, "observedAt": LATER}),
    )
    assert shapes(change) == [{"type": "Property", "value": 100, "observedAt": LATER}]
    [instance] = change.changed[D + "temperature"]
    assert (instance["createdAt"], instance["modifiedAt"]) == (OLD, NOW)
    assert change.before[D + "temperature"][0]["value"] == 25
    assert change.differs == {D + "temperature"}
    assert change.document["modifiedAt"] == NOW
    assert change.document["createdAt"] == OLD
    assert D + "other" not in change.changed


def test_update_deletes_with_a_null_and_adds_what_is_new():
    change = untouched(
        temperature(), update_attributes, fragment(temperature=NULL, speed={"type": "Property", "value": 5})
    )
    assert change.changed[D + "temperature"] == []
    assert D + "temperature" not in change.document
    assert change.before[D + "speed"] == []
    assert change.document[D + "speed"][0]["createdAt"] == NOW


def test_update_touches_only_the_instance_with_the_same_dataset_id():
    current = document(speed=[{"value": 1}, {"value": 2, "datasetId": "urn:d:a"}])
    change = untouched(
        current,
        update_attributes,
        fragment(speed=[{"value": 3, "datasetId": "urn:d:b"}, {"value": 4, "datasetId": "urn:d:a"}]),
    )
    assert [item["value"] for item in change.document[D + "speed"]] == [1, 4, 3]
    assert change.document[D + "speed"][0] is current[D + "speed"][0]
    gone = untouched(
        current,
        update_attributes,
        fragment(speed={"type": "Property", "value": NULL, "datasetId": "urn:d:a"}),
    )
    assert [item["value"] for item in gone.document[D + "speed"]] == [1]


def test_deleting_what_is_not_there_changes_nothing():
    current = temperature()
    change = untouched(current, update_attributes, fragment(speed=NULL))
    assert change.document is current
    assert change.changed == {}
    assert change.is_identical


def test_an_identical_write_touches_and_does_not_differ():
    current = temperature()
    same = {"type": "Property", "value": 25, "unitCode": "CEL", "observedAt": AT}
    change = untouched(current, update_attributes, fragment(temperature=same))
    assert change.document is current
    assert change.changed == {D + "temperature": current[D + "temperature"]}
    assert change.differs == frozenset()
    assert change.is_identical


def test_true_is_not_one_and_order_of_keys_is_nothing():
    assert not same_value([1], [True])
    assert not same_value({"a": [1]}, {"a": [True]})
    assert same_value({"a": 1, "b": 2}, {"b": 2, "a": 1})
    change = untouched(document(on={"value": 1}), update_attributes, fragment(on={"value": True}))
    assert change.differs == {D + "on"}


def test_nulls_of_members_leave_them_out_of_the_replacement():
    value = {"type": "Property", "value": 1, "unitCode": NULL, "sub": NULL}
    change = untouched(temperature(), update_attributes, fragment(temperature=value))
    assert shapes(change) == [{"type": "Property", "value": 1}]


@pytest.mark.parametrize(
    ("scope", "given", "after"),
    [
        (None, "/b", None),
        ("/a", "/b", ["/b"]),
        ("/a", ["/b", "/c"], ["/b", "/c"]),
        ("/a", NULL, None),
        ("/a", "/a", ["/a"]),
    ],
)
def test_update_replaces_a_scope_and_ignores_it_where_there_is_none(scope, given, after):
    current = document() if scope is None else document(scope=scope)
    change = untouched(current, update_attributes, fragment(scope=given))
    assert change.document.get("scope") == after
    assert ("scope" in change.members) == (after != current.get("scope"))


def test_types_are_added_and_never_removed():
    for operation in (update_attributes, append_attributes, merge_entity):
        change = untouched(temperature(), operation, fragment(type=["Vehicle", "Car"]))
        assert change.document["type"] == [D + "Car", D + "Vehicle"]
        assert change.members == {"type"}
        assert change.changed == {}


def test_expires_at_is_set_and_removed():
    current = document(expiresAt=AT)
    assert untouched(current, update_attributes, fragment(expiresAt=LATER)).document["expiresAt"] == LATER
    assert "expiresAt" not in untouched(current, merge_entity, fragment(expiresAt=NULL)).document


# --- append (5.6.3) ----------------------------------------------------------------------------------------


def test_append_overwrites_and_keeps_created_at():
    change = untouched(
        temperature(), append_attributes, fragment(temperature={"value": 5}, speed={"value": 6})
    )
    assert shapes(change) == [{"type": "Property", "value": 5}]
    assert change.document[D + "temperature"][0]["createdAt"] == OLD
    assert change.not_updated == []


def test_append_without_overwrite_leaves_what_is_there_and_says_so():
    current = document(speed=[{"value": 1}])
    change = untouched(
        current,
        append_attributes,
        fragment(speed=[{"value": 2}, {"value": 3, "datasetId": "urn:d:a"}], power={"value": 4}),
        overwrite=False,
    )
    assert [item["value"] for item in change.document[D + "speed"]] == [1, 3]
    [left] = change.not_updated
    assert (left.attribute, left.dataset_id) == (D + "speed", None)
    assert "default instance" in left.reason
    assert change.document[D + "power"][0]["value"] == 4


def test_append_replaces_scopes_and_without_overwrite_adds_them():
    current = document(scope="/a")
    scoped = fragment(scope=["/b", "/a"])
    assert untouched(current, append_attributes, scoped).document["scope"] == ["/b", "/a"]
    added = untouched(current, append_attributes, scoped, overwrite=False)
    assert added.document["scope"] == ["/a", "/b"]
    assert untouched(document(), append_attributes, scoped, overwrite=False).document["scope"] == ["/b", "/a"]


def test_append_deletes_nothing():
    with pytest.raises(BadRequestData):
        untouched(temperature(), append_attributes, fragment(temperature=NULL))


# --- partial update (5.6.4) --------------------------------------------------------------------------------


def partially(current, name, body, context=CORE):
    part = expand_attribute(body, context, now=NOW, partial=True)
    return untouched(current, partial_update_attribute, D + name, part)


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (
            {"type": "Property", "value": 100, "observedAt": LATER},
            {"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": LATER},
        ),
        ({"unitCode": NULL}, {"type": "Property", "value": 25, "observedAt": AT}),
        ({"value": {"a": 1}}, {"type": "Property", "value": {"a": 1}, "unitCode": "CEL", "observedAt": AT}),
        (
            {"note": "x"},
            {
                "type": "Property",
                "value": 25,
                "unitCode": "CEL",
                "observedAt": AT,
                "note": [{"type": "Property", "value": "x"}],
            },
        ),
    ],
)
def test_partial_update_overwrites_first_level_members(body, after):
    change = partially(temperature(), "temperature", body)
    assert shapes(change) == [after]
    assert change.document[D + "temperature"][0]["modifiedAt"] == NOW
    assert change.document[D + "temperature"][0]["createdAt"] == OLD


def test_partial_update_replaces_and_deletes_sub_attributes():
    current = document(temperature={"value": 1, "a": {"value": {"x": 1}}, "b": {"value": 2}})
    change = partially(current, "temperature", {"a": {"value": {"y": 2}}, "b": NULL, "c": NULL})
    assert shapes(change) == [
        {"type": "Property", "value": 1, "a": [{"type": "Property", "value": {"y": 2}}]},
    ]


def test_partial_update_aims_at_one_instance():
    current = document(speed=[{"value": 1}, {"value": 2, "datasetId": "urn:d:a"}])
    change = partially(current, "speed", {"value": 3, "datasetId": "urn:d:a"})
    assert [item["value"] for item in change.document[D + "speed"]] == [1, 3]
    deleted = partially(current, "speed", {"value": NULL})
    assert [item["value"] for item in deleted.document[D + "speed"]] == [2]
    with pytest.raises(ResourceNotFound, match="urn:d:b"):
        partially(current, "speed", {"value": 3, "datasetId": "urn:d:b"})
    with pytest.raises(ResourceNotFound):
        partially(current, "power", {"value": 3})


def test_partial_update_keeps_the_type():
    for body in ({"type": "Relationship", "object": "urn:x:1"}, {"object": "urn:x:1"}):
        with pytest.raises(BadRequestData):
            partially(temperature(), "temperature", body)
    geo = expand_entity(
        {"id": "urn:x:1", "type": "Car", "place": {"type": "Point", "coordinates": [1, 2]}}, CORE, now=OLD
    )
    with pytest.raises(BadRequestData):
        partially(geo, "place", {"value": 5})


def test_the_scope_is_no_attribute():
    for operation in (partial_update_attribute, replace_attribute):
        with pytest.raises(BadRequestData):
            operation(document(scope="/a"), "scope", [], now=NOW)


# --- replace attribute (5.6.19) and delete (5.6.5) ---------------------------------------------------------


def test_replace_attribute_may_change_the_type_and_keeps_created_at():
    current = temperature()
    new = expand_attribute({"object": "urn:x:1"}, CORE, now=NOW)
    change = untouched(current, replace_attribute, D + "temperature", new)
    assert shapes(change) == [{"type": "Relationship", "object": "urn:x:1"}]
    assert change.document[D + "temperature"][0]["createdAt"] == OLD
    back = replace_attribute(change.document, D + "temperature", current[D + "temperature"], now=NOW)
    assert shapes(back) == [shape(current[D + "temperature"][0])]
    with pytest.raises(ResourceNotFound):
        replace_attribute(current, D + "none", new, now=NOW)
    elsewhere = expand_attribute({"value": 1, "datasetId": "urn:d:a"}, CORE, now=NOW)
    with pytest.raises(ResourceNotFound):
        replace_attribute(current, D + "temperature", elsewhere, now=NOW)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, [2, 3]),
        ({"dataset_id": "@none"}, [2, 3]),
        ({"dataset_id": "urn:d:a"}, [1, 3]),
        ({"delete_all": True}, []),
    ],
)
def test_delete_removes_exactly_what_was_named(options, left):
    current = document(
        speed=[{"value": 1}, {"value": 2, "datasetId": "urn:d:a"}, {"value": 3, "datasetId": "urn:d:b"}],
        power={"value": 4},
    )
    change = untouched(current, delete_attribute, D + "speed", **options)
    assert [item["value"] for item in change.document.get(D + "speed", [])] == left
    assert [item["value"] for item in change.before[D + "speed"]] == [1, 2, 3]
    assert D + "power" in change.document
    assert change.document["modifiedAt"] == NOW


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (D + "none", {}),
        (D + "none", {"delete_all": True}),
        (D + "speed", {}),
        (D + "speed", {"dataset_id": "urn:d:b"}),
        ("scope", {}),
    ],
)
def test_delete_of_what_is_not_there_is_not_found(name, options):
    with pytest.raises(ResourceNotFound):
        delete_attribute(document(speed={"value": 2, "datasetId": "urn:d:a"}), name, now=NOW, **options)


@pytest.mark.parametrize("name", ["scope", "https://uri.etsi.org/ngsi-ld/scope"])
def test_delete_removes_the_scope(name):
    change = untouched(document(scope="/a", speed={"value": 1}), delete_attribute, name)
    assert "scope" not in change.document
    assert change.members == {"scope"}
    assert change.changed == {}


# --- merge (5.6.17, 5.5.12) --------------------------------------------------------------------------------


def merged(current, context=CORE, observed_at=None, lang=None, simplified=False, **members):
    part = expand_fragment(members, context, now=NOW, merge=True, simplified=simplified)
    return untouched(current, merge_entity, part, observed_at=observed_at, lang=lang, context=context)


def test_merge_keeps_what_the_fragment_does_not_name():
    change = merged(temperature(), temperature={"type": "Property", "value": 100, "observedAt": LATER})
    assert shapes(change) == [{"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": LATER}]
    assert change.document[D + "temperature"][0]["createdAt"] == OLD
    assert D + "other" not in change.changed


def test_merge_goes_into_values_and_deletes_with_nulls():
    current = document(
        address={"value": {"street": "Straße des 17. Juni", "city": "Berlin", "country": "Germany"}}
    )
    change = merged(
        current, address={"type": "Property", "value": {"street": "Pariser Platz", "country": NULL}}
    )
    assert shapes(change, "address") == [
        {"type": "Property", "value": {"street": "Pariser Platz", "city": "Berlin"}}
    ]
    new = merged(current, home={"value": {"a": NULL, "b": {"c": NULL, "d": 1}}})
    assert shapes(new, "home") == [{"type": "Property", "value": {"b": {"d": 1}}}]


def test_merge_goes_into_sub_attributes_and_members():
    current = document(
        speed={"value": 1, "unitCode": "KMH", "by": {"value": {"a": 1}, "note": {"value": "x"}}}
    )
    change = merged(current, speed={"unitCode": NULL, "by": {"value": {"b": 2}, "note": NULL}, "new": 5})
    assert shapes(change, "speed") == [
        {
            "type": "Property",
            "value": 1,
            "by": [{"type": "Property", "value": {"a": 1, "b": 2}}],
            "new": [{"type": "Property", "value": 5}],
        }
    ]


def test_merge_deletes_attributes_and_instances():
    current = document(speed=[{"value": 1}, {"value": 2, "datasetId": "urn:d:a"}], power={"value": 3})
    change = merged(
        current, speed={"type": "Property", "value": NULL, "datasetId": "urn:d:a"}, power=NULL, none=NULL
    )
    assert [item["value"] for item in change.document[D + "speed"]] == [1]
    assert change.changed[D + "power"] == []
    assert D + "none" not in change.changed


def test_merge_keeps_the_type_for_bare_values():
    current = document(
        to={"object": "urn:x:1"},
        kind={"vocab": "A"},
        says={"languageMap": {"sv": "ja", "en": "yes"}},
        list={"valueList": [1]},
        route={"objectList": ["urn:x:1"]},
        raw={"json": {"a": 1, "b": {"c": 1}}},
    )
    change = merged(
        current,
        lang="sv",
        simplified=True,
        to="urn:x:2",
        kind="B",
        says="jo",
        list=[2],
        route=["urn:x:2"],
        raw={"json": {"b": {"d": 2}}},
    )
    assert shapes(change, "to") == [{"type": "Relationship", "object": "urn:x:2"}]
    assert shapes(change, "kind") == [{"type": "VocabProperty", "vocab": D + "B"}]
    assert shapes(change, "says") == [{"type": "LanguageProperty", "languageMap": {"sv": "jo", "en": "yes"}}]
    assert shapes(change, "list") == [{"type": "ListProperty", "valueList": [2]}]
    assert shapes(change, "route") == [{"type": "ListRelationship", "objectList": ["urn:x:2"]}]
    assert shapes(change, "raw") == [{"type": "JsonProperty", "json": {"a": 1, "b": {"c": 1, "d": 2}}}]


def test_merge_expands_bare_terms_by_the_context_of_the_request():
    context = compile_context({"B": "https://x.example/B"}, [{"B": "https://x.example/B"}])
    change = merged(document(kind={"vocab": "A"}), context=context, kind="B")
    assert shapes(change, "kind") == [{"type": "VocabProperty", "vocab": "https://x.example/B"}]


def test_merge_refuses_bare_values_that_do_not_fit_with_the_place():
    for current, members, pointer in (
        (document(to={"object": "urn:x:1"}), {"to": 5}, "/to"),
        (document(says={"languageMap": {"sv": "ja"}}), {"says": "jo"}, "/says/value"),
        (document(a={"value": 1}), {"a": {"languageMap": {"sv": "ja"}}}, "/a/languageMap"),
        (document(a={"value": 1}), {"b": {"observedAt": AT}}, "/b"),
        (document(a={"value": 1}), {"a": {"sub": {"observedAt": AT}, "unitCode": "P1"}}, "/a/sub"),
    ):
        with pytest.raises(BadRequestData) as caught:
            merged(current, **members)
        assert caught.value.pointer == pointer


def test_merge_takes_another_explicit_type_as_a_new_value():
    change = merged(temperature(), temperature={"type": "Relationship", "object": "urn:x:1"})
    assert shapes(change) == [{"type": "Relationship", "object": "urn:x:1"}]
    assert change.document[D + "temperature"][0]["createdAt"] == OLD


def test_a_common_observed_at_goes_where_one_was_and_none_was_given():
    current = document(a={"value": 1, "observedAt": AT}, b={"value": 1}, c={"value": 1, "observedAt": AT})
    change = merged(current, observed_at=LATER, a=2, b=2, c={"value": 2, "observedAt": NOW}, d=2)
    assert change.document[D + "a"][0]["observedAt"] == LATER
    assert "observedAt" not in change.document[D + "b"][0]
    assert change.document[D + "c"][0]["observedAt"] == NOW
    assert "observedAt" not in change.document[D + "d"][0]


def test_merge_removes_one_language_and_replaces_geometries_whole():
    current = document(says={"languageMap": {"sv": "ja", "en": "yes"}})
    change = merged(current, says={"languageMap": {"sv": NULL}})
    assert shapes(change, "says") == [{"type": "LanguageProperty", "languageMap": {"en": "yes"}}]
    place = document(place={"type": "Point", "coordinates": [1, 2]})
    line = {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}
    assert shapes(merged(place, place={"value": line}), "place") == [{"type": "GeoProperty", "value": line}]


def test_merge_sets_and_removes_the_scope():
    assert merged(document(), scope="/a").document["scope"] == ["/a"]
    assert "scope" not in merged(document(scope="/a"), scope=NULL).document


# --- replace entity (5.6.18) -------------------------------------------------------------------------------


def test_replace_entity_keeps_created_at_and_nothing_else_of_the_old():
    current = document(scope="/a", a={"value": 1}, b={"value": 2}, c={"value": 3, "datasetId": "urn:d:a"})
    new = expand_entity(
        {"id": "urn:ngsi-ld:Car:1", "type": "Bus", "a": {"value": 1}, "c": {"value": 3}}, CORE, now=NOW
    )
    change = untouched(current, replace_entity, new)
    assert change.document["createdAt"] == OLD
    assert change.document["type"] == [D + "Bus"]
    assert "scope" not in change.document
    assert change.changed[D + "b"] == []
    assert change.document[D + "a"][0] is current[D + "a"][0]
    assert change.differs == {D + "b", D + "c"}
    assert change.members == {"type", "scope"}
    assert shape(change.document[D + "c"][0]) == {"type": "Property", "value": 3}
