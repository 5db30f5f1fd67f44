"""/temporal/entityOperations/query: a temporal query that is too long for a URL (clause 6.24)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.mapped import used_map
from samstad_broker.http.resources.temporal.showing import format_of, show_evolutions
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.temporal.asking import ask_in_body
from samstad_broker.service.temporal.query import list_evolutions, query_evolutions
from samstad_ngsild.context import Context
from samstad_ngsild.query import parse_query_body
from samstad_ngsild.query.parameters import PRESENTATION_PARAMETERS

__all__ = ["routes"]


def routes(broker: Broker, *, root: str = "/ngsi-ld/v1") -> list[Route]:
    """Return the route of the resource."""
    path, known = "/temporal/entityOperations/query/", PRESENTATION_PARAMETERS | {"local"}
    return [Route(method="POST", path=path, handler=_BatchQuery(broker, root).query, parameters=known)]


class _BatchQuery:
    def __init__(self, broker: Broker, root: str) -> None:
        self._broker = broker
        self._root = root

    def query(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Query the temporal evolutions of entities, with the query in the body."""
        body, context = exchange.content_context()
        return use_context(context, lambda known: self._query(exchange, body, known))

    async def _query(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        broker, parameters = self._broker, exchange.parameters
        how = format_of(parameters)
        local = parameters.flag("local") if "local" in parameters else None
        query = parse_query_body(body, context, temporal=True, local_parameter=local)
        ask = ask_in_body(body, query, aggregated=how.is_aggregated)
        page = parameters.page(default=broker.limits.default_page, maximum=broker.limits.page)
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
