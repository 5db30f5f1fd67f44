"""Attributes with their past become documents (clauses 4.5.6 to 4.5.9, 5.2.20, 5.5.4)."""

import pytest

from samstad_ngsild.context import CORE
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.expand import expand_entity, expand_fragment
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.temporal import represent_history, represent_values

NOW = "2026-11-25T02:14:57.000000Z"
SPEED = CORE.expand("speed")
ONE, TWO = "2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z"


def read(**attributes):
    return expand_fragment(attributes, CORE, now=NOW, temporal=True)


def at(time, value, **more):
    return {"type": "Property", "value": value, "observedAt": time, **more}


def refused(place, **attributes):
    with pytest.raises(BadRequestData) as caught:
        read(**attributes)
    assert caught.value.pointer == place, caught.value.detail


def test_an_attribute_has_all_its_instances():
    body = {"id": "urn:x:1", "type": "Vehicle", "speed": [at(ONE, 50), at(TWO, 60)]}
    document = expand_entity(body, CORE, now=NOW, temporal=True)
    assert [instance["value"] for instance in document[SPEED]] == [50, 60]
    assert document[SPEED][0]["createdAt"] == NOW
    with pytest.raises(BadRequestData):
        expand_entity(body, CORE, now=NOW)


def test_one_instance_and_concise_ones_are_read_too():
    assert len(read(speed=at(ONE, 50))[SPEED]) == 1
    assert [each["type"] for each in read(speed=[{"value": 5, "observedAt": ONE}])[SPEED]] == ["Property"]
    assert read(speed=[1, 2])[SPEED][0]["value"] == [1, 2]
    datasets = read(speed=[at(ONE, 1, datasetId="urn:d:1"), at(TWO, 2, datasetId="urn:d:1")])[SPEED]
    assert len(datasets) == 2


def test_a_deletion_is_recorded_with_its_time():
    [plain, given] = read(speed=[at(ONE, NULL), at(TWO, NULL, deletedAt=TWO, unitCode="KMH")])[SPEED]
    assert plain["deletedAt"] == NOW
    assert given["deletedAt"] == TWO
    assert "unitCode" not in given
    names = read(name=[{"type": "LanguageProperty", "languageMap": {"@none": NULL}, "deletedAt": TWO}])
    assert names[CORE.expand("name")][0]["languageMap"] == {"@none": NULL}
    assert "deletedAt" not in read(speed=[at(ONE, 5, deletedAt=TWO)])[SPEED][0]


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("/speed/1", {"speed": [at(ONE, 5), 7]}),
        ("/speed/0/observedAt", {"speed": [at("yesterday", 5)]}),
        ("/speed/0/observedAt", {"speed": [at(NULL, NULL)]}),
        ("/speed/0/deletedAt", {"speed": [at(ONE, NULL, deletedAt="soon")]}),
        ("/speed/0/unitCode", {"speed": [at(ONE, 5, unitCode=NULL)]}),
        ("/speed/values/1", {"speed": {"type": "Property", "values": [[5, ONE], [6]]}}),
        ("/speed/values", {"speed": {"type": "Property", "values": 5}}),
        ("/speed/dataset", {"speed": {"dataset": {"@none": 1, "urn:d:1": 2}}}),
        ("/scope/0/value", {"scope": [{"type": "Property", "value": "9"}]}),
        ("/scope/unitCode", {"scope": {"value": "/A", "unitCode": "X"}}),
        ("/scope/type", {"scope": {"type": "Relationship", "value": "/A"}}),
        ("/scope/0", {"scope": ["not a scope"]}),
        ("/scope", {"scope": NULL}),
    ],
)
def test_what_is_wrong_is_named(place, body):
    refused(place, **body)


def test_the_simplified_form_is_read_as_it_is_written():
    body = {
        "speed": {"type": "Property", "values": [[50, ONE], [NULL, TWO]]},
        "says": {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"sv": "ja"}}, ONE]]},
        "scope": {"type": "Property", "values": [["/A", ONE], [["/A", "/B"], TWO]]},
    }
    document = read(**body)
    assert document[SPEED][0] | {"createdAt": NOW} == {**at(ONE, 50), "createdAt": NOW, "modifiedAt": NOW}
    assert document[SPEED][1]["deletedAt"] == TWO
    shown = represent_values({"id": "urn:x:1", "type": [], **document}, CORE)
    assert {name: shown[name] for name in body} == body


def test_a_plain_scope_holds_from_the_first_observation_on():
    document = read(scope="/A", speed=[at(TWO, 6), at(ONE, 5)])
    assert document["scope"] == [
        {"type": "Property", "value": ["/A"], "createdAt": NOW, "modifiedAt": NOW, "observedAt": ONE}
    ]
    assert read(scope=["/A"])["scope"][0]["observedAt"] == NOW
    ended = read(scope=[{"type": "Property", "value": NULL, "deletedAt": TWO}])["scope"][0]
    assert ended["deletedAt"] == TWO
    assert "observedAt" not in ended


def test_what_was_shown_can_be_read_again():
    document = read(speed=[at(ONE, 5, unitCode="KMH"), at(TWO, NULL, deletedAt=TWO)], scope="/A")
    shown = represent_history({"id": "urn:x:1", "type": [CORE.expand("V")], **document}, CORE)
    del shown["id"], shown["type"]
    assert read(**shown) == document
