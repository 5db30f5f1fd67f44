"""/entityMaps, /entityMaps/{entityMapId} and /temporal/entityMaps (clauses 6.32, 6.34 and 6.35)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.distributed import inquiry_of, make_map, warn
from samstad_broker.http.resources.mapped import lifetime_us, map_header
from samstad_broker.http.responses import json_content, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.query import list_matching
from samstad_broker.service.entity_maps import EntityMap
from samstad_broker.service.temporal.asking import ask_in_body, ask_in_params
from samstad_broker.service.temporal.query import list_evolutions
from samstad_ngsild.context import Context
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query import Query, parse_query_body, parse_query_params
from samstad_ngsild.query.parameters import PRESENTATION_PARAMETERS, QUERY_PARAMETERS, TEMPORAL_PARAMETERS

__all__ = ["routes"]

_ONE = "/entityMaps/{entityMapId}"
_QUERY = QUERY_PARAMETERS | PRESENTATION_PARAMETERS


def routes(broker: Broker, *, root: str = "/ngsi-ld/v1") -> list[Route]:
    """Return the routes of the resources."""
    resource = _Maps(broker, root)
    local = frozenset({"local"})
    temporal = _QUERY | TEMPORAL_PARAMETERS
    present, past = "/entityMaps/", "/temporal/entityMaps/"
    return [
        Route(method="GET", path=present, handler=resource.create, parameters=_QUERY),
        Route(method="POST", path=present, handler=resource.create_by_body, parameters=local),
        Route(method="GET", path=past, handler=resource.create_temporal, parameters=temporal),
        Route(method="POST", path=past, handler=resource.create_temporal_by_body, parameters=local),
        Route(method="GET", path=_ONE, handler=resource.retrieve),
        Route(method="PATCH", path=_ONE, handler=resource.update),
        Route(method="DELETE", path=_ONE, handler=resource.delete),
    ]


class _Maps:
    def __init__(self, broker: Broker, root: str) -> None:
        self._broker = broker
        self._root = root

    def create(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Make an entity map of a query."""
        return use_context(exchange.link_context(), lambda context: self._create(exchange, context))

    async def _create(self, exchange: Exchange, context: Context) -> Response:
        query = parse_query_params(_asking(exchange), context, local=True)
        return await self._created(exchange, query, context)

    def create_by_body(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Make an entity map of a query in the body."""
        body, context = exchange.content_context()
        return use_context(context, lambda known: self._create_by_body(exchange, body, known))

    async def _create_by_body(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        query = parse_query_body({**body, "entityMap": True}, context, local=True)
        return await self._created(exchange, query, context)

    async def _created(self, exchange: Exchange, query: Query, context: Context) -> Response:
        inquiry = inquiry_of(self._broker, exchange, query, context)
        if inquiry is None:
            return self._made(exchange, query, await list_matching(self._broker, exchange.call, query))
        made, warnings = await make_map(self._broker, exchange, inquiry)
        return warn(self._told(made), warnings)

    def create_temporal(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Make an entity map of a temporal query."""
        return use_context(exchange.link_context(), lambda context: self._create_temporal(exchange, context))

    async def _create_temporal(self, exchange: Exchange, context: Context) -> Response:
        values = _asking(exchange)
        query = parse_query_params(values, context, temporal=True)
        ask = ask_in_params(values, query, aggregated=False, required=True)
        return self._made(exchange, query, await list_evolutions(self._broker, exchange.call, ask))

    def create_temporal_by_body(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Make an entity map of a temporal query in the body."""
        body, context = exchange.content_context()
        return use_context(context, lambda known: self._create_temporal_by_body(exchange, body, known))

    async def _create_temporal_by_body(
        self, exchange: Exchange, body: dict[str, Any], context: Context
    ) -> Response:
        query = parse_query_body({**body, "entityMap": True}, context, temporal=True)
        ask = ask_in_body(body, query, aggregated=False)
        return self._made(exchange, query, await list_evolutions(self._broker, exchange.call, ask))

    def _made(self, exchange: Exchange, query: Query, ids: list[str]) -> Response:
        return self._told(self._broker.maps.create(exchange.call, ids, lifetime_us=lifetime_us(query)))

    def _told(self, made: EntityMap) -> Response:
        response = json_content(made.document())
        response.status = 201
        response.headers.append(map_header(made, self._root))
        return response

    def retrieve(self, exchange: Exchange) -> Response:
        """Return an entity map."""
        return json_content(self._broker.maps.get(exchange.call, exchange.path["entityMapId"]).document())

    def update(self, exchange: Exchange) -> Response:
        """Change when an entity map ends."""
        told = exchange.content().value
        if not isinstance(told, dict):
            raise BadRequestData("The body is an object with expiresAt.")
        map_id = exchange.path["entityMapId"]
        if "expiresAt" in told:
            expires_us = parse_datetime(told["expiresAt"], pointer="/expiresAt")
            self._broker.maps.let_end(exchange.call, map_id, expires_us)
        else:  # whatever else it holds is not for clients to change (clause 5.2.39)
            self._broker.maps.get(exchange.call, map_id)
        return no_content()

    def delete(self, exchange: Exchange) -> Response:
        """End an entity map."""
        self._broker.maps.delete(exchange.call, exchange.path["entityMapId"])
        return no_content()


def _asking(exchange: Exchange) -> dict[str, str]:
    return {**exchange.parameters.values, "entityMap": "true"}
