"""/entityOperations/query: a query that is too long for a URL (clause 6.23)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.distributed import inquiry_of, query_everywhere
from samstad_broker.http.resources.mapped import HEADER, show_mapped
from samstad_broker.http.resources.showing import show_found, showing
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.query import query_entities
from samstad_ngsild.context import Context
from samstad_ngsild.query import parse_query_body
from samstad_ngsild.query.parameters import PRESENTATION_PARAMETERS

__all__ = ["routes"]


def routes(broker: Broker, *, root: str = "/ngsi-ld/v1") -> list[Route]:
    """Return the route of the resource."""
    path, known = "/entityOperations/query/", PRESENTATION_PARAMETERS | {"local"}
    handler = _BatchQuery(broker, root).query
    return [Route(method="POST", path=path, handler=handler, parameters=known, geojson=True)]


class _BatchQuery:
    def __init__(self, broker: Broker, root: str) -> None:
        self._broker = broker
        self._root = root

    def query(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return use_context(context, lambda known: self._query(exchange, body, known))

    async def _query(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        broker = self._broker
        query = parse_query_body(body, context, local=True)
        page = exchange.parameters.page(default=broker.limits.default_page, maximum=broker.limits.page)
        show = showing(exchange, context, query)
        inquiry = inquiry_of(broker, exchange, query, context)
        if inquiry is not None:
            return await query_everywhere(broker, exchange, inquiry, page=page, show=show, root=self._root)
        if query.entity_map or HEADER in exchange.request.headers:
            return await show_mapped(broker, exchange, page, show, self._root)
        found = await query_entities(
            broker, exchange.call, query, limit=page.limit, offset=page.offset, count=page.count
        )
        return show_found(broker, exchange, found, page, show)
