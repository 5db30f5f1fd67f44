"""From what a sensor says to a share that is full, and what is believed of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_waste.domain.container import (
    Geometry,
    combine,
    level_of_deposits,
    level_of_distance,
    metres_between,
)
from samstad_waste.domain.errors import InventoryRefused, ReadingRefused
from samstad_waste.domain.track import Doubtful, Emptied, LevelSeen, Reading, Track, emptied_by_crew, follow

HOUR = 3_600_000_000
BIN = Geometry(sensor_height_m=1.2, full_height_m=1.0)


def told(*levels: float, track: Track | None = None, start: int = 10):
    track, events = track or Track(), []
    for number, level in enumerate(levels):
        track, more = follow(track, Reading(level, (start + number) * HOUR))
        events += more
    return track, events


def test_a_distance_becomes_a_share_by_the_models_geometry():
    assert level_of_distance(BIN, 1.2) == 0
    assert level_of_distance(BIN, 0.7) == pytest.approx(0.5)
    assert level_of_distance(BIN, 0.05) == 1.0
    assert level_of_distance(BIN._replace(angle_deg=60), 1.4) == pytest.approx(0.5)
    with pytest.raises(ReadingRefused, match="below the bottom"):
        level_of_distance(BIN, 1.9)


def test_a_container_that_widens_is_read_by_its_profile():
    cone = BIN._replace(profile=((0.0, 0.0), (0.5, 0.2), (1.0, 1.0))).check()
    assert level_of_distance(cone, 0.7) == pytest.approx(0.2)
    with pytest.raises(InventoryRefused, match="rise"):
        BIN._replace(profile=((0.0, 0.0), (0.5, 0.8), (0.4, 1.0))).check()


def test_a_model_that_cannot_be_says_what_to_change():
    with pytest.raises(InventoryRefused, match="fullHeight 2"):
        Geometry(1.0, 2.0).check()
    with pytest.raises(InventoryRefused, match="angle"):
        BIN._replace(angle_deg=85).check()


def test_deposits_need_litres_and_a_capacity():
    counted = BIN._replace(litres_per_deposit=20.0)
    assert level_of_deposits(counted, 30, capacity_l=1200) == 0.5
    with pytest.raises(ReadingRefused, match="litresPerDeposit"):
        level_of_deposits(BIN, 30, capacity_l=1200)
    with pytest.raises(ReadingRefused):
        level_of_deposits(counted, -1, capacity_l=1200)


def test_several_sensors_outvote_one_that_sees_a_box():
    assert combine([0.2, 0.3]) == 0.25
    assert combine([0.2, 0.3, 1.0]) == 0.3
    with pytest.raises(ReadingRefused):
        combine([])


def test_a_fall_is_an_emptying_when_a_second_reading_says_so():
    track, events = told(0.7, 0.8, 0.03)
    assert not [one for one in events if isinstance(one, Emptied)]
    track, events = told(0.05, track=track, start=13)
    assert events[0] == Emptied(12 * HOUR, 0.8, 0.03)
    assert track.emptied_us == 12 * HOUR
    assert track.known == Reading(0.05, 13 * HOUR)


def test_a_single_echo_is_no_emptying_and_no_overflow():
    track, events = told(0.5, 0.02, 0.52, 1.0, 0.53)
    assert [one.why for one in events if isinstance(one, Doubtful)] == ["spike", "spike"]
    assert not [one for one in events if isinstance(one, Emptied)]
    assert track.known is not None
    assert track.known.level == 0.53


def test_impossible_and_late_readings_change_nothing():
    track, _ = told(0.5)
    for level, why in ((1.7, "impossible"), (float("nan"), "impossible")):
        after, events = follow(track, Reading(level, 99 * HOUR))
        assert after.known == track.known
        assert [one.why for one in events if isinstance(one, Doubtful)] == [why]
    assert follow(track, Reading(0.9, 9 * HOUR)) == (track, [Doubtful(0.9, 9 * HOUR, "late")])


def test_the_same_reading_told_twice_changes_nothing():
    track, _ = told(0.5, 0.6)
    assert follow(track, Reading(0.6, 11 * HOUR)) == (track, [])


def test_the_crews_word_and_the_sensors_make_one_emptying():
    track, _ = told(0.7, 0.8)
    track, events = emptied_by_crew(track, at_us=12 * HOUR)
    assert events == [Emptied(12 * HOUR, 0.8, 0.0, "crew")]
    assert emptied_by_crew(track, at_us=12 * HOUR + 1) == (track, [])
    _, events = told(0.04, 0.05, track=track, start=13)
    assert all(isinstance(one, LevelSeen) for one in events)


def test_metres_between_places():
    assert metres_between((18.0, 59.0), (18.0, 60.0)) == pytest.approx(111_195, rel=1e-3)
    assert metres_between((18.0, 59.0), (18.0, 59.0)) == 0


@given(st.lists(st.tuples(st.floats(allow_nan=True), st.integers(0, 100)), max_size=12))
def test_whatever_comes_what_is_known_can_be(readings):
    track = Track()
    for level, hour in readings:
        before = track.known
        track, _ = follow(track, Reading(level, hour * HOUR))
        if track.known is not None:
            assert 0 <= track.known.level <= 1
            assert before is None or before.at_us <= track.known.at_us
