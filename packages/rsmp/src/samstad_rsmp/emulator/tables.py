"""Week and day tables: which plan the calendar chooses at a moment of local time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from samstad_rsmp.errors import RsmpError

__all__ = ["Calendar", "parse_numbers"]


def parse_numbers(text: str, parts: int, what: str) -> list[tuple[int, ...]]:
    """Read ``a-b,c-d`` into tuples of so many numbers each; RsmpError says which item is wrong."""
    found = []
    for item in filter(None, text.split(",")):
        if not re.fullmatch(r"\d{1,3}(-\d{1,3})*", item) or item.count("-") != parts - 1:
            raise RsmpError(f"{item!r} is no {what}")
        found.append(tuple(int(one) for one in item.split("-")))
    return found


class Calendar:
    """The tables in effect."""

    def __init__(self, week: tuple[int, ...], days: tuple[tuple[int, int, int, int], ...]) -> None:
        self._week = list(week)
        self._days = list(days)

    def set_week(self, text: str) -> None:
        """Take day-table pairs; days that are not named keep their table."""
        pairs = parse_numbers(text, 2, "day-table")
        wrong = next((day for day, _ in pairs if day > 6), None)
        if wrong is not None:
            raise RsmpError(f"{wrong} is no day; Monday is 0, Sunday 6")
        for day, table in pairs:
            self._week[day] = table

    def set_days(self, text: str) -> None:
        """Take table-plan-hour-minute entries in place of all there were."""
        entries: list[tuple[int, int, int, int]] = []
        for table, plan, hour, minute in parse_numbers(text, 4, "table-plan-hour-minute"):
            if hour > 23 or minute > 59 or not 1 <= table <= 12:
                raise RsmpError(f"{table}-{plan}-{hour}-{minute}: no such table or time of day")
            entries.append((table, plan, hour, minute))
        self._days = entries

    def week_text(self) -> str:
        """Return the week table as S0026 tells it."""
        return ",".join(f"{day}-{table}" for day, table in enumerate(self._week))

    def days_text(self) -> str:
        """Return the day tables as S0027 tells them."""
        return ",".join("-".join(str(part) for part in entry) for entry in self._days)

    def plan_at(self, local: datetime) -> int | None:
        """Return the plan that the tables choose, None when they choose none."""
        for back in range(8):
            day = local - timedelta(days=back)
            table = self._week[day.weekday()]
            minute = local.hour * 60 + local.minute if back == 0 else 24 * 60
            past = [(h * 60 + m, plan) for t, plan, h, m in self._days if t == table and h * 60 + m <= minute]
            if past:
                return max(past)[1] or None
        return None
