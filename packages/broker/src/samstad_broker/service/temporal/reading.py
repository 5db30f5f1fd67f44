"""Reading evolutions page by page along time (clauses 5.7.3.4, 5.7.4.4, 6.3.10).

A page holds so many instances of each attribute as the limit allows, and not more than ``MOST_INSTANCES`` in
all. Everything is cut at one time, so that Content-Range describes the whole page.

A retrieval that names neither an interval nor a temporal property shows every instance. Where that is too
much for one page, attributes are read by ``observedAt``, those that never have one by ``modifiedAt``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from samstad_broker.service.off_loop import off_loop
from samstad_broker.service.temporal.asking import SCOPE, TemporalAsk
from samstad_broker.spi.history import HistoryEntity, HistoryIndex
from samstad_ngsild.document import Instance
from samstad_ngsild.errors import TooManyResults
from samstad_ngsild.temporal import Cut, content_range, cut_history, time_of

__all__ = ["MOST_INSTANCES", "Chosen", "EvolutionPage", "Window", "read_page", "read_windows"]

MOST_INSTANCES = 100_000
"""Instances in one response."""

_TOGETHER = 20_000
"""Instances of one attribute that are read at once, of several entities."""

Window = tuple[int | None, int | None]
"""The first microsecond inside and the first that is not; None: open."""

_Found = dict[tuple[int, str], list[Instance]]


class Chosen(NamedTuple):
    """An evolution that is to be shown.

    Attributes:
        entity: whose it is.
        windows: ascending; instances outside of them are not shown.
        scopes: the instances of the scope that are shown; None: those of the windows.
    """

    entity: HistoryEntity
    windows: Sequence[Window]
    scopes: list[Instance] | None = None


class EvolutionPage(NamedTuple):
    """What of the chosen evolutions fits one response.

    Attributes:
        evolutions: for each of the chosen its attributes, ``scope`` among them.
        content_range: of a page that is not the whole; None: it is.
    """

    evolutions: list[dict[str, list[Instance]]]
    content_range: str | None


async def read_page(
    index: HistoryIndex, ask: TemporalAsk, chosen: Sequence[Chosen], *, limit: int
) -> EvolutionPage:
    """Return the first page of evolutions; with ``lastN`` it is the latest.

    Raises:
        TooManyResults: even one instance of each attribute is too much.
    """
    reading = _Reading(index, ask, limit)
    first = 0
    while first < len(chosen):
        first += await reading.take(first, chosen)
        await asyncio.sleep(0)
    cut = await off_loop(reading.count, reading.cut)
    evolutions: list[dict[str, list[Instance]]] = [{} for _ in chosen]
    for number, one in enumerate(chosen):
        if one.scopes:
            evolutions[number][SCOPE] = one.scopes
    for (number, name), instances in cut.history.items():
        evolutions[number][name] = instances
    if not cut.is_partial or cut.oldest_us is None or cut.newest_us is None:
        return EvolutionPage(evolutions, None)
    return EvolutionPage(
        evolutions, content_range(ask.temporal, oldest_us=cut.oldest_us, newest_us=cut.newest_us)
    )


class _Reading:
    """Gathers instances under a limit that shrinks when there are too many in all.

    Attributes:
        count: instances that were gathered.
    """

    def __init__(self, index: HistoryIndex, ask: TemporalAsk, limit: int) -> None:
        self._index = index
        self._ask = ask
        self._limit = limit
        self._found: _Found = {}
        self.count = 0
        self._was_cut = False
        self._bound: Window = (None, None)

    async def take(self, first: int, chosen: Sequence[Chosen]) -> int:
        """Read the next of the chosen, those with the same windows together; return how many."""
        windows = chosen[first].windows
        most = max(1, _TOGETHER // self._most())
        run = list(takewhile(lambda one: one.windows == windows, chosen[first : first + most]))
        bounded = [window for each in windows if (window := _common(each, self._bound)) is not None]
        entities = [one.entity for one in run]
        read = read_windows if self._ask.is_timed else _read_untimed
        found = await read(self._index, entities, self._ask, bounded, limit=self._limit)
        for number, one in enumerate(run):
            self._keep(first + number, one, found[number])
        while self.count > MOST_INSTANCES:
            await off_loop(self.count, self._tighten)
        return len(run)

    def _most(self) -> int:
        return min(self._limit + 1, self._ask.temporal.last_n or self._limit + 1)

    def _keep(self, number: int, one: Chosen, found: Mapping[str, list[Instance]]) -> None:
        for name, instances in found.items():
            if name not in self._ask.omitted and not (name == SCOPE and one.scopes is not None):
                self._found[number, name] = instances
                self.count += len(instances)

    def _tighten(self) -> None:
        if self._limit == 1:
            raise TooManyResults(
                f"The page holds more than {MOST_INSTANCES} instances. "
                "Ask for fewer entities with limit, or for fewer attributes.",
                pointer="limit",
            )
        self._limit = max(1, self._limit // 4)
        cut = self._cut()
        self._found, self._was_cut = cut.history, self._was_cut or cut.is_partial
        self.count = sum(map(len, cut.history.values()))
        if self._ask.temporal.last_n is not None:
            self._bound = (cut.oldest_us, None)
        elif cut.newest_us is not None:
            self._bound = (None, cut.newest_us + 1)

    def cut(self) -> Cut[tuple[int, str]]:
        """Return what fits, all of it up to one time."""
        if not self._was_cut and all(len(each) <= self._limit for each in self._found.values()):
            return Cut(self._found, None, None, is_partial=False)
        cut = self._cut()
        return Cut(cut.history, cut.oldest_us, cut.newest_us, self._was_cut or cut.is_partial)

    def _cut(self) -> Cut[tuple[int, str]]:
        time = None if self._ask.is_timed else _any_time
        return cut_history(self._found, self._ask.temporal, limit=self._limit, time=time)


def _common(one: Window, other: Window) -> Window | None:
    """Return what lies in both windows; None: nothing."""
    starts = [each for each in (one[0], other[0]) if each is not None]
    ends = [each for each in (one[1], other[1]) if each is not None]
    start, end = max(starts, default=None), min(ends, default=None)
    return None if start is not None and end is not None and start >= end else (start, end)


async def read_windows(  # noqa: PLR0913 - the temporal property is the ask's unless another is read by
    index: HistoryIndex,
    entities: Sequence[HistoryEntity],
    ask: TemporalAsk,
    windows: Sequence[Window],
    *,
    limit: int,
    timeproperty: str | None = None,
) -> list[dict[str, list[Instance]]]:
    """Return for each entity up to ``limit`` + 1 instances of each attribute, more where one time has more.

    So many, so that ``cut_history`` sees whether something is left, and cuts no time in two.
    """
    last_n = ask.temporal.last_n
    most = limit + 1 if last_n is None else min(last_n, limit + 1)
    by = timeproperty or ask.temporal.timeproperty
    found: list[dict[str, list[Instance]]] = [{} for _ in entities]
    if ask.shown is not None and not ask.shown:
        return found
    for start, end in windows if last_n is None else reversed(windows):
        window = ask.window(
            timeproperty=by,
            start_us=start,
            end_us=end,
            attributes=ask.shown,
            dataset_ids=ask.dataset_ids,
            most=most,
            latest=last_n is not None,
        )
        for kept, part in zip(found, await index.read(entities, window), strict=True):
            for name, instances in part.items():
                known = kept.setdefault(name, [])
                known += instances[: most - len(known)]
    for entity, kept in zip(entities, found, strict=True):
        for name, instances in kept.items():
            if len(instances) > limit and time_of(instances[-2], by) == time_of(instances[-1], by):
                kept[name] = await _with_ties(index, entity, ask, name, instances, by=by)
    return found


async def _with_ties(  # noqa: PLR0913 - as above
    index: HistoryIndex,
    entity: HistoryEntity,
    ask: TemporalAsk,
    name: str,
    instances: list[Instance],
    *,
    by: str,
) -> list[Instance]:
    """Complete the instances of the last time that was read, and add one of the time that follows."""
    last_n = ask.temporal.last_n
    edge_us = time_of(instances[-1], by)
    if edge_us is None:
        return instances
    before = [instance for instance in instances if time_of(instance, by) != edge_us]
    beyond = (edge_us + 1, ask.temporal.end_us) if last_n is None else (ask.temporal.start_us, edge_us)
    found = before
    for (start, end), most in (((edge_us, edge_us + 1), MOST_INSTANCES + 1), (beyond, 1)):
        window = ask.window(
            timeproperty=by,
            start_us=start,
            end_us=end,
            attributes=frozenset({name}),
            dataset_ids=ask.dataset_ids,
            most=most,
            latest=last_n is not None,
        )
        [part] = await index.read([entity], window)
        found = found + list(part.get(name, ()))
    return found[:last_n]


async def _read_untimed(
    index: HistoryIndex,
    entities: Sequence[HistoryEntity],
    ask: TemporalAsk,
    windows: Sequence[Window],
    *,
    limit: int,
) -> list[dict[str, list[Instance]]]:
    modified = await read_windows(index, entities, ask, windows, limit=limit, timeproperty="modifiedAt")
    most = min(ask.temporal.last_n or limit + 1, limit + 1)
    if all(len(instances) < most for found in modified for instances in found.values()):
        observed: list[dict[str, list[Instance]]] = [{} for _ in entities]
    else:
        observed = await read_windows(index, entities, ask, windows, limit=limit, timeproperty="observedAt")

    def chosen(by_modified: dict[str, list[Instance]], by_observed: dict[str, list[Instance]]) -> Any:
        return {
            name: sorted(instances, key=_sorting_time, reverse=ask.temporal.last_n is not None)
            if len(instances) < most  # all that there are
            else by_observed.get(name, instances)
            for name, instances in by_modified.items()
        }

    weight = sum(len(instances) for found in modified for instances in found.values())
    return await off_loop(weight, lambda: list(map(chosen, modified, observed)))


def _any_time(instance: Instance) -> int | None:
    observed = time_of(instance, "observedAt")
    return time_of(instance, "modifiedAt") if observed is None else observed


def _sorting_time(instance: Instance) -> int:
    return _any_time(instance) or 0
