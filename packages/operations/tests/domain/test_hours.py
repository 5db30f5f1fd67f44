"""Duty and quiet hours, by the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from samstad_operations.domain.hours import DAY_MINUTES, Hours, Rota, Shift, first_gap, on_duty, quiet_until

ZONE = ZoneInfo("Europe/Stockholm")
MINUTES = st.integers(0, DAY_MINUTES - 1)
HOURS = st.builds(Hours, MINUTES, st.integers(1, DAY_MINUTES))
SHIFTS = st.builds(
    Shift,
    st.frozensets(st.integers(0, 6), min_size=1),
    HOURS,
    st.sampled_from([("anna",), ("bo",), ("cim", "anna")]),
)


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    night = Shift(frozenset({4}), Hours(22 * 60, 6 * 60), ("anna",))
    rota = Rota((night,), ("desk",))
    assert on_duty(rota, ZONE, now_us=us("2026-11-28T05:59:59+01:00")) == ("anna",)
    assert on_duty(rota, ZONE, now_us=us("2026-11-28T06:00:00+01:00")) == ("desk",)
    # Friday's small hours belong to Thursday, which has no shift.
    assert on_duty(rota, ZONE, now_us=us("2026-11-27T05:00:00+01:00")) == ("desk",)


def test_the_wall_clock_decides_on_the_day_it_is_turned():
    early = Rota((Shift(frozenset({6}), Hours(7 * 60, 16 * 60), ("anna",)),), ("desk",))
    assert on_duty(early, ZONE, now_us=us("2026-10-25T06:00:00+00:00")) == ("anna",)
    assert on_duty(early, ZONE, now_us=us("2026-10-25T05:59:00+00:00")) == ("desk",)


def test_quiet_hours_end_by_the_wall_clock_and_not_before():
    night = Hours(22 * 60, 6 * 60)
    assert quiet_until(night, ZONE, now_us=us("2026-11-25T23:00:00+01:00")) == us("2026-11-26T06:00:00+01:00")
    # The night in which clocks go forward is an hour shorter.
    assert quiet_until(night, ZONE, now_us=us("2026-03-28T23:00:00+01:00")) == us("2026-03-29T06:00:00+02:00")
    noon = us("2026-11-25T12:00:00+01:00")
    assert quiet_until(night, ZONE, now_us=noon) == noon


def test_a_gap_of_one_minute_is_found():
    week = frozenset(range(7))
    whole = (Shift(week, Hours(0, 12 * 60), ("anna",)), Shift(week, Hours(12 * 60, 24 * 60), ("bo",)))
    assert first_gap(Rota(whole)) is None
    short = (whole[0], Shift(week, Hours(12 * 60 + 1, 24 * 60), ("bo",)))
    assert first_gap(Rota(short)) == (0, 12 * 60)


@given(st.lists(SHIFTS, max_size=5), st.integers(0, 7 * DAY_MINUTES - 1))
def test_the_first_shift_that_holds_counts_as_a_walk_through_its_minutes_shows(shifts, minute):
    rota = Rota(tuple(shifts), ("desk",))
    at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=minute)  # a Monday
    found = on_duty(rota, ZoneInfo("UTC"), now_us=round(at.timestamp()) * 1_000_000)

    def holds(shift: Shift) -> bool:
        walked = (
            (day * DAY_MINUTES + shift.hours.begins + passed) % (7 * DAY_MINUTES)
            for day in shift.days
            for passed in range(shift.hours.length)
        )
        return minute in set(walked)

    assert found == next((shift.people for shift in shifts if holds(shift)), ("desk",))
    assert found != ()


@given(st.lists(SHIFTS, max_size=5))
def test_no_gap_means_that_somebody_is_always_on_duty(shifts):
    rota = Rota(tuple(shifts))
    monday = round(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 1_000_000
    people = [
        on_duty(rota, ZoneInfo("UTC"), now_us=monday + minute * 60_000_000) for minute in range(0, 10_080, 7)
    ]
    gap = first_gap(rota)
    if gap is None:
        assert all(people)
    else:
        at_us = monday + (gap[0] * DAY_MINUTES + gap[1]) * 60_000_000
        assert on_duty(rota, ZoneInfo("UTC"), now_us=at_us) == ()
