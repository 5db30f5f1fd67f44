"""Aggregated values of evolutions (clause 4.5.19).

Where all values are plain numbers the index gives them as arrays and no instance is decoded; otherwise
instances are read, which is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from samstad_broker.service.off_loop import off_loop
from samstad_broker.service.temporal.asking import SCOPE, TemporalAsk
from samstad_broker.service.temporal.reading import MOST_INSTANCES, Chosen, Window, read_windows
from samstad_broker.spi.history import HistoryIndex, NumberSeries
from samstad_ngsild.document import Instance
from samstad_ngsild.errors import TooComplexQuery, TooManyResults
from samstad_ngsild.temporal import Aggregation, Periods, Series, aggregate_numbers

__all__ = ["MOST_PERIODS", "AggregatedEvolution", "aggregate_evolution"]

MOST_PERIODS = 50_000
"""Elements of one method in the aggregation of one attribute."""

_NUMBERS_PER_WEIGHT = 50
"""A number costs so much less than an instance."""


class AggregatedEvolution(NamedTuple):
    """An evolution whose values are to be shown as aggregates.

    Attributes:
        numbers: attribute → (datasetId, series) for each data set of attributes that are numbers throughout.
        instances: the instances to calculate with, of all others.
    """

    numbers: Mapping[str, list[tuple[str | None, Series]]]
    instances: Mapping[str, list[Instance]]


async def aggregate_evolution(index: HistoryIndex, ask: TemporalAsk, chosen: Chosen) -> AggregatedEvolution:
    """Return the aggregates of an evolution, or the instances that they are calculated from.

    Raises:
        TooManyResults: there are too many periods.
        TooComplexQuery: there are too many values, and not all of them numbers.
    """
    aggregation = ask.aggregation
    if aggregation is None:
        message = "there is an aggregation where values are aggregated"
        raise ValueError(message)
    names = await _names(index, ask, chosen)
    if len(chosen.windows) != 1:
        return AggregatedEvolution({}, await _instances(index, ask, chosen, names))
    series, others = await _numbers(index, ask, chosen, names)
    numbers = await _calculated(series, aggregation, chosen.windows[0])
    return AggregatedEvolution(numbers, await _instances(index, ask, chosen, others) if others else {})


async def _names(index: HistoryIndex, ask: TemporalAsk, chosen: Chosen) -> frozenset[str]:
    """Return the attributes to aggregate; a scope has no values to calculate with."""
    if ask.shown is not None:
        return ask.shown - ask.omitted - {SCOPE}
    [found] = await index.read([chosen.entity], ask.window(most=1))
    return frozenset(found) - ask.omitted - {SCOPE}


async def _numbers(
    index: HistoryIndex, ask: TemporalAsk, chosen: Chosen, names: frozenset[str]
) -> tuple[list[NumberSeries], frozenset[str]]:
    """Return the attributes that are numbers throughout, and the names of the others."""
    if not names:
        return [], names
    found = await _series(index, ask, chosen, names)
    if found is not None:
        return found, frozenset()
    if len(names) == 1:
        return [], names
    together: list[NumberSeries] = []
    others = set()
    for name in sorted(names):
        one = await _series(index, ask, chosen, frozenset({name}))
        if one is None:
            others.add(name)
        else:
            together += one
    return together, frozenset(others)


async def _series(
    index: HistoryIndex, ask: TemporalAsk, chosen: Chosen, names: frozenset[str]
) -> list[NumberSeries] | None:
    start, end = chosen.windows[0]
    window = ask.window(start_us=start, end_us=end, attributes=names, dataset_ids=ask.dataset_ids)
    series = await index.read_numbers(chosen.entity, window)
    last_n = ask.temporal.last_n
    if series is None or last_n is None:
        return None if series is None else _default_first(series)
    if len({each.attribute for each in series}) < len(series):
        return None  # the last ones are counted over all data sets of an attribute
    return [
        each._replace(times_us=each.times_us[-last_n:], numbers=each.numbers[-last_n:]) for each in series
    ]


def _default_first(series: Sequence[NumberSeries]) -> list[NumberSeries]:
    """Put the data sets of an attribute in an order of their own, the default one first."""
    return sorted(series, key=lambda each: each.dataset_id or "")


async def _calculated(
    series: Sequence[NumberSeries], aggregation: Aggregation, window: Window
) -> dict[str, list[tuple[str | None, Series]]]:
    periods = Periods(aggregation.duration, *window)
    found: dict[str, list[tuple[str | None, Series]]] = {}
    for each in series:
        _check_periods(each.times_us, periods)
        weight = len(each.times_us) // _NUMBERS_PER_WEIGHT
        done = await off_loop(weight, partial(_aggregated, each, aggregation, periods))
        found.setdefault(each.attribute, []).append((each.dataset_id, done))
    return found


def _aggregated(series: NumberSeries, aggregation: Aggregation, periods: Periods) -> Series:
    return aggregate_numbers(series.times_us, series.numbers, methods=aggregation.methods, periods=periods)


def _check_periods(times_us: Sequence[int], periods: Periods) -> None:
    if len(times_us) <= MOST_PERIODS or periods.duration.is_whole_range:
        return
    if periods.number_of(times_us[-1]) - periods.number_of(times_us[0]) >= MOST_PERIODS:
        raise TooManyResults(
            f"The aggregation has more than {MOST_PERIODS} periods. "
            "Ask for a longer aggrPeriodDuration or a shorter interval.",
            pointer="aggrPeriodDuration",
        )


async def _instances(
    index: HistoryIndex, ask: TemporalAsk, chosen: Chosen, names: frozenset[str]
) -> dict[str, list[Instance]]:
    last_n = ask.temporal.last_n
    most = MOST_INSTANCES if last_n is None else min(last_n, MOST_INSTANCES)
    asked = replace(ask, shown=names)
    [found] = await read_windows(index, [chosen.entity], asked, chosen.windows, limit=most)
    if any(len(instances) > MOST_INSTANCES for instances in found.values()):
        raise TooComplexQuery(
            f"More than {MOST_INSTANCES} values would be aggregated that are not all numbers. "
            "Ask for a shorter interval.",
            pointer="timeAt",
        )
    return found
