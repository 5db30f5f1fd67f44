"""ISO 8601 durations as clause 4.5.19.1 allows them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from samstad_ngsild.errors import BadRequestData

__all__ = ["DAY_US", "SECOND_US", "WHOLE_RANGE", "Duration", "parse_duration"]

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,6})W|(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?:(?P<hours>\d{1,8})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,10})(?:[.,](?P<fraction>\d{1,6}))?S)?)?)",
    re.ASCII,
)
_MAX_MONTHS = 12 * 1_000
_MAX_US = 366_000 * DAY_US


@dataclass(frozen=True, slots=True)
class Duration:
    """A number of calendar months and an exact number of microseconds; both zero: the whole range."""

    months: int = 0
    time_us: int = 0

    @property
    def is_whole_range(self) -> bool:
        """Whether it is the duration of 0 that stands for the whole time range of the query."""
        return self.months == 0 and self.time_us == 0

    def to_text(self) -> str:
        """Return the canonical text, which parses to the same duration."""
        if self.is_whole_range:
            return "P0D"
        days, rest = divmod(self.time_us, DAY_US)
        seconds, fraction = divmod(rest, SECOND_US)
        date = (f"{self.months}M" if self.months else "") + (f"{days}D" if days else "")
        decimals = f".{fraction:06d}" if fraction else ""
        return f"P{date}" + (f"T{seconds}{decimals}S" if rest else "")


WHOLE_RANGE = Duration()


def parse_duration(text: str, *, pointer: str = "aggrPeriodDuration") -> Duration:
    """Return the duration in a text such as ``PT1H``, ``P1M``, ``P2W`` or ``P0D``.

    Raises:
        BadRequestData: it is none, or longer than a thousand years.
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    parts = {} if found is None else {name: value for name, value in found.groupdict().items() if value}
    if not parts or text.endswith("T"):
        detail = f"{text!r:.80} is no duration such as PT1H, P1M, P2W or P0D (ISO 8601, clause 4.5.19.1)."
        raise BadRequestData(detail, pointer=pointer)
    number = {name: int(value) for name, value in parts.items() if name != "fraction"}
    get = number.get
    seconds = get("hours", 0) * 3600 + get("minutes", 0) * 60 + get("seconds", 0)
    time_us = (get("weeks", 0) * 7 + get("days", 0)) * DAY_US + seconds * SECOND_US
    time_us += int(parts.get("fraction", "0").ljust(6, "0"))
    months = get("years", 0) * 12 + get("months", 0)
    if months > _MAX_MONTHS or time_us > _MAX_US:
        raise BadRequestData("A duration is at most a thousand years.", pointer=pointer)
    return Duration(months, time_us)
