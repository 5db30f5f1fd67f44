"""/temporal/entities: create or update, query (clauses 6.18.3.1, 6.18.3.2)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple

from samstad_broker.http.context_binding import use_context, write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.mapped import used_map
from samstad_broker.http.resources.temporal.bodies import read_evolution
from samstad_broker.http.resources.temporal.showing import TemporalFormat, format_of, show_evolutions
from samstad_broker.http.responses import created, location, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.temporal.asking import TemporalAsk, ask_in_params
from samstad_broker.service.temporal.create_or_update import create_or_update_evolution
from samstad_broker.service.temporal.query import list_evolutions, query_evolutions
from samstad_ngsild.context import Context
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query import parse_query_params
from samstad_ngsild.query.parameters import PRESENTATION_PARAMETERS, QUERY_PARAMETERS, TEMPORAL_PARAMETERS

__all__ = ["routes"]

_PATH = "/temporal/entities/"
_QUERY = (QUERY_PARAMETERS | PRESENTATION_PARAMETERS | TEMPORAL_PARAMETERS) - {
    "containedBy", "geometryProperty", "join", "joinLevel", "orderFrom", "orderGeometry",
}  # fmt: skip
"""What clause 6.18.3.2 lists."""
_MOST_QUERIES = 1_000


class _Asked(NamedTuple):
    ask: TemporalAsk
    how: TemporalFormat


def routes(broker: Broker, *, root: str = "/ngsi-ld/v1") -> list[Route]:
    """Return the routes of the resource."""
    resource = _Evolutions(broker, root)
    local = frozenset({"local"})
    return [
        Route(method="POST", path=_PATH, handler=resource.create_or_update, parameters=local),
        Route(method="GET", path=_PATH, handler=resource.query, parameters=_QUERY),
    ]


class _Evolutions:
    def __init__(self, broker: Broker, root: str) -> None:
        self._broker = broker
        self._root = root
        self._asked: dict[tuple[str, object], _Asked] = {}

    def create_or_update(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Create the temporal evolution of an entity, or add to it."""
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._create_or_update(exchange, body, known))

    async def _create_or_update(
        self, exchange: Exchange, body: dict[str, object], context: Context
    ) -> Response:
        document = await read_evolution(exchange, body, context)
        if "id" not in document:
            raise BadRequestData("A temporal evolution has the id of its entity.", pointer="/id")
        if await create_or_update_evolution(self._broker, exchange.call, document):
            return created(location(self._root, "temporal", "entities", document["id"]))
        return no_content()

    def query(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Query the temporal evolutions of entities."""
        return use_context(exchange.link_context(), lambda context: self._query(exchange, context))

    async def _query(self, exchange: Exchange, context: Context) -> Response:
        broker = self._broker
        ask, how = self._parsed(exchange, context)
        page = exchange.parameters.page(default=broker.limits.default_page, maximum=broker.limits.page)
        used = await used_map(
            broker, exchange, ask.query, lambda: list_evolutions(broker, exchange.call, ask)
        )
        found = await query_evolutions(
            broker,
            exchange.call,
            ask,
            limit=page.limit,
            offset=page.offset,
            count=page.count,
            places=None if used is None else used.map.places,
        )
        shown = await show_evolutions(exchange, context, found, page=page, how=how)
        return shown if used is None else used.mark(shown, self._root)

    def _parsed(self, exchange: Exchange, context: Context) -> _Asked:
        """Parse the query; dashboards ask the same ones again and again, so the last ones are kept."""
        key = (exchange.request.raw_query, context.key)
        asked = self._asked.get(key)
        if asked is None:
            values = exchange.parameters.values
            how = format_of(exchange.parameters)
            query = parse_query_params(values, context, temporal=True)
            ask = ask_in_params(values, query, aggregated=how.is_aggregated, required=True)
            if len(self._asked) >= _MOST_QUERIES:
                self._asked.clear()
            asked = self._asked[key] = _Asked(ask, how)
        return asked
