"""/csourceRegistrations and /csourceRegistrations/{registrationId} (CIM 009 clauses 6.8 and 6.9)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from samstad_broker.domain.registrations.representation import represent_progress, represent_registration
from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import created, location, many, no_content, one, page_headers
from samstad_broker.http.router import Route
from samstad_broker.service.registrations import (
    Registrations,
    create_registration,
    delete_registration,
    may_change,
    query_registrations,
    update_registration,
)
from samstad_ngsild.context import Context
from samstad_ngsild.query import parse_query_params
from samstad_ngsild.temporal.temporal_query import parse_temporal_params

__all__ = ["routes"]

_ONE = "/csourceRegistrations/{registrationId}"
_TIME = frozenset({"timerel", "timeAt", "endTimeAt", "timeproperty"})
_PAGE = frozenset({"limit", "offset", "count", "options"})
_QUERY = frozenset(
    {
        "type",
        "id",
        "idPattern",
        "attrs",
        "q",
        "csf",
        "scopeQ",
        "georel",
        "geometry",
        "coordinates",
        "geoproperty",
    }
)


def routes(
    registrations: Registrations, *, new_id: Callable[[], str] | None = None, root: str = "/ngsi-ld/v1"
) -> list[Route]:
    """Return the routes of the resource; ``new_id`` gives the id of a registration without one."""
    resource = _Resource(registrations, new_id or _random_id, root)
    listing = _QUERY | _TIME | _PAGE
    path = "/csourceRegistrations/"
    return [
        Route(method="POST", path=path, handler=resource.create),
        Route(method="GET", path=path, handler=resource.list, parameters=listing),
        Route(method="GET", path=_ONE, handler=resource.retrieve, parameters=frozenset({"options"})),
        Route(method="PATCH", path=_ONE, handler=resource.update),
        Route(method="DELETE", path=_ONE, handler=resource.delete),
    ]


def _random_id() -> str:
    return f"urn:ngsi-ld:ContextSourceRegistration:{uuid.uuid4()}"


class _Resource:
    def __init__(self, registrations: Registrations, new_id: Callable[[], str], root: str) -> None:
        self._registrations = registrations
        self._new_id = new_id
        self._root = root

    async def create(self, exchange: Exchange) -> Response:
        body, pending = exchange.content_context()
        context = pending if isinstance(pending, Context) else await pending
        new_id = await create_registration(
            self._registrations, exchange.call, body, context, new_id=self._new_id()
        )
        return created(location(self._root, "csourceRegistrations", new_id))

    def list(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._list(exchange, context))

    def _list(self, exchange: Exchange, context: Context) -> Response:
        limits, values = self._registrations.broker.limits, exchange.parameters.values
        page = exchange.parameters.page(default=limits.default_page, maximum=limits.page)
        sys_attrs = _sys_attrs(exchange)
        query = parse_query_params({k: v for k, v in values.items() if k in _QUERY}, context)
        temporal = parse_temporal_params({k: v for k, v in values.items() if k in _TIME})
        found = query_registrations(self._registrations, exchange.call, query, temporal)
        shown = found[page.offset : page.offset + page.limit]
        response = many(
            exchange, context, [self._shown(exchange, item, context, sys_attrs=sys_attrs) for item in shown]
        )
        more = page.offset + page.limit < len(found)
        response.headers += page_headers(exchange, page, more=more, total=len(found))
        return response

    def retrieve(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._retrieve(exchange, context))

    def _retrieve(self, exchange: Exchange, context: Context) -> Response:
        stored = self._registrations.get(exchange.call, exchange.path["registrationId"])
        content = self._shown(exchange, stored, context, sys_attrs=_sys_attrs(exchange))
        return one(exchange, context, content)

    def _shown(
        self, exchange: Exchange, stored: Mapping[str, Any], context: Context, *, sys_attrs: bool
    ) -> dict[str, Any]:
        """Show a registration; what its source is told, keys among it, only to who may change it."""
        secrets = may_change(exchange.call, stored)
        body = represent_registration(stored, context, sys_attrs=sys_attrs, with_secrets=secrets)
        forwarder = self._registrations.broker.forwarder
        progress = forwarder.progress(exchange.tenant, stored["body"]["id"])
        return body if progress is None else body | represent_progress(**progress._asdict())

    async def update(self, exchange: Exchange) -> Response:
        body, pending = exchange.content_context()
        context = pending if isinstance(pending, Context) else await pending
        registration_id = exchange.path["registrationId"]
        await update_registration(self._registrations, exchange.call, registration_id, body, context)
        return no_content()

    async def delete(self, exchange: Exchange) -> Response:
        await delete_registration(self._registrations, exchange.call, exchange.path["registrationId"])
        return no_content()


def _sys_attrs(exchange: Exchange) -> bool:
    return "sysAttrs" in exchange.parameters.options(frozenset({"sysAttrs"}))
