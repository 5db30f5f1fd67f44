"""Operations on temporal evolutions (clauses 5.6.11, 5.7.3 and 5.7.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samstad_ngsild.client.transport import Answer
from samstad_ngsild.document import CORE_MEMBERS, Instance, attribute_names
from samstad_ngsild.entities.expand import expand_fragment
from samstad_ngsild.entities.represent import Representation
from samstad_ngsild.errors import BadRequestData, InvalidRequest, ResourceNotFound
from samstad_ngsild.memory.dataset import Evolution
from samstad_ngsild.memory.entities import counted
from samstad_ngsild.memory.exchange import Exchange, done, made, shown
from samstad_ngsild.query import Query, compile_query, parse_query_params
from samstad_ngsild.temporal import (
    TemporalQuery,
    parse_aggregation,
    parse_temporal_params,
    represent_aggregated,
    represent_history,
    represent_values,
)

__all__ = ["create_or_update", "query", "retrieve"]

_FORMATS = frozenset({"normalized", "temporalValues", "aggregatedValues"})


def create_or_update(exchange: Exchange) -> Answer:
    """POST /temporal/entities."""
    document = expand_fragment(exchange.object(), exchange.context, now=exchange.now, temporal=True)
    if "id" not in document:
        raise BadRequestData("A temporal evolution has the id of its entity.", pointer="/id")
    entity_id = document["id"]
    if entity_id not in exchange.dataset.evolutions and "type" not in document:
        raise BadRequestData("An evolution that begins has a type.", pointer="/type")
    added = {name: document[name] for name in attribute_names(document)}
    is_new = exchange.dataset.add_history(entity_id, document.get("type", ()), added)
    return made("temporal/entities", entity_id) if is_new else done()


def retrieve(exchange: Exchange) -> Answer:
    """GET /temporal/entities/{entityId}."""
    asked = parse_query_params(exchange.parameters, exchange.context, local=True, temporal=True)
    entity_id = exchange.path["entityId"]
    found = exchange.dataset.evolutions.get(entity_id)
    if found is None:
        raise ResourceNotFound(f"The evolution of {entity_id} is not known.")
    timed = parse_temporal_params(exchange.parameters)
    is_timed = not {"timerel", "timeproperty"}.isdisjoint(exchange.parameters)
    shows = _showing(exchange, asked, timed)
    return shown(shows(_head(entity_id, found) | _selected(found, timed, is_timed=is_timed)))


def query(exchange: Exchange) -> Answer:
    """GET /temporal/entities."""
    asked = parse_query_params(exchange.parameters, exchange.context, temporal=True)
    timed = parse_temporal_params(exchange.parameters, required=True)
    matches, wanted = compile_query(asked).matches, _wanted(exchange, asked)
    found = []
    for entity_id, evolution in exchange.dataset.evolutions.items():
        instances = _selected(evolution, timed, is_timed=True)
        document = _head(entity_id, evolution) | instances
        if instances and (wanted is None or wanted & set(instances)) and matches(document):
            found.append(document)
    page = exchange.page()
    part = found[page.offset : page.offset + page.limit]
    shows = _showing(exchange, asked, timed)
    return shown(list(map(shows, part)), headers=counted(page, len(found)))


def _head(entity_id: str, evolution: Evolution) -> dict[str, Any]:
    return {"id": entity_id, "type": list(evolution.types)}


def _selected(evolution: Evolution, timed: TemporalQuery, *, is_timed: bool) -> dict[str, list[Instance]]:
    """Return what lies in the interval; with none, instances without ``observedAt`` are shown too."""
    if not is_timed:
        return {name: _last(instances, timed) for name, instances in evolution.instances.items()}
    chosen = {name: timed.select(instances) for name, instances in evolution.instances.items()}
    return {name: instances for name, instances in chosen.items() if instances}


def _last(instances: list[Instance], timed: TemporalQuery) -> list[Instance]:
    if timed.last_n is None:
        return list(instances)
    return list(reversed(instances[-timed.last_n :]))


def _wanted(exchange: Exchange, asked: Query) -> frozenset[str] | None:
    names = asked.attrs or (() if asked.pick is None else asked.pick.names)
    found = frozenset(exchange.context.expand(name) for name in names if name not in CORE_MEMBERS)
    return found or None


def _showing(
    exchange: Exchange, asked: Query, timed: TemporalQuery
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    parameters, context, options = exchange.parameters, exchange.context, exchange.options()
    named = parameters.get("format") or min(options & _FORMATS, default="normalized")
    if named not in _FORMATS:
        raise InvalidRequest(f"format is one of {', '.join(sorted(_FORMATS))}.", pointer="format")
    wanted = _wanted(exchange, asked)
    representation = Representation(
        sys_attrs="sysAttrs" in options,
        lang=asked.lang,
        pick=None if wanted is None else wanted | {"id", "type"},
        omit=None if asked.omit is None else asked.omit.expanded(context),
        dataset_ids=frozenset(asked.dataset_ids) or None,
    )
    if named == "aggregatedValues":
        how = parse_aggregation(parameters.get("aggrMethods"), parameters.get("aggrPeriodDuration"))
        return lambda history: represent_aggregated(
            history, context, how, timed, representation=representation
        )
    if named == "temporalValues":
        return lambda history: represent_values(
            history, context, representation, timeproperty=timed.timeproperty
        )
    return lambda history: represent_history(history, context, representation)
