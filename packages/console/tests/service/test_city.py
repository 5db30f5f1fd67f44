"""The read model: in step with what changes, the same after a change comes twice."""

from __future__ import annotations

import numpy as np
import pytest

from samstad_console.domain.condition import Condition
from samstad_console.service.city import City

READABLE = frozenset({"WasteContainer", "Streetlight", "Alert"})


def entity(number: int, kind: str = "WasteContainer", **more) -> dict:
    place = {"type": "Point", "coordinates": [18 + number / 1000, 59.3]}
    return {
        "id": f"urn:ngsi-ld:{kind}:{number}",
        "type": kind,
        "name": {"type": "Property", "value": f"Torget {number}"},
        "location": {"type": "GeoProperty", "value": place},
        **more,
    }


def alert(number: int, source: str, **values) -> dict:
    told = {"active": True, "severity": "high", **values}
    attributes = {name: {"type": "Property", "value": value} for name, value in told.items()}
    about = {"type": "Relationship", "object": source}
    return {"id": f"urn:ngsi-ld:Alert:{number}", "type": "Alert", "alertSource": about, **attributes}


def names(city: City, **asked) -> list[str]:
    rows = city.list_rows(city.kinds(READABLE), worse_only=asked.get("worse_only", False))
    if "text" in asked:
        rows = city.matching(rows, asked["text"])
    return [one.thing.name_in("sv") for one in city.page(rows, limit=10, offset=0)]


@pytest.fixture
def city() -> City:
    made = City()
    made.take([entity(1), entity(2), entity(3, "Streetlight")])
    return made


def test_what_is_taken_is_listed_searched_and_counted(city):
    assert names(city) == ["Torget 1", "Torget 2", "Torget 3"]
    assert names(city, text="TORGET 2") == ["Torget 2"]
    assert names(city, text="nowhere") == []
    kinds = city.kinds(READABLE)
    assert city.summary(kinds) == {"WasteContainer": [2, 0, 0, 0, 0], "Streetlight": [1, 0, 0, 0, 0]}
    assert city.bounds(kinds) == [18.001, 59.3, 18.003, 59.3]


def test_the_same_change_twice_does_no_harm(city):
    before = len(city)
    city.take([entity(1), entity(1)])
    assert len(city) == before
    city.take([{**entity(1), "deletedAt": "2026-11-25T10:00:00Z"}] * 2)
    assert names(city) == ["Torget 2", "Torget 3"]


def test_an_alert_makes_what_it_is_about_look_worse_until_it_ends(city):
    source = entity(2)["id"]
    city.take([alert(1, source), alert(2, source, severity="low")])
    assert city.get(source).condition is Condition.FAULT
    assert names(city)[0] == "Torget 2"
    assert names(city, worse_only=True) == ["Torget 2"]
    city.take([alert(1, source, active=False)])
    assert city.get(source).condition is Condition.NOTICE
    city.take([{**alert(2, source), "deletedAt": "2026-11-25T10:00:00Z"}])
    assert city.get(source).condition is Condition.UNKNOWN
    assert names(city, worse_only=True) == []


def test_an_alert_that_comes_before_its_thing_counts_when_the_thing_comes(city):
    late = entity(9)
    city.take([alert(1, late["id"])])
    assert city.get(late["id"]) is None
    city.take([late])
    assert city.get(late["id"]).condition is Condition.FAULT


async def test_who_may_not_read_a_type_learns_nothing_of_it(city):
    kinds = city.kinds(frozenset({"Streetlight"}))
    assert set(city.summary(kinds)) == {"Streetlight"}
    assert await city.tile(0, 0, 0, kinds)
    assert await city.tile(0, 0, 0, city.kinds(frozenset())) == b""
    assert b"WasteContainer" not in await city.tile(18, *tile_at(18, 18.003), kinds)
    wished = city.kinds(READABLE, frozenset({"WasteContainer"}))
    assert set(city.summary(wished)) == {"WasteContainer"}


def test_a_thing_of_two_types_is_shown_to_who_may_read_both():
    city = City()
    city.take([{**entity(1), "type": ["WasteContainer", "Device"]}])
    assert not city.kinds(frozenset({"WasteContainer"})).any()
    assert city.kinds(frozenset({"WasteContainer", "Device"})).all()


def tile_at(z: int, longitude: float) -> tuple[int, int]:
    from samstad_console.domain.mercator import BITS, project  # noqa: PLC0415 - used here alone

    x, y = project(longitude, 59.3)
    return x >> BITS - z, y >> BITS - z


async def test_a_full_tile_is_counted_together_the_same_way():
    city = City()
    city.take([entity(number % 900, "Streetlight") | {"id": f"urn:x:{number}"} for number in range(6_000)])
    tile = await city.tile(0, 0, 0, city.kinds(READABLE))
    (cell,) = city.index.run(0, 0, 0, city.kinds(READABLE)).cells()
    assert cell.things == 6_000
    assert b"count" in tile
    assert b"urn:x" not in tile


def test_beyond_the_bound_things_are_refused_and_counted():
    city = City(most=2)
    city.take([entity(1), entity(2), entity(3)])
    assert (len(city), city.refused) == (2, 1)
    city.take([{**entity(1), "deletedAt": "2026-11-25T10:00:00Z"}, entity(3)])
    assert (len(city), city.refused) == (2, 1)


def test_changes_are_told_once_for_each_thing_and_what_fell_out_is_said():
    city = City()
    city.take([entity(1), entity(2)])
    seen = city.changes.last
    city.take([entity(1, status={"type": "Property", "value": "ok"})])
    city.take([entity(1, status={"type": "Property", "value": "burning"})])
    found, lost = city.changes.after(seen)
    assert not lost
    assert [(one.told["id"], one.told["condition"]) for one in found] == [(entity(1)["id"], Condition.FAULT)]
    assert city.changes.after(city.changes.last) == ([], False)
    assert city.changes.after(city.changes.last + 5)[1]


def test_a_list_survives_what_left_while_it_was_made(city):
    rows = city.list_rows(city.kinds(READABLE))
    city.take([{**entity(1), "deletedAt": "2026-11-25T10:00:00Z"}])
    assert len(city.page(rows, limit=10, offset=0)) == 2
    assert isinstance(rows, np.ndarray)
