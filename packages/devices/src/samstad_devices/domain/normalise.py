"""From a decoder's own words to measurements: typed, in a known unit, plausible, at a known time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from samstad_devices.domain.profile import Field, Profile, Scalar
from samstad_devices.domain.units import converter

__all__ = ["MAX_AHEAD_US", "Doubt", "Measurement", "Normalised", "at_path", "normalise"]

MAX_AHEAD_US = 300_000_000
"""Five minutes: a time further ahead of the clock is a fault of the device's clock, and the node's counts."""
_OLDEST_US = 31_536_000_000_000
"""A year: what claims to be older comes from a clock that was never set."""
_MAX_TEXT = 2_048
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT = object()


class Measurement(NamedTuple):
    """One value of one attribute.

    Attributes:
        of: ``asset`` or ``device``.
        unit: UN/CEFACT code, or empty.
    """

    of: str
    attribute: str
    value: Scalar
    unit: str


class Doubt(NamedTuple):
    """A field that was not published: ``implausible``, ``unknown-word``, ``wrong-type`` or ``time``."""

    path: str
    reason: str
    detail: str


class Normalised(NamedTuple):
    """What a message means.

    Attributes:
        time_us: when it was measured, microseconds since 1970 UTC.
    """

    time_us: int
    measurements: tuple[Measurement, ...]
    doubts: tuple[Doubt, ...]


def normalise(profile: Profile, data: Any, *, received_us: int) -> Normalised:
    """Return the measurements in decoded data; fields that it does not hold are not there.

    Args:
        profile: of the device's model.
        data: what the decoder gave.
        received_us: when the network or the node received it: the time where the data tell none.
    """
    doubts: list[Doubt] = []
    time_us = _measured_at(profile, data, received_us, doubts)
    found: list[Measurement] = []
    for field in profile.fields:
        told = at_path(data, field.path)
        if told is _ABSENT or told is None:
            continue
        value = _value(field, told)
        if isinstance(value, Doubt):
            doubts.append(value)
        else:
            found.append(Measurement(field.of, field.attribute, value, field.unit))
    return Normalised(time_us, tuple(found), tuple(doubts))


def at_path(data: Any, path: str) -> Any:
    """Return the member at a path, or a mark of its own where there is none."""
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for name in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(name, _ABSENT)
        elif isinstance(data, list) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            return _ABSENT
    return data


def _value(field: Field, told: Any) -> Scalar | Doubt:
    if field.words:
        word = told if isinstance(told, str) else str(told).lower() if isinstance(told, bool) else str(told)
        if word not in field.words:
            return Doubt(field.path, "unknown-word", f"{word!r:.60} is none of {', '.join(field.words)}")
        return field.words[word]
    if isinstance(told, bool):
        return told if _is_plain(field) else Doubt(field.path, "wrong-type", "true or false has no unit")
    if isinstance(told, str) and _is_plain(field):
        return (
            told if len(told) <= _MAX_TEXT else Doubt(field.path, "wrong-type", "a text beyond 2,048 letters")
        )
    return _number(field, told)


def _is_plain(field: Field) -> bool:
    return (
        not field.unit
        and field.scale == 1
        and not field.offset
        and field.least is None
        and field.most is None
    )


def _number(field: Field, told: Any) -> float | Doubt:
    number = _as_float(told)
    if number is None:
        return Doubt(field.path, "wrong-type", f"{told!r:.60} is no number")
    factor, shift = converter(field.given_in or field.unit, field.unit)
    value = _tidy((number * field.scale + field.offset) * factor + shift, field.decimals)
    low = field.least is not None and value < field.least
    high = field.most is not None and value > field.most
    if low or high:
        limit = f"below {field.least}" if low else f"above {field.most}"
        return Doubt(field.path, "implausible", f"{value} {field.unit} is {limit}")
    return value


def _as_float(told: Any) -> float | None:
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    try:
        number = float(told)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e300 else None


def _tidy(value: float, decimals: int | None) -> float:
    """Return the number without the noise of binary fractions; a whole one as an integer."""
    rounded = round(value, decimals) if decimals is not None else float(f"{value:.12g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 2**53 else rounded


def _measured_at(profile: Profile, data: Any, received_us: int, doubts: list[Doubt]) -> int:
    if not profile.time_path:
        return received_us
    told = at_path(data, profile.time_path)
    if told is _ABSENT or told is None:
        return received_us
    time_us = _time(told)
    if time_us is None or not received_us - _OLDEST_US < time_us <= received_us + MAX_AHEAD_US:
        doubts.append(Doubt(profile.time_path, "time", f"{told!r:.60} is no time that can be right"))
        return received_us
    return time_us


def _time(told: Any) -> int | None:
    if isinstance(told, str):
        try:
            moment = datetime.fromisoformat(told)
        except ValueError:
            return None
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(
            microseconds=1
        )
    number = _as_float(told)
    if number is None:
        return None
    # Seconds since 1970 have ten digits until 2286, milliseconds thirteen.
    return round(number * (1_000 if abs(number) > 1e11 else 1_000_000))
