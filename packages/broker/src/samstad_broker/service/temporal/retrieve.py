"""Retrieve temporal evolution: GET /temporal/entities/{entityId} (clauses 5.7.3, 6.19.3.1).

- everything that was acknowledged before the request is in it;
- an evolution without an instance in the interval is not found: it is not in the result set (5.7.3.4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import found_for_reading, index_for_reading, not_found
from samstad_broker.service.temporal.aggregating import AggregatedEvolution, aggregate_evolution
from samstad_broker.service.temporal.asking import SCOPE, TemporalAsk
from samstad_broker.service.temporal.reading import Chosen, EvolutionPage, read_page
from samstad_broker.spi.history import HistoryEntity, HistoryIndex

__all__ = ["Retrieved", "retrieve_evolution"]


class Retrieved(NamedTuple):
    """One evolution: its page, or its aggregates."""

    entity: HistoryEntity
    page: EvolutionPage | None
    aggregated: AggregatedEvolution | None
    ask: TemporalAsk


async def retrieve_evolution(broker: Broker, call: Call, entity_id: str, ask: TemporalAsk) -> Retrieved:
    """Return the evolution of an entity.

    Raises:
        ResourceNotFound: there is none, or nothing in the interval.
        TooManyResults, TooComplexQuery: it is more than one answer may hold.
        BadRequestData, OperationNotSupported, NonexistentTenant.
    """
    index = await index_for_reading(broker, call)
    entity = await found_for_reading(index, call, entity_id)
    chosen = Chosen(entity, [(ask.temporal.start_us, ask.temporal.end_us)])
    if ask.aggregation is not None:
        return await _aggregated(index, ask, chosen)
    page = await read_page(index, ask, [chosen], limit=broker.limits.page_instances)
    if not page.evolutions[0] and not await _has_any(index, ask, entity):
        raise not_found(entity_id)
    return Retrieved(entity, page, None, ask)


async def _aggregated(index: HistoryIndex, ask: TemporalAsk, chosen: Chosen) -> Retrieved:
    found = await aggregate_evolution(index, ask, chosen)
    if not found.numbers and not found.instances:
        if not ask.is_timed:
            # Nothing was ever observed: what was written is aggregated by when it was written.
            ask = replace(ask, is_timed=True, temporal=replace(ask.temporal, timeproperty="modifiedAt"))
            return await _aggregated(index, ask, chosen)
        if not await _has_any(index, ask, chosen.entity):
            raise not_found(chosen.entity.entity_id)
    return Retrieved(chosen.entity, None, found, ask)


async def _has_any(index: HistoryIndex, ask: TemporalAsk, entity: HistoryEntity) -> bool:
    """Whether the interval holds an instance of what is asked for, in whatever data set."""
    if not ask.is_timed and ask.concerned is None:
        return True
    by = ask.temporal.timeproperty if ask.is_timed else "modifiedAt"
    [found] = await index.read([entity], ask.window(timeproperty=by, attributes=ask.concerned, most=1))
    return any(name != SCOPE or ask.concerned is not None for name in found)
