"""/entities/{entityId}: retrieve, replace, merge, delete (clauses 6.5.3.1 to 6.5.3.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from samstad_broker.http.context_binding import use_context, write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.distributed import is_distributed, retrieve_everywhere
from samstad_broker.http.resources.selecting import check_selected, selects
from samstad_broker.http.resources.showing import Showing, show_one, showing
from samstad_broker.http.resources.spreading import Spread, passed_on, spread, types_here
from samstad_broker.http.responses import location, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.delete import delete_entity
from samstad_broker.service.entities.lookup import found_for_reading, not_found
from samstad_broker.service.entities.merge import merge_entity
from samstad_broker.service.entities.replace import replace_entity
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.forwarder import Sending, Write
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.entities.expand import expand_entity, expand_fragment
from samstad_ngsild.entities.represent import Representation
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query import Query, parse_query_params

__all__ = ["routes"]

_PATH = "/entities/{entityId}"
_RETRIEVE = frozenset(
    {
        "attrs", "pick", "omit", "lang", "options", "format", "local", "type", "datasetId",
        "geometryProperty", "join", "joinLevel", "containedBy", "splitEntities",
    }
)  # fmt: skip


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the resource."""
    resource = _Entity(broker)
    merging = frozenset({"options", "format", "observedAt", "lang", "type", "local"})
    narrowing = frozenset({"type", "local"})
    return [
        Route(method="GET", path=_PATH, handler=resource.retrieve, parameters=_RETRIEVE, geojson=True),
        Route(method="PUT", path=_PATH, handler=resource.replace, parameters=narrowing),
        Route(method="PATCH", path=_PATH, handler=resource.merge, parameters=merging),
        Route(method="DELETE", path=_PATH, handler=resource.delete, parameters=narrowing),
    ]


class _Entity:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def retrieve(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._retrieve(exchange, context))

    def _retrieve(self, exchange: Exchange, context: Context) -> Response | Awaitable[Response]:
        if is_distributed(self._broker, exchange):
            everywhere = retrieve_everywhere(self._broker, exchange, context)
            if everywhere is not None:
                return everywhere
        record = found_for_reading(self._broker, exchange.call, exchange.path["entityId"])
        values = exchange.parameters.values
        if not values:
            return show_one(self._broker, exchange, record, Showing(context, _PLAIN, Query(context=context)))
        if "type" in values and not selects(values["type"], context)(record.types):
            raise not_found(record.id)
        asked = {name: value for name, value in values.items() if name != "type"}
        query = parse_query_params(asked, context, local=True)
        show = showing(exchange, context, query)
        if query.attrs and not any(context.expand(name) in record.parsed() for name in query.attrs):
            raise not_found(record.id)
        return show_one(self._broker, exchange, record, show)

    def replace(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._replace(exchange, body, known))

    async def _replace(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        here = self._replace_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "replaceEntity", body, context, here, check=_replacement),
        )
        return await here(exchange, body, context) if everywhere is None else await everywhere

    def _spread(  # noqa: PLR0913 - a write is said by all of these
        self,
        exchange: Exchange,
        operation: str,
        body: dict[str, Any] | None,
        context: Context,
        here: _Here,
        *,
        check: _Check | None = None,
    ) -> Spread:
        entity_id = exchange.path["entityId"]
        _same_id((body or {}).get("id", entity_id), entity_id)
        types = types_here(self._broker, exchange, context)
        return Spread(
            write=Write(operation=operation, entity_id=entity_id, types=types, body=body),
            sending=Sending(
                method=exchange.request.method,
                path=location("", "entities", entity_id),
                parameters=passed_on(exchange),
            ),
            here=lambda rest: here(exchange, rest, context),
            check=lambda: None if check is None else check(exchange, body or {}, context),
            right=Operation.DELETE if body is None else Operation.WRITE,
        )

    async def _replace_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        entity_id = exchange.path["entityId"]
        document = _replacement(exchange, body, context)
        _same_id(document["id"], entity_id)
        check_selected(self._broker, exchange, context)
        await replace_entity(self._broker, exchange.call, entity_id, document)
        return no_content()

    def merge(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._merge(exchange, body, known))

    async def _merge(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        here = self._merge_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "mergeEntity", body, context, here, check=_merging),
        )
        return await here(exchange, body, context) if everywhere is None else await everywhere

    async def _merge_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        fragment = _merging(exchange, body, context)
        entity_id = exchange.path["entityId"]
        _same_id(fragment.get("id", entity_id), entity_id)
        check_selected(self._broker, exchange, context)
        await merge_entity(
            self._broker,
            exchange.call,
            entity_id,
            fragment,
            context,
            observed_at=exchange.parameters.text("observedAt"),
            lang=exchange.parameters.text("lang"),
        )
        return no_content()

    def delete(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._delete(exchange, context))

    async def _delete(self, exchange: Exchange, context: Context) -> Response:
        here = self._delete_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "deleteEntity", None, context, here),
        )
        return await here(exchange, {}, context) if everywhere is None else await everywhere

    async def _delete_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        del body
        selection = exchange.parameters.text("type")
        chosen = None if selection is None else selects(selection, context)
        await delete_entity(self._broker, exchange.call, exchange.path["entityId"], selects=chosen)
        return no_content()


_PLAIN = Representation()
_Check = Callable[[Exchange, dict[str, Any], Context], object]
_Here = Callable[[Exchange, dict[str, Any], Context], Awaitable[Response]]


def _replacement(exchange: Exchange, body: dict[str, Any], context: Context) -> EntityDocument:
    return expand_entity({"id": exchange.path["entityId"], **body}, context, now=iso(exchange.now_us))


def _merging(exchange: Exchange, body: dict[str, Any], context: Context) -> EntityDocument:
    parameters = exchange.parameters
    options = parameters.options(frozenset({"keyValues", "simplified", "concise", "normalized"}))
    observed_at = parameters.text("observedAt")
    if observed_at is not None:
        parse_datetime(observed_at, pointer="observedAt")
    return expand_fragment(
        body,
        context,
        now=iso(exchange.now_us),
        allow_null=True,
        merge=True,
        simplified=parameters.format(options) == "simplified",
    )


def _same_id(given: str, entity_id: str) -> None:
    if given != entity_id:
        raise BadRequestData(
            f"The body speaks of {given}, the path of {entity_id}. Leave the id out or make them the same.",
            pointer="/id",
        )
