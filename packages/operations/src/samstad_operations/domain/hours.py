"""Hours of the week in a time zone: duty and quiet hours.

The wall clock decides, also on the days on which it is turned.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

__all__ = ["DAYS", "DAY_MINUTES", "Hours", "Rota", "Shift", "first_gap", "on_duty", "quiet_until"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * DAY_MINUTES


class Hours(NamedTuple):
    """From a minute of the day until another one; over midnight where the end is not later.

    Attributes:
        begins: minutes since midnight.
        ends: minutes since midnight, up to 1440; the same as ``begins`` is a whole day.
    """

    begins: int
    ends: int

    @property
    def length(self) -> int:
        """Minutes from the beginning to the end."""
        return (self.ends - self.begins - 1) % DAY_MINUTES + 1


class Shift(NamedTuple):
    """Who is on duty in some hours of some days; the hours after midnight belong to the day before."""

    days: frozenset[int]
    hours: Hours
    people: tuple[str, ...]


class Rota(NamedTuple):
    """Shifts, of which the first that holds counts, and who is on duty outside of all."""

    shifts: tuple[Shift, ...] = ()
    otherwise: tuple[str, ...] = ()


def on_duty(rota: Rota, zone: ZoneInfo, *, now_us: int) -> tuple[str, ...]:
    """Return who is on duty."""
    local = _local(zone, now_us)
    return _people_at(rota, local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute)


def first_gap(rota: Rota) -> tuple[int, int] | None:
    """Return the first weekday and minute at which nobody is on duty; None where there is no such."""
    return next(
        (divmod(minute, DAY_MINUTES) for minute in _bounds(rota) if not _people_at(rota, minute)), None
    )


def quiet_until(hours: Hours, zone: ZoneInfo, *, now_us: int) -> int:
    """Return when quiet hours end, in µs; ``now_us`` where it is not quiet."""
    local = _local(zone, now_us)
    passed = (local.hour * 60 + local.minute - hours.begins) % DAY_MINUTES
    if passed >= hours.length:
        return now_us
    end = hours.ends % DAY_MINUTES
    wall = datetime.combine(local.date(), time(*divmod(end, 60)), tzinfo=zone)
    if wall <= local:
        wall = datetime.combine(local.date() + timedelta(days=1), time(*divmod(end, 60)), tzinfo=zone)
    return max(now_us, round(wall.timestamp()) * 1_000_000)


def _local(zone: ZoneInfo, now_us: int) -> datetime:
    return datetime.fromtimestamp(now_us // 1_000_000, UTC).astimezone(zone)


def _people_at(rota: Rota, minute: int) -> tuple[str, ...]:
    for shift in rota.shifts:
        if any(
            (minute - day * DAY_MINUTES - shift.hours.begins) % _WEEK_MINUTES < shift.hours.length
            for day in shift.days
        ):
            return shift.people
    return rota.otherwise


def _bounds(rota: Rota) -> Iterator[int]:
    """Yield the minutes of the week at which duty may change."""
    found = {0}
    for shift in rota.shifts:
        for day in shift.days:
            begins = day * DAY_MINUTES + shift.hours.begins
            found |= {begins % _WEEK_MINUTES, (begins + shift.hours.length) % _WEEK_MINUTES}
    yield from sorted(found)
