"""/jsonldContexts and /jsonldContexts/{contextId} (CIM 009 clauses 6.29 and 6.30).

| request                       | operation                           | answers           |
|-------------------------------|-------------------------------------|-------------------|
| POST /jsonldContexts          | add @context (5.13.2)               | 201 with Location |
| GET /jsonldContexts           | list @contexts (5.13.3)             | 200               |
| GET /jsonldContexts/{id}      | serve @context (5.13.4)             | 200               |
| DELETE /jsonldContexts/{id}   | delete and reload @context (5.13.5) | 204               |
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import orjson

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import created, json_content, location, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.contexts import (
    ContextKind,
    Hosting,
    add_context,
    delete_context,
    describe_context,
    list_contexts,
    serve_context,
)

__all__ = ["routes"]

_ONE = "/jsonldContexts/{contextId}"
_KINDS = frozenset(kind.value for kind in ContextKind)


def routes(
    hosting: Hosting, *, new_id: Callable[[], str] | None = None, root: str = "/ngsi-ld/v1"
) -> list[Route]:
    """Return the routes of the resource.

    Args:
        hosting: the stored @contexts.
        new_id: gives the identifiers of those that clients add.
        root: the path under which the API stands, for Location.
    """
    resource = _Resource(hosting, new_id or _random_id, root)
    listing = frozenset({"details", "kind"})
    return [
        Route(method="POST", path="/jsonldContexts/", handler=resource.add),
        Route(method="GET", path="/jsonldContexts/", handler=resource.list, parameters=listing),
        Route(method="GET", path=_ONE, handler=resource.serve, parameters=frozenset({"details"})),
        Route(method="DELETE", path=_ONE, handler=resource.delete, parameters=frozenset({"reload"})),
    ]


def _random_id() -> str:
    return f"urn:ngsi-ld:HostedContext:{uuid.uuid4()}"


class _Resource:
    def __init__(self, hosting: Hosting, new_id: Callable[[], str], root: str) -> None:
        self._hosting = hosting
        self._new_id = new_id
        self._root = root

    async def add(self, exchange: Exchange) -> Response:
        body = exchange.content().value
        local_id = await add_context(self._hosting, exchange.call, body, new_id=self._new_id())
        return created(location(self._root, "jsonldContexts", local_id))

    def list(self, exchange: Exchange) -> Response:
        kind = exchange.parameters.choice("kind", _KINDS)
        details = exchange.parameters.flag("details")
        found = list_contexts(self._hosting, exchange.call, kind=None if kind is None else ContextKind(kind))
        return json_content([describe_context(stored) if details else stored.url for stored in found])

    def serve(self, exchange: Exchange) -> Response:
        context_id = exchange.path["contextId"]
        if exchange.parameters.flag("details"):
            return json_content(describe_context(self._hosting.get(exchange.call, context_id)))
        document = serve_context(self._hosting, exchange.call, context_id)
        return Response(200, [("Content-Type", exchange.media_type)], orjson.dumps(document))

    async def delete(self, exchange: Exchange) -> Response:
        reload = exchange.parameters.flag("reload")
        await delete_context(self._hosting, exchange.call, exchange.path["contextId"], reload=reload)
        return no_content()
