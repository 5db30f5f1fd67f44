"""Entities from everywhere: retrieve and query over this broker and the sources (clauses 5.7.1, 5.7.2).

The result of a query is ordered: first what this broker holds, then what each source adds, in the order in
which sources were registered. So a page needs of each no more than its first entities, and pages do not shift
as long as nothing is created before them; who wants them fixed asks for an entity map (clause 5.5.14).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from samstad_broker.spi.forwarder import Asked, Combined, Inquiry, LocalPage, Match, Window
from samstad_federation.domain.joining import Version, joined
from samstad_federation.domain.warnings import WarningCode, warning
from samstad_federation.service.answers import Answers, Given, Held
from samstad_federation.settings import FederationSettings
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import TooComplexQuery, TooManyResults
from samstad_ngsild.query import Query, compile_query

__all__ = ["LOCAL", "Reading"]

LOCAL = "@none"
"""Stands for this broker in an entity map (clause 5.2.39)."""

_SLICE = 50
_T = TypeVar("_T")
Versions = dict[str, list[Version | Held]]


class _First(NamedTuple):
    """The first entities of everybody."""

    page: LocalPage
    givens: list[Given]
    found: Versions

    @property
    def is_cut(self) -> bool:
        """Whether somebody has more of them."""
        return self.page.more or any(given.more for given in self.givens)


class Reading:
    """Reads from this broker and sources at once.

    Args:
        answers: asks single sources.
        settings: the bounds.
    """

    def __init__(self, answers: Answers, settings: FederationSettings) -> None:
        self._answers = answers
        self._settings = settings

    async def retrieve(
        self,
        asked: Asked,
        matches: Sequence[Match],
        entity_id: str,
        *,
        wanted: frozenset[str],
        local: EntityDocument | None,
    ) -> Combined:
        """Return what all know of one entity."""
        givens = await _at_once(self._answers.entity(asked, match, entity_id, wanted) for match in matches)
        found = _by_id([] if local is None else [local], givens)
        documents = await self._joined(asked, found)
        return Combined(documents, self._answers.warnings(asked, givens))

    async def query(self, inquiry: Inquiry, window: Window) -> Combined:
        """Return one page."""
        if self._splits(inquiry.query):
            return await self._query_split(inquiry, window)
        most = window.offset + window.limit + 1
        if most > self._settings.window:
            raise TooManyResults(
                f"A page over several sources ends at most {self._settings.window} entities behind the "
                "beginning. Ask with entityMap=true for pages beyond.",
                pointer="offset",
            )
        first = await self._first(inquiry, most, count=window.count)
        ids = list(first.found)
        shown = ids[window.offset : window.offset + window.limit]
        later = await self._complete(inquiry, first, shown)
        documents = await self._joined(
            inquiry.asked, {entity_id: first.found[entity_id] for entity_id in shown}
        )
        warnings, total = self._answers.warnings(inquiry.asked, [*first.givens, *later]), None
        if window.count:
            total = _total(first, len(ids))
            if first.is_cut:
                told = "entities that several sources know may be counted more than once"
                warnings.append(warning(WarningCode.NO_ANSWER, "-", told))
        more = len(ids) > window.offset + len(shown) or (first.is_cut and bool(window.limit))
        return Combined(documents, warnings, more, total)

    async def list_places(self, inquiry: Inquiry) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Return who knows which entities."""
        asked, matches, query, local = inquiry
        filters, most = not self._splits(query), self._settings.map_entities
        own, givens = await _beside(
            local.list_ids(query if filters else _without_filters(query)),
            (self._answers.page(asked, match, query, most=most, filters=filters) for match in matches),
        )
        _refuse_cut(givens, most)
        places: dict[str, dict[str, None]] = {entity_id: {LOCAL: None} for entity_id in own}
        for given in givens:
            for entity_id in given.held:
                places.setdefault(entity_id, {})[given.match.source.id] = None
        return {entity_id: tuple(found) for entity_id, found in places.items()}, self._answers.warnings(
            asked, givens
        )

    async def query_mapped(
        self, inquiry: Inquiry, places: Mapping[str, Sequence[str]], window: Window
    ) -> Combined:
        """Return one page of the entities of a map."""
        ids = list(places)
        documents: list[EntityDocument] = []
        warnings: list[str] = []
        place = window.offset
        while place < len(ids) and len(documents) < window.limit:
            chunk = ids[place : place + window.limit - len(documents)]
            place += len(chunk)
            found, given = await self._placed(inquiry, {entity_id: places[entity_id] for entity_id in chunk})
            documents += found
            warnings += given
        total = len(ids) if window.count else None
        return Combined(documents, list(dict.fromkeys(warnings)), place < len(ids), total, place)

    async def _placed(
        self, inquiry: Inquiry, places: Mapping[str, Sequence[str]]
    ) -> tuple[list[EntityDocument], list[str]]:
        asked, matches, query, local = inquiry
        filters = not self._splits(query)
        here = [entity_id for entity_id, who in places.items() if LOCAL in who]
        there = ((match, [i for i, who in places.items() if match.source.id in who]) for match in matches)
        own, givens = await _beside(
            local.among(query if filters else _without_filters(query), here),
            (self._answers.among(asked, match, query, ids, filters=filters) for match, ids in there if ids),
        )
        found = _by_id(own, givens)
        documents = await self._joined(asked, {i: found[i] for i in places if i in found})
        if not filters:
            documents = await _filtered(documents, query)
        return documents, self._answers.warnings(asked, givens)

    async def _query_split(self, inquiry: Inquiry, window: Window) -> Combined:
        """Put all candidates together, then filter: no part of an entity says whether the whole fits."""
        asked, matches, query, local = inquiry
        most = self._settings.window
        page, givens = await _beside(
            local.page(_without_filters(query), limit=most, count=False),
            (self._answers.page(asked, match, query, most=most, filters=False) for match in matches),
        )
        _refuse_cut([page, *givens], most)
        documents = await _filtered(await self._joined(asked, _by_id(page.documents, givens)), query)
        shown = documents[window.offset : window.offset + window.limit]
        more = len(documents) > window.offset + len(shown)
        return Combined(
            shown, self._answers.warnings(asked, givens), more, len(documents) if window.count else None
        )

    async def _first(self, inquiry: Inquiry, most: int, *, count: bool) -> _First:
        asked, matches, query, local = inquiry
        page, givens = await _beside(
            local.page(query, limit=most, count=count),
            (self._answers.page(asked, match, query, most=most, count=count) for match in matches),
        )
        return _First(page, givens, _by_id(page.documents, givens))

    async def _complete(self, inquiry: Inquiry, first: _First, shown: Sequence[str]) -> list[Given]:
        """Add the parts of shown entities that stand further behind at those who have more."""
        asked, _, query, local = inquiry
        asking = []
        for given in first.givens:
            missing = [entity_id for entity_id in shown if entity_id not in given.held]
            if given.more and missing:
                asking.append(self._answers.among(asked, given.match, query, missing))
        later = await _at_once(asking)
        found = first.found
        if first.page.more:
            missing = [i for i in shown if all(isinstance(one, Held) for one in found[i])]
            for document in await local.among(query, missing) if missing else ():
                found[document["id"]].insert(0, Version(None, document))
        for given in later:
            for entity_id, version in given.held.items():
                found[entity_id].append(version)
        return later

    async def _joined(self, asked: Asked, found: Versions) -> list[EntityDocument]:
        documents = []
        for number, versions in enumerate(found.values(), start=1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            read = [one if isinstance(one, Version) else self._answers.read(asked, one) for one in versions]
            valid = [version for version in read if version is not None]
            if valid:
                documents.append(joined(valid, now_us=asked.now_us))
        return documents

    def _splits(self, query: Query) -> bool:
        return self._settings.split_entities if query.split_entities is None else query.split_entities


async def _beside(own: Awaitable[_T], asking: Iterable[Coroutine[Any, Any, Given]]) -> tuple[_T, list[Given]]:
    """Ask sources while this broker looks for its own; who gives up waiting ends both."""
    others = asyncio.ensure_future(_at_once(asking))
    try:
        await asyncio.sleep(0)
        return await own, await others
    finally:
        others.cancel()


async def _at_once(asking: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    return await asyncio.gather(*asking)


def _without_filters(query: Query) -> Query:
    return replace(query, q=None, geo=None, scope=None, attrs=(), expand_values=(), json_keys=())


def _by_id(own: Iterable[EntityDocument], givens: Iterable[Given]) -> Versions:
    found: Versions = {}
    for document in own:
        found.setdefault(document["id"], []).append(Version(None, document))
    for given in givens:
        for entity_id, version in given.held.items():
            found.setdefault(entity_id, []).append(version)
    return found


async def _filtered(documents: Sequence[EntityDocument], query: Query) -> list[EntityDocument]:
    matches = compile_query(query).matches
    kept = []
    for number, document in enumerate(documents, start=1):
        if number % _SLICE == 0:
            await asyncio.sleep(0)
        if matches(document):
            kept.append(document)
    return kept


def _refuse_cut(gathered: Iterable[Given | LocalPage], most: int) -> None:
    if any(one.more for one in gathered):
        raise TooComplexQuery(
            f"A source knows more than {most} entities that may match. Narrow the query by type, id or "
            "area, or say splitEntities=false where every source holds whole entities."
        )


def _total(first: _First, known: int) -> int:
    if not first.is_cut:
        return known
    page, givens = first.page, first.givens
    told = page.total or len(page.documents)
    told += sum(given.total if given.total is not None else len(given.held) for given in givens)
    held = len(page.documents) + sum(len(given.held) for given in givens)
    return told - (held - known)
