"""How full a bin will be: quantiles that hold what they say, and sensors that are not gone by."""

from __future__ import annotations

from random import Random

import pytest

from samstad_waste.domain.pace import BLOCKS, Forecast, Group, Pace, Week, forecast, learn, learn_week
from samstad_waste.domain.track import Reading, Track, follow
from samstad_waste.domain.trust import basis

HOUR = 3_600_000_000
MONDAY = 1_767_571_200_000_000
FLAT = Week.of([1.0] * BLOCKS)


def grown(rate, hours, chance, dispersion=0.02):
    return chance.gammavariate(rate * hours / dispersion, dispersion)


def learned(rate, chance, *, days=20):
    pace, level, at = Pace(), 0.0, MONDAY
    for _ in range(days * 4):
        after = level + grown(rate, 6, chance)
        pace = learn(pace, FLAT, Reading(level, at), Reading(after, at + 6 * HOUR), rate=0.01)
        at += 6 * HOUR
        level = after if after < 0.9 else 0.0
    return pace


def test_ninety_percent_intervals_hold_about_ninety_percent():
    chance = Random(3)  # noqa: S311 - no secret
    rates = [chance.uniform(0.004, 0.02) for _ in range(60)]
    paces = [learned(rate, chance) for rate in rates]
    group = Group.of(paces)
    inside = full = told = 0
    for rate, pace in zip(rates, paces, strict=True):
        foreseen = forecast(Reading(0.2, MONDAY), pace, group, FLAT, at_us=MONDAY + 36 * HOUR)
        low, high = foreseen.quantile(0.05), foreseen.quantile(0.95)
        told += foreseen.probability_of(0.7)
        for _ in range(20):
            level = 0.2 + grown(rate, 36, chance)
            inside += low <= level <= high
            full += level >= 0.7
    assert 0.85 < inside / 1200 < 0.96
    assert told * 20 == pytest.approx(full, rel=0.25)


def test_a_new_bin_begins_with_the_others_and_is_less_sure():
    group = Group(rate=0.01)
    chance = Random(4)  # noqa: S311 - no secret
    new = forecast(Reading(0.0, MONDAY), Pace(), group, FLAT, at_us=MONDAY + 48 * HOUR)
    old = forecast(Reading(0.0, MONDAY), learned(0.01, chance), group, FLAT, at_us=MONDAY + 48 * HOUR)
    assert new.mean == pytest.approx(0.48)
    assert new.variance > old.variance
    assert new.quantile(0.05) < new.quantile(0.5) < new.quantile(0.95)


def test_time_without_growth_leaves_the_level_and_what_is_full_is_sure():
    assert Forecast(0.4, 0.0, 0.001).quantile(0.95) == 0.4
    assert Forecast(0.4, 0.0, 0.001).probability_of(0.5) == 0.0
    assert Forecast(1.0, 0.1, 0.01).probability_of(1.0) == 1.0


def test_levels_at_the_top_teach_nothing():
    pace = learn(Pace(), FLAT, Reading(0.95, MONDAY), Reading(1.0, MONDAY + HOUR), rate=0.01)
    assert pace == Pace()
    assert learn(Pace(), FLAT, Reading(0.1, MONDAY), Reading(0.2, MONDAY + HOUR), rate=0.01) != Pace()


def test_the_week_is_learned_from_what_came():
    hours = dict.fromkeys(range(BLOCKS), 5_000.0)
    busy = {block: 50.0 if block % 8 == 4 else 1.0 for block in range(BLOCKS)}
    week = learn_week(busy, hours)
    noon = week.busy_h(MONDAY + 12 * HOUR, MONDAY + 15 * HOUR)
    night = week.busy_h(MONDAY, MONDAY + 3 * HOUR)
    assert noon > 10 * night
    assert week.busy_h(MONDAY, MONDAY + 7 * 24 * HOUR) == pytest.approx(168)
    assert learn_week({}, {}) == Week.usual()


@pytest.mark.parametrize("level", [0.02, 0.3, 0.6])
def test_a_sensor_that_sits_still_while_waste_came_is_not_gone_by(level):
    group, own = Group(rate=0.01), Pace(growth=0.5, busy_h=50)
    soon, late = (Reading(level, MONDAY + hours * HOUR) for hours in (10, 70))
    track, _ = follow(Track(), Reading(level, MONDAY))
    assert basis(follow(track, soon)[0], own, group, FLAT) == (soon, own)
    assert basis(follow(track, late)[0], own, group, FLAT) == (Reading(level, MONDAY), Pace())
    moving = Reading(level + 0.2, MONDAY + 70 * HOUR)
    assert basis(follow(track, moving)[0], own, group, FLAT) == (moving, own)


def test_a_full_bin_tells_the_same_in_truth():
    track, _ = follow(Track(), Reading(0.97, MONDAY))
    track, _ = follow(track, Reading(0.97, MONDAY + 99 * HOUR))
    assert basis(track, Pace(), Group(), FLAT)[0] == Reading(0.97, MONDAY + 99 * HOUR)


def test_a_sensor_that_did_not_see_the_crew_is_not_gone_by():
    track = Track(known=Reading(0.8, MONDAY + 3 * HOUR), emptied_us=MONDAY)
    assert basis(track, Pace(), Group(), FLAT)[0] == Reading(0.0, MONDAY)
    assert basis(track._replace(emptied_us=0), Pace(), Group(), FLAT)[0] == track.known
    assert basis(Track(), Pace(), Group(), FLAT)[0] is None
