"""The periods of an aggregation (clause 4.5.19): where each begins and ends.

The alignment rule, which the clause leaves open:

- where the query has a beginning (after, between), periods are counted from it, as in annex C.5.14;
- where it has none, they are counted from 1970-01-01T00:00:00Z, whole weeks from Monday 1969-12-29, so
  that hours begin on the hour and months on the first, whatever the data;
- months are calendar months: the k-th period begins k months after the first, on the last day of a
  month that is too short; nothing drifts;
- the last period ends where the query's interval ends;
- the duration 0 is one period: from the query's beginning, or the first instance, to its end, or the
  last instance.

A store may aggregate in SQL by ``width_us`` and ``anchor_us`` (a division), or by ``boundaries``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from samstad_ngsild.temporal.duration import DAY_US, SECOND_US, Duration

__all__ = ["Periods", "period_text"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: every time here is UTC
_MICROSECOND = timedelta(microseconds=1)
_WEEK_US = 7 * DAY_US
_MONDAY_US = -3 * DAY_US
_MEAN_MONTH_US = 30 * DAY_US
_LAST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods of one duration over one query's interval (half-open, µs since 1970 UTC; None: open)."""

    duration: Duration
    start_us: int | None = None
    end_us: int | None = None

    @property
    def anchor_us(self) -> int:
        """Where the period number 0 begins."""
        if self.start_us is not None:
            return self.start_us
        whole_weeks = self.duration.months == 0 and self.duration.time_us % _WEEK_US == 0
        return _MONDAY_US if whole_weeks else 0

    @property
    def width_us(self) -> int | None:
        """The length of every period, for ``(time - anchor) // width``; None: months differ in length."""
        return self.duration.time_us if self.duration.months == 0 and self.duration.time_us else None

    def begin(self, number: int) -> int:
        """Return where a period begins."""
        anchor = self.anchor_us
        if self.duration.months:
            anchor = _plus_months(anchor, number * self.duration.months)
        return anchor + number * self.duration.time_us

    def end(self, number: int) -> int:
        """Return where a period ends, which is not inside it."""
        end = self.begin(number + 1)
        return end if self.end_us is None else min(end, self.end_us)

    def number_of(self, time_us: int) -> int:
        """Return the number of the period that a time lies in."""
        width = self.width_us
        if width is not None:
            return (time_us - self.anchor_us) // width
        length = self.duration.months * _MEAN_MONTH_US + self.duration.time_us
        number = (time_us - self.anchor_us) // length
        while self.begin(number) > time_us:
            number -= 1
        while self.begin(number + 1) <= time_us:
            number += 1
        return number

    def whole_range(self, first_us: int, last_us: int) -> tuple[int, int]:
        """Return the one period of the duration 0, given the first and last instance."""
        begin = first_us if self.start_us is None else self.start_us
        return begin, last_us if self.end_us is None else self.end_us

    def boundaries(self, first_us: int, last_us: int) -> list[int]:
        """Return the beginnings of all periods that hold a time from first to last, and the end of the last.

        ``[b0, b1, ..., bn]``: the k-th period is from b(k) up to b(k+1). The caller bounds the number of
        periods, which is ``number_of(last) - number_of(first) + 1``.
        """
        if self.duration.is_whole_range:
            return list(self.whole_range(first_us, last_us))
        first, last = self.number_of(first_us), self.number_of(last_us)
        return [*map(self.begin, range(first, last + 1)), self.end(last)]


def _plus_months(time_us: int, months: int) -> int:
    moment = _EPOCH + time_us * _MICROSECOND
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    if year > _LAST_YEAR:
        # Beyond the calendar: any later time will do as the end of the last period.
        return (datetime(_LAST_YEAR, 12, 31, 23, 59, 59) - _EPOCH) // _MICROSECOND  # noqa: DTZ001 - as above
    if year < 1:
        return (datetime(1, 1, 1) - _EPOCH) // _MICROSECOND  # noqa: DTZ001 - as above
    day = min(moment.day, _days_in(year, month + 1))
    return (moment.replace(year=year, month=month + 1, day=day) - _EPOCH) // _MICROSECOND


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1) if year < _LAST_YEAR or month < 12 else None  # noqa: DTZ001 - as above
    return 31 if following is None else (following - timedelta(days=1)).day


def period_text(time_us: int) -> str:
    """Return a time as DateTime, with decimals only where it has a fraction of a second."""
    day, rest = divmod(time_us, DAY_US)
    second, fraction = divmod(rest, SECOND_US)
    clock = _clock_text(second)
    return f"{_day_text(day)}T{clock}.{fraction:06d}Z" if fraction else f"{_day_text(day)}T{clock}Z"


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    ordinal = min(max(day + _EPOCH.toordinal(), 1), date.max.toordinal())
    return date.fromordinal(ordinal).isoformat()


@lru_cache(maxsize=4096)
def _clock_text(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
