"""The invented district: the same each time, true to the models, and with its fault on time."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import pytest

from samstad_models.validation import check_key_values
from samstad_node.demo.district import district
from samstad_node.demo.edinburgh import bins, change, changes, read_emptyings
from samstad_node.demo.junctions import FAULTY, JUNCTIONS
from samstad_node.demo.life import FAULT_AFTER_S, Life

AT = "2026-11-25T04:00:00.000Z"


def test_the_district_is_the_same_in_every_run_and_another_with_another_seed():
    assert district(at=AT) == district(at=AT)
    assert district(at=AT) != district(at=AT, seed=1)
    assert len({entity["id"] for entity in district(at=AT)}) == 112


def test_everything_stands_in_the_same_town():
    for entity in district(at=AT):
        longitude, latitude = entity["location"]["value"]["coordinates"]
        assert abs(longitude - 16.5448) < 0.02
        assert abs(latitude - 59.6099) < 0.01


def test_after_two_minutes_one_sensor_is_silent_and_one_tells_nonsense():
    life = Life(district(at=AT))
    before = [life.next(at=AT, elapsed_s=1) for _ in range(3000)]
    after = [life.next(at=AT, elapsed_s=FAULT_AFTER_S) for _ in range(3000)]

    assert life.silent_id in {change.entity_id for change in before}
    assert life.silent_id not in {change.entity_id for change in after}
    wrong = [change.fragment for change in after if change.entity_id == life.wrong_id]
    assert wrong
    assert all(fragment["temperature"]["value"] == 85.0 for fragment in wrong)
    assert not any(change.fragment.get("temperature", {}).get("value") == 85.0 for change in before)


def test_levels_stay_between_empty_and_full():
    life = Life(district(at=AT))
    found = [life.next(at=AT, elapsed_s=1).fragment for _ in range(8000)]
    levels = [fragment["fillingLevel"]["value"] for fragment in found if "fillingLevel" in fragment]
    assert levels
    assert not [level for level in levels if not 0 <= level <= 1]


@pytest.fixture
def recorded(tmp_path):
    head = (
        "Site,Site name,Date & Time of bin collection (Europe/London),"
        "Fill level before collection (%) [Nb 100% is actually a bin that's 80% full],Fill level after\n"
    )
    rows = "2,High St,2016-08-10 12:00:00,120,0\n1,Low St,2016-08-09 12:00:00,54,3\n3,Bad St,never,1,1\n"
    (tmp_path / "emptyings.csv").write_text(head + rows)
    return read_emptyings(tmp_path)


def test_recorded_emptyings_come_in_order_a_day_in_a_minute_and_again(recorded):
    times = [round(at) for at, _ in islice(changes(recorded), 4)]
    assert [emptying.site for emptying in recorded] == ["1", "2"]
    assert times == [0, 60, 61, 121]
    assert recorded[0].when == dt.datetime(2016, 8, 9, 12)  # noqa: DTZ001  # as it was recorded


def test_a_recorded_container_starts_at_its_level_and_is_emptied(recorded):
    made = bins(recorded, at=AT)
    assert [entity["fillingLevel"]["value"] for entity in made] == [0.54, 1.0]
    emptied = change(recorded[0], at=AT)
    assert emptied.entity_id == made[0]["id"]
    assert emptied.fragment["fillingLevel"]["value"] == 0.03
    assert "location" not in made[0]


def test_every_entity_follows_its_model():
    for entity in district(at=AT):
        plain = {
            name: one.get("value", one.get("object")) if isinstance(one, dict) else one
            for name, one in entity.items()
        }
        assert check_key_values(plain) == []
        assert check_key_values(
            {**plain, "fillingLevel": -1, "status": 7, "temperature": "x", "pm10": -1}
        ) or (entity["type"] == "TrafficFlowObserved")


def test_twenty_junctions_stand_apart_in_the_same_town():
    assert len({one.site_id for one in JUNCTIONS}) == len({one.name for one in JUNCTIONS}) == 20
    assert len({(one.longitude, one.latitude) for one in JUNCTIONS}) == 20
    assert {
        abs(one.longitude - 16.5448) < 0.02 and abs(one.latitude - 59.6099) < 0.01 for one in JUNCTIONS
    } == {True}
    assert FAULTY in JUNCTIONS
    assert "" not in {one.corridor for one in JUNCTIONS}
