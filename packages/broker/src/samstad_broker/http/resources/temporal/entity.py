"""/temporal/entities/{entityId}: retrieve, delete (clauses 6.19.3.1, 6.19.3.2)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.temporal.showing import TemporalFormat, format_of, show_evolution
from samstad_broker.http.responses import no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.temporal.asking import TemporalAsk, ask_in_params
from samstad_broker.service.temporal.delete_entity import delete_evolution
from samstad_broker.service.temporal.retrieve import retrieve_evolution
from samstad_ngsild.context import Context
from samstad_ngsild.query import parse_query_params
from samstad_ngsild.query.parameters import TEMPORAL_PARAMETERS

__all__ = ["routes"]

_PATH = "/temporal/entities/{entityId}"
_RETRIEVE = TEMPORAL_PARAMETERS | {"attrs", "datasetId", "format", "lang", "local", "omit", "options", "pick"}
"""What clause 6.19.3.1 lists, and local (5.5.13)."""
_MOST_QUERIES = 1_000


class _Asked(NamedTuple):
    ask: TemporalAsk
    how: TemporalFormat


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the resource."""
    resource = _Evolution(broker)
    local = frozenset({"local"})
    return [
        Route(method="GET", path=_PATH, handler=resource.retrieve, parameters=_RETRIEVE),
        Route(method="DELETE", path=_PATH, handler=resource.delete, parameters=local),
    ]


class _Evolution:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._asked: dict[tuple[str, object], _Asked] = {}

    def retrieve(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Retrieve the temporal evolution of an entity."""
        return use_context(exchange.link_context(), lambda context: self._retrieve(exchange, context))

    async def _retrieve(self, exchange: Exchange, context: Context) -> Response:
        ask, how = self._parsed(exchange, context)
        found = await retrieve_evolution(self._broker, exchange.call, exchange.path["entityId"], ask)
        return await show_evolution(exchange, context, found, how)

    def _parsed(self, exchange: Exchange, context: Context) -> _Asked:
        key = (exchange.request.raw_query, context.key)
        asked = self._asked.get(key)
        if asked is None:
            values = exchange.parameters.values
            how = format_of(exchange.parameters)
            query = parse_query_params(values, context, local=True, temporal=True)
            ask = ask_in_params(values, query, aggregated=how.is_aggregated, required=False)
            if len(self._asked) >= _MOST_QUERIES:
                self._asked.clear()
            asked = self._asked[key] = _Asked(ask, how)
        return asked

    async def delete(self, exchange: Exchange) -> Response:
        """Delete the temporal evolution of an entity."""
        await delete_evolution(self._broker, exchange.call, exchange.path["entityId"])
        return no_content()
