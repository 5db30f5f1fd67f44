"""/entities: create, query, purge (clauses 6.4.3.1 to 6.4.3.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from samstad_broker.http.context_binding import use_context, write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.distributed import inquiry_of, query_everywhere
from samstad_broker.http.resources.mapped import HEADER, show_mapped
from samstad_broker.http.resources.showing import show_found, showing
from samstad_broker.http.resources.spreading import Spread, spread
from samstad_broker.http.responses import created, location, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entities.purge import Reduction, purge_entities
from samstad_broker.service.entities.query import query_entities
from samstad_broker.spi.forwarder import Sending, Write
from samstad_ngsild.context import Context
from samstad_ngsild.document import CORE_MEMBERS
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.entities.expand import expand_entity
from samstad_ngsild.errors import BadRequestData, InvalidRequest
from samstad_ngsild.query import Query, parse_names, parse_query_params
from samstad_ngsild.query.parameters import PRESENTATION_PARAMETERS, QUERY_PARAMETERS

__all__ = ["routes"]

_QUERY = QUERY_PARAMETERS | PRESENTATION_PARAMETERS
_PURGE = frozenset(
    {
        "coordinates", "csf", "drop", "geometry", "geometryProperty", "geoproperty", "georel", "id",
        "idPattern", "attrs", "keep", "local", "q", "scopeQ", "type",
    }
)  # fmt: skip
"""What clause 6.4.3.3 lists: a parameter that is not known must not widen a purge."""
_REDUCTION = frozenset({"keep", "drop"})
_UNDROPPABLE = CORE_MEMBERS - {"scope"}
_MOST_QUERIES = 1_000


def routes(broker: Broker, *, root: str = "/ngsi-ld/v1") -> list[Route]:
    """Return the routes of the resource."""
    resource = _Entities(broker, root)
    return [
        Route(method="POST", path="/entities/", handler=resource.create, parameters=frozenset({"local"})),
        Route(method="GET", path="/entities/", handler=resource.query, parameters=_QUERY, geojson=True),
        Route(method="DELETE", path="/entities/", handler=resource.purge, parameters=_PURGE),
    ]


class _Entities:
    def __init__(self, broker: Broker, root: str) -> None:
        self._broker = broker
        self._root = root
        self._queries: dict[tuple[str, object], Query] = {}

    def create(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._create(exchange, body, known))

    async def _create(self, exchange: Exchange, body: dict[str, object], context: Context) -> Response:
        everywhere = spread(
            self._broker, exchange, context, lambda: self._spread(exchange, body, context), new=body
        )
        return await self._create_here(exchange, body, context) if everywhere is None else await everywhere

    def _spread(self, exchange: Exchange, body: dict[str, object], context: Context) -> Spread:
        document = expand_entity(body, context, now=iso(exchange.now_us))
        entity_id = document["id"]
        return Spread(
            write=Write(operation="createEntity", entity_id=entity_id, types=document["type"], body=body),
            sending=Sending(method="POST", path="/entities"),
            here=lambda rest: self._create_here(exchange, rest, context),
            done=lambda: created(location(self._root, "entities", entity_id)),
        )

    async def _create_here(self, exchange: Exchange, body: dict[str, object], context: Context) -> Response:
        document = expand_entity(body, context, now=iso(exchange.now_us))
        await create_entity(self._broker, exchange.call, document)
        return created(location(self._root, "entities", document["id"]))

    def query(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._query(exchange, context))

    async def _query(self, exchange: Exchange, context: Context) -> Response:
        broker = self._broker
        query = self._parsed(exchange, context)
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

    def _parsed(self, exchange: Exchange, context: Context) -> Query:
        """Parse the query; dashboards ask the same ones again and again, so the last ones are kept."""
        key = (exchange.request.raw_query, context.key)
        query = self._queries.get(key)
        if query is None:
            query = parse_query_params(exchange.parameters.values, context, local=True)
            if len(self._queries) >= _MOST_QUERIES:
                self._queries.clear()
            self._queries[key] = query
        return query

    def purge(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._purge(exchange, context))

    async def _purge(self, exchange: Exchange, context: Context) -> Response:
        # Too wide without a filter: emptying a tenant needs the explicit local=true (clause 5.6.21.4).
        values = exchange.parameters.values
        asked = {name: value for name, value in values.items() if name not in _REDUCTION}
        query = parse_query_params(asked, context)
        reduction = _reduction(values, context)
        await purge_entities(self._broker, exchange.call, query, reduction=reduction)
        return no_content()


def _reduction(values: Mapping[str, str], context: Context) -> Reduction | None:
    """Return which attributes a purge takes; None where it takes whole entities (clause 5.6.21.4)."""
    if values.keys() >= _REDUCTION:
        raise InvalidRequest("keep and drop exclude each other: give one of them.", pointer="drop")
    if "keep" in values:
        names = parse_names(values["keep"], pointer="keep")
        return Reduction(keep=frozenset(map(context.expand, names)))
    if "drop" not in values:
        return None
    names = parse_names(values["drop"], pointer="drop")
    for name in _UNDROPPABLE.intersection(names):
        raise BadRequestData(f"{name} is no attribute that could be dropped.", pointer="drop")
    return Reduction(drop=frozenset(map(context.expand, names)))
