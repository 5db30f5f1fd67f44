"""The three texts of time: DateTime, Date and Time, always UTC (clause 4.6.3)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

from samstad_ngsild.errors import BadRequestData

__all__ = ["is_date", "is_datetime", "is_time", "iso", "parse_datetime"]

_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,]([0-9]{1,6}))?Z"
).fullmatch
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,6})?Z").fullmatch

_LONGEST = len("2026-11-25T02:14:57.123456Z")
_REMEMBERED = 512
"""DateTimes: what a gateway sends together was mostly observed at the same few moments."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  naive on purpose: every text here is UTC
_EPOCH_ORDINAL = _EPOCH.toordinal()
_SECOND = timedelta(seconds=1)
_FRACTION_SCALE = (0, 100_000, 10_000, 1_000, 100, 10, 1)


def parse_datetime(text: object, *, pointer: str | None = None) -> int:
    """Return the µs since 1970 UTC of a DateTime such as ``2026-11-25T02:14:57.123Z``.

    Raises:
        BadRequestData: it is no DateTime of clause 4.6.3; only UTC with ``Z`` is one.
    """
    match = _DATETIME(text) if isinstance(text, str) else None
    if match is None:
        raise _no_datetime(text, pointer)
    try:
        moment = datetime.fromisoformat(match.string[:19])
    except ValueError as error:
        raise _no_datetime(text, pointer) from error
    seconds = (
        (moment.toordinal() - _EPOCH_ORDINAL) * 86_400
        + moment.hour * 3_600
        + moment.minute * 60
        + moment.second
    )
    fraction = match.group(1)
    if fraction is None:
        return seconds * 1_000_000
    return seconds * 1_000_000 + int(fraction) * _FRACTION_SCALE[len(fraction)]


def is_datetime(text: object) -> bool:
    """Tell whether a value is the text of a DateTime."""
    return isinstance(text, str) and len(text) <= _LONGEST and _is_moment(text)


@lru_cache(maxsize=_REMEMBERED)
def _is_moment(text: str) -> bool:
    if _DATETIME(text) is None:
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


def is_date(text: object) -> bool:
    """Tell whether a value is the text of a Date."""
    if not isinstance(text, str) or _DATE(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_time(text: object) -> bool:
    """Tell whether a value is the text of a Time."""
    return isinstance(text, str) and _TIME(text) is not None


def iso(time_us: int) -> str:
    """Return the DateTime of µs since 1970 UTC, with six decimals, so that texts sort as times do."""
    second, fraction_us = divmod(time_us, 1_000_000)
    return f"{_second(second)}.{fraction_us:06}Z"


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return (_EPOCH + second * _SECOND).isoformat()


def _no_datetime(text: object, pointer: str | None) -> BadRequestData:
    return BadRequestData(
        f"{text!r:.100} is no DateTime; write it in UTC like 2026-11-25T02:14:57.123Z.", pointer=pointer
    )
