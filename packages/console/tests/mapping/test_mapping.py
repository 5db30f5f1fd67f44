"""What the console keeps of entities: a place, a name, how it fares, and how old that is."""

from __future__ import annotations

import pytest

from samstad_console.domain.condition import Condition
from samstad_console.mapping import alert_of, is_gone, thing_of

PLACE = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [18.07, 59.33]}}
BIN = {
    "id": "urn:ngsi-ld:WasteContainer:1",
    "type": "WasteContainer",
    "name": {"type": "Property", "value": "Torget 3"},
    "location": PLACE,
    "fillingLevel": {"type": "Property", "value": 0.4, "observedAt": "2026-11-25T10:00:00Z"},
    "status": {"type": "Property", "value": "ok", "observedAt": "2026-11-25T09:00:00Z"},
}


def test_a_thing_has_its_place_name_condition_and_newest_observation():
    thing = thing_of(BIN)
    assert (thing.longitude, thing.latitude) == (18.07, 59.33)
    assert thing.name_in("sv") == "Torget 3"
    assert thing.own is Condition.OK
    assert thing.observed_at == "2026-11-25T10:00:00Z"
    assert thing.values == {"fillingLevel": 0.4, "status": "ok"}


def test_names_in_languages_are_kept_and_what_has_none_goes_by_its_id():
    named = {**BIN, "name": {"type": "LanguageProperty", "languageMap": {"sv": "Torg", "en": "Square"}}}
    assert thing_of(named).name_in("en") == "Square"
    assert thing_of(named).name_in("fi") == "Torg"
    bare = {name: value for name, value in BIN.items() if name != "name"}
    assert thing_of(bare).name_in("sv") == "1"


def test_a_line_is_shown_in_its_middle():
    line = {"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[18, 59], [20, 61]]}}
    thing = thing_of({**BIN, "location": line})
    assert (thing.longitude, thing.latitude) == (19, 60)


@pytest.mark.parametrize(
    "location",
    [
        None,
        {"type": "GeoProperty", "value": "somewhere"},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": []}},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [999, 59]}},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": "18,59"}},
    ],
)
def test_what_has_no_place_is_no_thing_on_the_map(location):
    assert thing_of({**BIN, "location": location}) is None


@pytest.mark.parametrize(
    ("attributes", "condition"),
    [
        ({"status": "burning"}, Condition.FAULT),
        ({"status": "lidOpen"}, Condition.WARNING),
        ({"controllerStatus": "unreachable"}, Condition.FAULT),
        ({"controllerStatus": "ok", "reachability": "silent"}, Condition.WARNING),
        ({"status": "something new"}, Condition.UNKNOWN),
        ({}, Condition.UNKNOWN),
    ],
)
def test_the_common_words_tell_how_it_fares_and_others_tell_nothing(attributes, condition):
    plain = {name: value for name, value in BIN.items() if name != "status"}
    told = {name: {"type": "Property", "value": value} for name, value in attributes.items()}
    assert thing_of({**plain, **told}).own is condition


def alert(**values) -> dict:
    attributes = {name: {"type": "Property", "value": value} for name, value in values.items()}
    source = {"type": "Relationship", "object": BIN["id"]}
    return {"id": "urn:ngsi-ld:Alert:1", "type": "Alert", "alertSource": source, **attributes}


def test_an_active_alert_weighs_by_its_severity_and_a_suspended_or_ended_one_nothing():
    assert alert_of(alert(active=True, severity="critical")).condition is Condition.FAULT
    assert alert_of(alert(active=True, severity="odd")).condition is Condition.NOTICE
    assert alert_of(alert(active=False, severity="critical")) is None
    assert alert_of(alert(active=True, suspended=True, severity="critical")) is None
    assert alert_of({"id": "urn:x", "type": "Alert"}) is None


def test_an_entity_that_was_deleted_says_so():
    assert is_gone({**BIN, "deletedAt": "2026-11-25T10:00:00Z"})
    assert not is_gone(BIN)
