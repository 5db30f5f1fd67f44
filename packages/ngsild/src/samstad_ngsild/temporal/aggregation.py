"""Aggregation of histories (clause 4.5.19): eight methods over the values of each period.

Decisions that tables 4.5.19.1-1 to -3 leave open:

- only periods that hold an instance have an element: the literal reading would let one request ask for
  millions of empty ones;
- stddev is that of the population; a period with one value has 0;
- an attribute has the data type that most of its values have; methods that calculate pass over
  values of another type, counts do not; instances that record a deletion are passed over by all;
- an attribute to which none of the methods applies is InvalidRequest if it was asked for by name (5.7.4.4)
  and left out otherwise; a method that does not apply to an attribute is left out of it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.temporal.duration import WHOLE_RANGE, Duration, parse_duration
from samstad_ngsild.temporal.periods import Periods

__all__ = [
    "METHODS",
    "Aggregation",
    "Series",
    "aggregate_numbers",
    "aggregate_slices",
    "parse_aggregation",
]

METHODS = ("avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount")

Series = dict[str, list[tuple[Any, int, int]]]
"""Method → (value, beginning, end) of each period that holds something; µs since 1970 UTC."""

Slice = tuple[int, int, int, int]
"""Beginning and end of a period in µs, first index and index after the last."""


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What is calculated of a history.

    Attributes:
        methods: in the order asked for, each once.
        duration: of a period.
        requested: IRIs of the attributes that were asked for by name; a method must apply to each.
    """

    methods: tuple[str, ...]
    duration: Duration = WHOLE_RANGE
    requested: frozenset[str] = frozenset()


def parse_aggregation(methods: Any, duration: Any = None, *, pointer: str = "") -> Aggregation:
    """Return the aggregation in aggrMethods and aggrPeriodDuration.

    Args:
        methods: a text with commas, or an array of texts (clauses 5.2.21, 5.2.44).
        duration: an ISO 8601 duration; None: the whole range.
        pointer: what stands before the members' names in errors.

    Raises:
        BadRequestData: a method or the duration is none; aggregated values need at least one method.
    """
    at = pointer + "aggrMethods"
    names = methods.split(",") if isinstance(methods, str) else methods
    if not isinstance(names, list) or not names:
        raise BadRequestData("Aggregated values need aggrMethods, separated by commas.", pointer=at)
    for name in names:
        if name not in METHODS:
            detail = f"{name!r:.80} is no aggregation method; use {', '.join(METHODS)}."
            raise BadRequestData(detail, pointer=at)
    length = WHOLE_RANGE
    if duration is not None:
        length = parse_duration(duration, pointer=pointer + "aggrPeriodDuration")
    return Aggregation(tuple(dict.fromkeys(names)), length)


def aggregate_numbers(
    times_us: Sequence[int], numbers: Sequence[float], *, methods: Iterable[str], periods: Periods
) -> Series:
    """Return the aggregation of one series of numbers; all methods apply.

    Args:
        times_us: ascending µs since 1970 UTC.
        numbers: as many; booleans count as 0 and 1.
        methods: of ``METHODS``.
        periods: over the interval of the query, which the caller has already applied.
    """
    # A list: an array makes a float of each number anew, for every method.
    values = numbers if isinstance(numbers, list) else list(numbers)
    parts = [(values[low:high], begin, end) for begin, end, low, high in aggregate_slices(times_us, periods)]
    return {method: _each(CALCULATED[method], parts) for method in methods}


def _each(calculate: Callable[[Sequence[Any]], Any], parts: list[tuple[list[float], int, int]]) -> list[Any]:
    return [(calculate(values), begin, end) for values, begin, end in parts]


def aggregate_slices(times_us: Sequence[int], periods: Periods) -> list[Slice]:
    """Return each period that holds some of the ascending times, with the indexes of those."""
    if not times_us:
        return []
    count = len(times_us)
    if periods.duration.is_whole_range:
        begin, end = periods.whole_range(times_us[0], times_us[-1])
        return [(begin, end, 0, count)]
    width = periods.width_us
    if width is not None:
        return _even_slices(times_us, periods, width)
    slices = []
    low = 0
    while low < count:
        number = periods.number_of(times_us[low])
        high = bisect_left(times_us, periods.begin(number + 1), low + 1)
        slices.append((periods.begin(number), periods.end(number), low, high))
        low = high
    return slices


def _even_slices(times_us: Sequence[int], periods: Periods, width: int) -> list[Slice]:
    anchor, count = periods.anchor_us, len(times_us)
    last_end = periods.end_us
    slices = []
    low = 0
    while low < count:
        begin = times_us[low] - (times_us[low] - anchor) % width
        end = begin + width
        high = low + 1
        if high < count and times_us[high] < end:
            high = bisect_left(times_us, end, high)
        slices.append((begin, end if last_end is None or end < last_end else last_end, low, high))
        low = high
    return slices


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _sum_of_squares(values: Sequence[float]) -> float:
    return sum(map(_square, values))


def _square(value: float) -> float:
    return value * value


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of the population, in two passes: squares of large numbers cancel."""
    count = len(values)
    mean = sum(values) / count
    return math.sqrt(sum([(value - mean) * (value - mean) for value in values]) / count)


def _distinct(values: Sequence[float]) -> int:
    return len(set(values))


def _maximum(values: Sequence[Any]) -> Any:
    return max(values)


def _minimum(values: Sequence[Any]) -> Any:
    return min(values)


CALCULATED: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "avg": _average,
    "distinctCount": _distinct,
    "max": _maximum,
    "min": _minimum,
    "stddev": _deviation,
    "sum": sum,
    "sumsq": _sum_of_squares,
    "totalCount": len,
}
