"""/entities/{entityId}/attrs/{attrId}: partial update, replace, delete (clauses 6.7.3.1 to 6.7.3.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from samstad_broker.http.context_binding import write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.selecting import check_selected
from samstad_broker.http.resources.spreading import Spread, passed_on, spread, types_here
from samstad_broker.http.responses import location, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.attributes.delete import delete_attribute
from samstad_broker.service.attributes.partial_update import partial_update_attribute
from samstad_broker.service.attributes.replace import replace_attribute
from samstad_broker.service.broker import Broker
from samstad_broker.spi.forwarder import Sending, Write
from samstad_ngsild.context import Context
from samstad_ngsild.document import Instance
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.entities.expand import expand_attribute
from samstad_ngsild.entities.names import attribute_iri

__all__ = ["routes"]

_PATH = "/entities/{entityId}/attrs/{attrId}"
_Here = Callable[[Exchange, dict[str, Any], Context], Awaitable[Response]]


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the resource."""
    resource = _Attribute(broker)
    plain = frozenset({"type", "local"})
    deleting = plain | {"datasetId", "deleteAll"}
    return [
        Route(method="PATCH", path=_PATH, handler=resource.partial_update, parameters=plain),
        Route(method="PUT", path=_PATH, handler=resource.replace, parameters=plain),
        Route(method="DELETE", path=_PATH, handler=resource.delete, parameters=deleting),
    ]


class _Attribute:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def partial_update(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._partial_update(exchange, body, known))

    async def _partial_update(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        here = self._partial_update_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "updateAttrs", body, context, here),
        )
        return await here(exchange, body, context) if everywhere is None else await everywhere

    def _spread(
        self, exchange: Exchange, operation: str, body: dict[str, Any] | None, context: Context, here: _Here
    ) -> Spread:
        entity_id, name = exchange.path["entityId"], _name(exchange, context)
        types = types_here(self._broker, exchange, context)
        return Spread(
            write=Write(operation=operation, entity_id=entity_id, types=types, body=body, attribute=name),
            sending=Sending(
                method=exchange.request.method,
                path=location("", "entities", entity_id, "attrs"),
                attribute=name,
                parameters=passed_on(exchange),
            ),
            here=lambda rest: here(exchange, rest, context),
            check=lambda: _instances(exchange, body, context, partial=operation == "updateAttrs"),
            of_attributes=True,
        )

    async def _partial_update_here(
        self, exchange: Exchange, body: dict[str, Any], context: Context
    ) -> Response:
        check_selected(self._broker, exchange, context)
        path = exchange.path
        instances = _instances(exchange, body, context, partial=True)
        await partial_update_attribute(
            self._broker, exchange.call, path["entityId"], _name(exchange, context), instances, context
        )
        return no_content()

    def replace(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._replace(exchange, body, known))

    async def _replace(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        here = self._replace_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "replaceAttrs", body, context, here),
        )
        return await here(exchange, body, context) if everywhere is None else await everywhere

    async def _replace_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        check_selected(self._broker, exchange, context)
        instances = _instances(exchange, body, context, partial=False)
        await replace_attribute(
            self._broker, exchange.call, exchange.path["entityId"], _name(exchange, context), instances
        )
        return no_content()

    def delete(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return write_in_context(exchange.link_context(), lambda context: self._delete(exchange, context))

    async def _delete(self, exchange: Exchange, context: Context) -> Response:
        here = self._delete_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "deleteAttrs", None, context, here),
        )
        return await here(exchange, {}, context) if everywhere is None else await everywhere

    async def _delete_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        del body
        check_selected(self._broker, exchange, context)
        scope = exchange.path["attrId"] == "scope"
        await delete_attribute(
            self._broker,
            exchange.call,
            exchange.path["entityId"],
            "scope" if scope else _name(exchange, context),
            dataset_id=exchange.parameters.text("datasetId"),
            delete_all=exchange.parameters.flag("deleteAll"),
        )
        return no_content()


def _instances(
    exchange: Exchange, body: dict[str, Any] | None, context: Context, *, partial: bool
) -> list[Instance]:
    if body is None:
        return []
    return expand_attribute(body, context, now=iso(exchange.now_us), allow_null=partial, partial=partial)


def _name(exchange: Exchange, context: Context) -> str:
    return attribute_iri(exchange.path["attrId"], context, pointer="attrId")
