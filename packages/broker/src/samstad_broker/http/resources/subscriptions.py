"""/subscriptions and /subscriptions/{subscriptionId} (CIM 009 clauses 6.10 and 6.11).

| request                       | operation                     | answers                       |
|-------------------------------|-------------------------------|-------------------------------|
| POST /subscriptions           | create subscription (5.8.1)   | 201 with Location             |
| GET /subscriptions            | query subscriptions (5.8.4)   | 200, a page                   |
| GET /subscriptions/{id}       | retrieve subscription (5.8.3) | 200                           |
| PATCH /subscriptions/{id}     | update subscription (5.8.2)   | 204                           |
| DELETE /subscriptions/{id}    | delete subscription (5.8.5)   | 204                           |
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import created, location, many, no_content, one, page_headers
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions import (
    Subscriptions,
    create_subscription,
    delete_subscription,
    list_subscriptions,
    retrieve_subscription,
    update_subscription,
)
from samstad_ngsild.context import Context

__all__ = ["routes"]

_OPTIONS = frozenset({"sysAttrs"})

HostContext = Callable[[Call, Context], Awaitable[Context]]
"""Gives an @context that no single URL names a URL of its own, for notifications with a Link header."""


def routes(  # noqa: PLR0913 - what the composition root wires, each by its name
    broker: Broker,
    subscriptions: Subscriptions,
    *,
    host_context: HostContext | None = None,
    new_id: Callable[[], str] | None = None,
    name: str = "subscriptions",
    root: str = "/ngsi-ld/v1",
) -> list[Route]:
    """Return the routes of the resource.

    Args:
        broker: knows the tenants and the limits of pages.
        subscriptions: where they are kept.
        host_context: hosts the @context that a subscription came with, where it has no URL (clause 5.13.1).
        new_id: gives the id of a subscription that came without one.
        name: of the resource.
        root: the path under which the API stands, for Location.
    """
    resource = _Resource(broker, subscriptions, host_context, new_id or _random_id, (root, name))
    every, one_of_them = f"/{name}/", f"/{name}/{{subscriptionId}}"
    options = frozenset({"options"})
    paging = frozenset({"limit", "offset", "count", "options"})
    return [
        Route(method="POST", path=every, handler=resource.create),
        Route(method="GET", path=every, handler=resource.list, parameters=paging),
        Route(method="GET", path=one_of_them, handler=resource.retrieve, parameters=options),
        Route(method="PATCH", path=one_of_them, handler=resource.update),
        Route(method="DELETE", path=one_of_them, handler=resource.delete),
    ]


def _random_id() -> str:
    return f"urn:ngsi-ld:Subscription:{uuid.uuid4()}"


class _Resource:
    def __init__(
        self,
        broker: Broker,
        subscriptions: Subscriptions,
        host_context: HostContext | None,
        new_id: Callable[[], str],
        place: tuple[str, str],
    ) -> None:
        self._broker = broker
        self._subscriptions = subscriptions
        self._host_context = host_context
        self._new_id = new_id
        self._place = place

    async def create(self, exchange: Exchange) -> Response:
        body, pending = exchange.content_context()
        context = pending if isinstance(pending, Context) else await pending
        call = exchange.call
        if self._host_context is not None and context.link is None:
            context = await self._host_context(call, context)
        new_id = await create_subscription(self._subscriptions, call, body, context, new_id=self._new_id())
        return created(location(*self._place, new_id))

    def list(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._list(exchange, context))

    def _list(self, exchange: Exchange, context: Context) -> Response:
        call, limits = self._known(exchange), self._broker.limits
        page = exchange.parameters.page(default=limits.default_page, maximum=limits.page)
        found = list_subscriptions(
            self._subscriptions,
            call,
            context,
            limit=page.limit,
            offset=page.offset,
            sys_attrs=_sys_attrs(exchange),
        )
        more = page.offset + page.limit < found.total
        headers = page_headers(exchange, page, more=more, total=found.total)
        response = many(exchange, context, found.members)
        response.headers += headers
        return response

    def retrieve(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._retrieve(exchange, context))

    def _retrieve(self, exchange: Exchange, context: Context) -> Response:
        content = retrieve_subscription(
            self._subscriptions,
            self._known(exchange),
            exchange.path["subscriptionId"],
            context,
            sys_attrs=_sys_attrs(exchange),
        )
        return one(exchange, context, content)

    async def update(self, exchange: Exchange) -> Response:
        call = self._known(exchange)
        body, pending = exchange.content_context()
        context = pending if isinstance(pending, Context) else await pending
        await update_subscription(self._subscriptions, call, exchange.path["subscriptionId"], body, context)
        return no_content()

    async def delete(self, exchange: Exchange) -> Response:
        await delete_subscription(self._subscriptions, self._known(exchange), exchange.path["subscriptionId"])
        return no_content()

    def _known(self, exchange: Exchange) -> Call:
        """Return the call of a request that does not begin a tenant (clause 5.5.10)."""
        call = exchange.call
        self._broker.data(call)
        return call


def _sys_attrs(exchange: Exchange) -> bool:
    return "sysAttrs" in exchange.parameters.options(_OPTIONS)
