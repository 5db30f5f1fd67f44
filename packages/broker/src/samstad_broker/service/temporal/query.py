"""Query temporal evolutions: GET /temporal/entities, POST /temporal/entityOperations/query (clause 5.7.4).

- steps are those of 5.7.4.4: ids and types, the interval, q, georel, scopeQ, datasetId, projection and lastN;
- pages are in the order in which the history came to know the entities, or by ``id`` (clause 4.23);
- entities that the caller may not read are as if they were not there (I6);
- the index narrows, the evaluator decides, a batch at a time, so that other requests get their turn (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NamedTuple

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import index_for_reading, readable
from samstad_broker.service.temporal.aggregating import AggregatedEvolution, aggregate_evolution
from samstad_broker.service.temporal.asking import SCOPE, TemporalAsk
from samstad_broker.service.temporal.matching import filter_of
from samstad_broker.service.temporal.reading import Chosen, EvolutionPage, read_page
from samstad_broker.service.temporal.scoping import ScopeFilter
from samstad_broker.spi.history import HistoryEntity, HistoryIndex, HistorySelection
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import TooComplexQuery
from samstad_ngsild.query import compile_query, order_key
from samstad_ngsild.query.evaluate import compile_selectors
from samstad_ngsild.temporal import valid_windows

__all__ = ["FoundEvolutions", "list_evolutions", "query_evolutions", "search_evolutions"]

_BATCH = 100
"""Entities whose interval is looked into at once."""


class FoundEvolutions(NamedTuple):
    """One page of a query.

    Attributes:
        entities: of the page.
        page: their instances, or None where they are aggregated.
        aggregated: their aggregates, as many as entities.
        more: whether another page of entities follows.
        total: how many entities match in all, if it was asked for.
        ask: what was asked for.
    """

    entities: list[HistoryEntity]
    page: EvolutionPage | None
    aggregated: list[AggregatedEvolution]
    more: bool
    total: int | None
    ask: TemporalAsk


async def query_evolutions(  # noqa: PLR0913 - page and count belong together
    broker: Broker,
    call: Call,
    ask: TemporalAsk,
    *,
    limit: int,
    offset: int = 0,
    count: bool = False,
    places: Mapping[str, int] | None = None,
) -> FoundEvolutions:
    """Return one page of the evolutions that a query matches.

    ``places`` are those of an entity map, which the query keeps to.

    Raises:
        NonexistentTenant: the tenant is not known.
        OperationNotSupported: this node keeps no history.
        TooComplexQuery: more would have to be looked at than the node gives to one request.
        TooManyResults: the page would be too large.
    """
    index = await index_for_reading(broker, call)
    order = ask.query.order
    wanted = None if count or order is not None or places is not None else offset + limit + 1
    matches = [one async for one in _Search(broker, call, index, ask).matches(wanted)]
    if places is not None:
        matches = [one for one in matches if one.entity.entity_id in places]
    if order is not None:
        key = order_key(order, ask.query.context)
        matches.sort(key=lambda one: key({"id": one.entity.entity_id}))
    chosen = matches[offset : offset + limit]
    more, total = len(matches) > offset + len(chosen), len(matches) if count else None
    entities = [one.entity for one in chosen]
    if ask.aggregation is None:
        page = await read_page(index, ask, chosen, limit=broker.limits.page_instances)
        return FoundEvolutions(entities, page, [], more, total, ask)
    return FoundEvolutions(entities, None, await _aggregated(index, ask, chosen), more, total, ask)


async def list_evolutions(broker: Broker, call: Call, ask: TemporalAsk) -> list[str]:
    """Return the ids of all entities whose evolutions match (clause 5.14.5); raises as a query does."""
    index = await index_for_reading(broker, call)
    return [one.entity.entity_id async for one in _Search(broker, call, index, ask).matches(None)]


async def search_evolutions(broker: Broker, call: Call, ask: TemporalAsk) -> list[Chosen]:
    """Return all entities whose evolutions match, with what of each is shown; raises as a query does."""
    index = await index_for_reading(broker, call)
    return [one async for one in _Search(broker, call, index, ask).matches(None)]


async def _aggregated(
    index: HistoryIndex, ask: TemporalAsk, chosen: Sequence[Chosen]
) -> list[AggregatedEvolution]:
    found = []
    for one in chosen:
        found.append(await aggregate_evolution(index, ask, one))
        await asyncio.sleep(0)
    return found


class _Search:
    """Looks for the evolutions that match, in the order of the index."""

    def __init__(self, broker: Broker, call: Call, index: HistoryIndex, ask: TemporalAsk) -> None:
        query = ask.query
        self._scan = broker.limits.scan
        self._call = call
        self._index = index
        self._ask = ask
        self._readable = readable(call)
        compiled = compile_query(query)
        self._selects: Callable[[EntityDocument], bool] | None = compile_selectors(
            query.selectors, query.context
        )
        concerned = ask.concerned or frozenset()
        self._selection = HistorySelection(
            ids=compiled.ids or (),
            types=compiled.types or (),
            attributes=() if SCOPE in concerned else concerned,
        )
        self._values = filter_of(ask)
        self._scopes = None if query.scope is None else ScopeFilter(query.scope, ask)
        self._looked_at = 0

    async def matches(self, wanted: int | None) -> AsyncIterator[Chosen]:
        """Yield up to ``wanted`` evolutions; None: all."""
        found = 0
        async for entities in self._candidates(wanted):
            for entity in await self._inside(entities):
                chosen = await self._chosen(entity)
                if chosen is not None:
                    yield chosen
                    found += 1
                    if found == wanted:
                        return

    async def _candidates(self, wanted: int | None) -> AsyncIterator[list[HistoryEntity]]:
        """Yield the entities that the caller may read and whose id and types are asked for."""
        after, call = 0, self._call
        limit = min(wanted or _BATCH, _BATCH)
        while batch := await self._index.list_entities(
            call.tenant, call.snapshot, self._selection, after=after, limit=limit
        ):
            after, limit = batch[-1].key, min(limit * 2, _BATCH)
            self._look_at(len(batch))
            yield [entity for entity in batch if self._readable(entity.types) and self._is_selected(entity)]
            await asyncio.sleep(0)

    def _is_selected(self, entity: HistoryEntity) -> bool:
        return self._selects is None or self._selects({"id": entity.entity_id, "type": entity.types})

    def _look_at(self, number: int) -> None:
        self._looked_at += number
        if self._looked_at > self._scan:
            raise TooComplexQuery(
                f"The query looks at more than {self._scan} entities and instances. "
                "Narrow it by type, id or a shorter interval."
            )

    async def _inside(self, entities: Sequence[HistoryEntity]) -> list[HistoryEntity]:
        """Return the entities that have an instance of what is asked for in the interval (step S1)."""
        if not entities:
            return []
        concerned = self._ask.concerned
        found = await self._index.read(entities, self._ask.window(attributes=concerned, most=1))
        return [
            entity
            for entity, names in zip(entities, found, strict=True)
            if any(name != SCOPE or concerned is not None for name in names)
        ]

    async def _chosen(self, entity: HistoryEntity) -> Chosen | None:
        """Return an entity that meets q, georel and scopeQ, with what of it is shown; None: it does not."""
        values, temporal = self._values, self._ask.temporal
        if values is not None:
            before = values.looked_at
            is_match = await values.matches(self._index, entity)
            self._look_at(values.looked_at - before)
            await asyncio.sleep(0)
            if not is_match:
                return None
        if self._scopes is None:
            return Chosen(entity, [(temporal.start_us, temporal.end_us)])
        validities = await self._scopes.validities(self._index, entity)
        if not validities:
            return None
        is_shown = self._ask.shown is None or SCOPE in self._ask.shown
        scopes = [validity.scope for validity in validities] if is_shown else []
        return Chosen(entity, valid_windows(validities), scopes)
