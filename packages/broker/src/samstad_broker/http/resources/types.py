"""/types and /attributes: which there are, and what they hold (clauses 6.25 to 6.28)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.distributed import asked_by, is_distributed, warn
from samstad_broker.http.responses import many, one
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.discovery.attributes import describe_attribute, list_attributes
from samstad_broker.service.discovery.types import describe_type, list_types
from samstad_ngsild.context import Context
from samstad_ngsild.entities.names import attribute_iri, type_iri

__all__ = ["routes"]


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the resources."""
    resource = _Discovery(broker)
    details = frozenset({"details", "local"})
    local = frozenset({"local"})
    return [
        Route(method="GET", path="/types/", handler=resource.get(resource.types), parameters=details),
        Route(method="GET", path="/types/{type}", handler=resource.get(resource.type), parameters=local),
        Route(
            method="GET", path="/attributes/", handler=resource.get(resource.attributes), parameters=details
        ),
        Route(
            method="GET",
            path="/attributes/{attrId}",
            handler=resource.get(resource.attribute),
            parameters=local,
        ),
    ]


_Show = Callable[[Exchange, Context], Response | Awaitable[Response]]


class _Discovery:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @staticmethod
    def get(show: _Show) -> Callable[[Exchange], Response | Awaitable[Response]]:
        def handler(exchange: Exchange) -> Response | Awaitable[Response]:
            return use_context(exchange.link_context(), lambda context: show(exchange, context))

        return handler

    def types(self, exchange: Exchange, context: Context) -> Response | Awaitable[Response]:
        found = list_types(self._broker, exchange.call)
        if is_distributed(self._broker, exchange):
            return self._types_everywhere(exchange, context, found)
        return self._show_types(exchange, context, found)

    async def _types_everywhere(
        self, exchange: Exchange, context: Context, found: dict[str, set[str]]
    ) -> Response:
        others, warnings = await self._broker.forwarder.list_types(asked_by(exchange, context))
        for name, attributes in others.items():
            found[name] = found.get(name, set()) | attributes
        return warn(self._show_types(exchange, context, found), warnings)

    def _show_types(self, exchange: Exchange, context: Context, found: dict[str, set[str]]) -> Response:
        if exchange.parameters.flag("details"):
            return many(exchange, context, [_type(name, found[name], context) for name in sorted(found)])
        names = sorted(map(context.compact, found))
        identity = "urn:ngsi-ld:EntityTypeList:local"
        return one(exchange, context, {"id": identity, "type": "EntityTypeList", "typeList": names})

    def type(self, exchange: Exchange, context: Context) -> Response:
        name = type_iri(exchange.path["type"], context, pointer="type")
        found = describe_type(self._broker, exchange.call, name)
        details = [
            {
                "id": attribute,
                "type": "Attribute",
                "attributeName": context.compact(attribute),
                "attributeTypes": sorted(kinds),
            }
            for attribute, kinds in sorted(found.attributes.items())
        ]
        return one(
            exchange,
            context,
            {
                "id": name,
                "type": "EntityTypeInformation",
                "typeName": context.compact(name),
                "entityCount": found.entity_count,
                "attributeDetails": details,
            },
        )

    def attributes(self, exchange: Exchange, context: Context) -> Response | Awaitable[Response]:
        found = list_attributes(self._broker, exchange.call)
        if is_distributed(self._broker, exchange):
            return self._attributes_everywhere(exchange, context, found)
        return self._show_attributes(exchange, context, found)

    async def _attributes_everywhere(
        self, exchange: Exchange, context: Context, found: dict[str, set[str]]
    ) -> Response:
        others, warnings = await self._broker.forwarder.list_types(asked_by(exchange, context))
        for name, attributes in others.items():
            for attribute in attributes:
                found[attribute] = found.get(attribute, set()) | {name}
        return warn(self._show_attributes(exchange, context, found), warnings)

    def _show_attributes(self, exchange: Exchange, context: Context, found: dict[str, set[str]]) -> Response:
        if exchange.parameters.flag("details"):
            shown = [_attribute(name, found[name], context) for name in sorted(found)]
            return many(exchange, context, shown)
        names = sorted(map(context.compact, found))
        identity = "urn:ngsi-ld:AttributeList:local"
        return one(exchange, context, {"id": identity, "type": "AttributeList", "attributeList": names})

    def attribute(self, exchange: Exchange, context: Context) -> Response:
        name = attribute_iri(exchange.path["attrId"], context, pointer="attrId")
        found = describe_attribute(self._broker, exchange.call, name)
        shown = _attribute(name, found.types, context)
        shown |= {"attributeCount": found.entity_count, "attributeTypes": sorted(found.kinds)}
        return one(exchange, context, shown)


def _type(name: str, attributes: set[str], context: Context) -> dict[str, Any]:
    return {
        "id": name,
        "type": "EntityType",
        "typeName": context.compact(name),
        "attributeNames": sorted(map(context.compact, attributes)),
    }


def _attribute(name: str, types: set[str], context: Context) -> dict[str, Any]:
    return {
        "id": name,
        "type": "Attribute",
        "attributeName": context.compact(name),
        "typeNames": sorted(map(context.compact, types)),
    }
