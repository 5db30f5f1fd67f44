"""Which plan holds by the timetables of junction, corridor and city, with special days.

The most special table that says anything for the day decides; within it the latest line that has begun. A
day begins with what held at the end of the day before. Times are local: a timetable is for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

__all__ = ["LOCAL", "Choice", "Line", "TimetableWrong", "check_lines", "choose_plan"]

LOCAL = 0
"""The number that stands for the controller's own program."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_BACK_DAYS = 8


class TimetableWrong(ValueError):
    """A timetable cannot be followed; the sentence names the line."""


class Line(NamedTuple):
    """From a time on certain days, a plan.

    Attributes:
        days: of the week (mon to sun), or names of special days; on a special day weekdays do not count.
        begins: local time.
        plan: 1 to 255, or 0 for the controller's own program.
    """

    days: frozenset[str]
    begins: time
    plan: int


class Choice(NamedTuple):
    """The plan that holds, by which table, and since when."""

    plan: int
    scope: str
    since: datetime


def check_lines(lines: Iterable[Line], *, special_days: Mapping[date, str]) -> None:
    """Check a timetable.

    Raises:
        TimetableWrong: a line names a day or plan that there is none of, or two begin at the same time.
    """
    known = {*WEEKDAYS, *special_days.values()}
    seen: set[tuple[str, time]] = set()
    for line in lines:
        unknown = sorted(line.days - known)
        if unknown or not line.days:
            raise TimetableWrong(f"{line.begins:%H:%M}: no day is called {', '.join(unknown) or 'nothing'}")
        if not 0 <= line.plan <= 255:
            raise TimetableWrong(f"{line.begins:%H:%M}: {line.plan} is no plan (0 to 255)")
        for day in line.days:
            if (day, line.begins) in seen:
                raise TimetableWrong(f"two lines begin on {day} at {line.begins:%H:%M}")
            seen.add((day, line.begins))


def choose_plan(
    tables: Sequence[tuple[str, Sequence[Line]]], *, special_days: Mapping[date, str], now: datetime
) -> Choice | None:
    """Return the plan that holds now; None where no table says anything.

    Args:
        tables: the name and lines of junction, corridor, city: the most special first.
        special_days: names of days by date, such as holidays.
        now: local time.
    """
    for scope, lines in tables:
        for back in range(LOOK_BACK_DAYS):
            day = now.date() - timedelta(days=back)
            begun = _begun(lines, day, special_days, now.time() if back == 0 else time.max)
            if begun is not None:
                since = datetime.combine(day, begun.begins, tzinfo=now.tzinfo)
                return Choice(begun.plan, scope, since)
    return None


def _begun(lines: Sequence[Line], day: date, special_days: Mapping[date, str], until: time) -> Line | None:
    name = special_days.get(day) or WEEKDAYS[day.weekday()]
    begun = [line for line in lines if name in line.days and line.begins <= until.replace(tzinfo=None)]
    return max(begun, key=lambda line: line.begins, default=None)
