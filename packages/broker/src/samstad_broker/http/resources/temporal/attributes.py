"""/temporal/entities/{entityId}/attrs: add attributes (clause 6.20.3.1)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from samstad_broker.http.context_binding import write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.temporal.bodies import read_evolution
from samstad_broker.http.resources.temporal.naming import check_same_id
from samstad_broker.http.responses import no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.temporal.append import append_to_evolution
from samstad_ngsild.context import Context

__all__ = ["routes"]

_PATH = "/temporal/entities/{entityId}/attrs/"


def routes(broker: Broker) -> list[Route]:
    """Return the route of the resource."""
    handler = _Attributes(broker).append
    return [Route(method="POST", path=_PATH, handler=handler, parameters=frozenset({"local"}))]


class _Attributes:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def append(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Add attributes to the temporal evolution of an entity."""
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._append(exchange, body, known))

    async def _append(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        entity_id = exchange.path["entityId"]
        fragment = await read_evolution(exchange, body, context)
        check_same_id(fragment.get("id", entity_id), entity_id)
        await append_to_evolution(self._broker, exchange.call, entity_id, fragment)
        return no_content()
