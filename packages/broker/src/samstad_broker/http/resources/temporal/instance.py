"""/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}: modify, delete (clauses 6.22.3.1, 6.22.3.2)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from samstad_broker.http.context_binding import write_in_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.temporal.bodies import read_evolution
from samstad_broker.http.resources.temporal.naming import check_same_id, named_attribute
from samstad_broker.http.responses import no_content
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.temporal.delete_instance import delete_instance
from samstad_broker.service.temporal.modify_instance import modify_instance
from samstad_broker.service.temporal.staging import added_instances
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument, Instance
from samstad_ngsild.errors import BadRequestData

__all__ = ["routes"]

_PATH = "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}"


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the resource."""
    resource, local = _Instance(broker), frozenset({"local"})
    return [
        Route(method="PATCH", path=_PATH, handler=resource.modify, parameters=local),
        Route(method="DELETE", path=_PATH, handler=resource.delete, parameters=local),
    ]


class _Instance:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def modify(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Replace one instance of an attribute in a temporal evolution."""
        body, context = exchange.content_context()
        return write_in_context(context, lambda known: self._modify(exchange, body, known))

    async def _modify(self, exchange: Exchange, body: dict[str, Any], context: Context) -> Response:
        path, name = exchange.path, named_attribute(exchange, context)
        fragment = await read_evolution(exchange, body, context)
        check_same_id(fragment.get("id", path["entityId"]), path["entityId"])
        instance = _the_one(fragment, name, pointer=path["attrId"])
        await modify_instance(
            self._broker, exchange.call, path["entityId"], name, path["instanceId"], instance=instance
        )
        return no_content()

    def delete(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Delete one instance of an attribute from a temporal evolution."""
        return write_in_context(exchange.link_context(), lambda context: self._delete(exchange, context))

    async def _delete(self, exchange: Exchange, context: Context) -> Response:
        path, name = exchange.path, named_attribute(exchange, context)
        await delete_instance(self._broker, exchange.call, path["entityId"], name, path["instanceId"])
        return no_content()


def _the_one(fragment: EntityDocument, name: str, *, pointer: str) -> Instance:
    """Return the instance that the body holds: the one of the attribute, and nothing else (5.6.14.3)."""
    added = added_instances(fragment)
    instances = added.pop(name, [])
    if len(instances) != 1 or added:
        raise BadRequestData(
            f"The body holds the attribute {pointer} with an array of exactly one instance, and no other.",
            pointer=f"/{pointer}",
        )
    return instances[0]
