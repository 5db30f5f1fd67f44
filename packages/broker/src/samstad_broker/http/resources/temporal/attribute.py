"""/temporal/entities/{entityId}/attrs/{attrId}: delete (clause 6.21.3.1)."""

from __future__ import annotations

from collections.abc import Awaitable

from samstad_broker.http.context_binding import write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.temporal.naming import named_attribute
from samstad_broker.http.responses import no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.temporal.delete_attribute import delete_attribute_from_evolution
from samstad_ngsild.context import Context

__all__ = ["routes"]

_PATH = "/temporal/entities/{entityId}/attrs/{attrId}"


def routes(broker: Broker) -> list[Route]:
    """Return the route of the resource."""
    handler, known = _Attribute(broker).delete, frozenset({"datasetId", "deleteAll", "local"})
    return [Route(method="DELETE", path=_PATH, handler=handler, parameters=known)]


class _Attribute:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def delete(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Delete an attribute from the temporal evolution of an entity."""
        return write_in_context(exchange.link_context(), lambda context: self._delete(exchange, context))

    async def _delete(self, exchange: Exchange, context: Context) -> Response:
        parameters = exchange.parameters
        await delete_attribute_from_evolution(
            self._broker,
            exchange.call,
            exchange.path["entityId"],
            named_attribute(exchange, context),
            dataset_id=parameters.text("datasetId"),
            delete_all=parameters.flag("deleteAll"),
        )
        return no_content()
