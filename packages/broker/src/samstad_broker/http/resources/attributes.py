"""/entities/{entityId}/attrs: append and update (clauses 6.6.3.1, 6.6.3.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from samstad_broker.http.context_binding import write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.selecting import check_selected
from samstad_broker.http.resources.spreading import Spread, passed_on, spread, types_here
from samstad_broker.http.responses import location, multi_status, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.attributes.append import append_attributes
from samstad_broker.service.attributes.update import update_attributes
from samstad_broker.service.broker import Broker
from samstad_broker.spi.forwarder import Sending, Write
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.entities.expand import expand_fragment
from samstad_ngsild.merge import Change

__all__ = ["routes"]

_PATH = "/entities/{entityId}/attrs/"
_Here = Callable[[Exchange, dict[str, Any], Context], Awaitable[Response]]


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the resource."""
    resource = _Attributes(broker)
    plain = frozenset({"type", "local"})
    return [
        Route(method="POST", path=_PATH, handler=resource.append, parameters=plain | {"options"}),
        Route(method="PATCH", path=_PATH, handler=resource.update, parameters=plain),
    ]


class _Attributes:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def append(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._append(exchange, body, known))

    async def _append(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        here = self._append_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "appendAttrs", body, context, here),
        )
        return await here(exchange, body, context) if everywhere is None else await everywhere

    def _spread(
        self, exchange: Exchange, operation: str, body: dict[str, Any], context: Context, here: _Here
    ) -> Spread:
        entity_id = exchange.path["entityId"]
        types = types_here(self._broker, exchange, context)
        return Spread(
            write=Write(operation=operation, entity_id=entity_id, types=types, body=body),
            sending=Sending(
                method=exchange.request.method,
                path=location("", "entities", entity_id, "attrs"),
                parameters=passed_on(exchange),
            ),
            here=lambda rest: here(exchange, rest, context),
            check=lambda: _fragment(exchange, body, context, allow_null=operation == "updateAttrs"),
            of_attributes=True,
        )

    async def _append_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        check_selected(self._broker, exchange, context)
        overwrite = "noOverwrite" not in exchange.parameters.options(frozenset({"noOverwrite"}))
        fragment = _fragment(exchange, body, context, allow_null=False)
        entity_id = exchange.path["entityId"]
        change = await append_attributes(
            self._broker, exchange.call, entity_id, fragment, overwrite=overwrite
        )
        return _outcome(change, context)

    def update(self, exchange: Exchange) -> Response | Awaitable[Response]:
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._update(exchange, body, known))

    async def _update(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        here = self._update_here
        everywhere = spread(
            self._broker,
            exchange,
            context,
            lambda: self._spread(exchange, "updateAttrs", body, context, here),
        )
        return await here(exchange, body, context) if everywhere is None else await everywhere

    async def _update_here(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        check_selected(self._broker, exchange, context)
        fragment = _fragment(exchange, body, context, allow_null=True)
        change = await update_attributes(self._broker, exchange.call, exchange.path["entityId"], fragment)
        return _outcome(change, context)


def _fragment(
    exchange: Exchange, body: dict[str, Any], context: Context, *, allow_null: bool
) -> EntityDocument:
    return expand_fragment(body, context, now=iso(exchange.now_us), allow_null=allow_null)


def _outcome(change: Change, context: Context) -> Response:
    """Answer 204, or 207 with what was and what was not updated, in the caller's names (clause 5.2.18)."""
    if not change.not_updated:
        return no_content()
    failed = [
        {"attributeName": context.compact(item.attribute), "reason": item.reason}
        for item in change.not_updated
    ]
    left = {item.attribute for item in change.not_updated} - change.differs
    updated = [context.compact(name) for name in change.changed if name not in left]
    return multi_status({"updated": updated, "notUpdated": failed})
