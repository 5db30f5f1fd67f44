"""/info/sourceIdentity: which context source this is (clauses 5.15, 6.33)."""

from __future__ import annotations

from collections.abc import Awaitable

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import one
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_ngsild.context import Context
from samstad_ngsild.entities.dates import iso

__all__ = ["routes"]


def routes(broker: Broker) -> list[Route]:
    """Return the route of the resource; the uptime counts from here."""
    resource = _SourceIdentity(broker, started_us=broker.clock.now_us())
    return [Route(method="GET", path="/info/sourceIdentity", handler=resource.retrieve)]


class _SourceIdentity:
    def __init__(self, broker: Broker, *, started_us: int) -> None:
        self._broker = broker
        self._started_us = started_us

    def retrieve(self, exchange: Exchange) -> Response | Awaitable[Response]:
        return use_context(exchange.link_context(), lambda context: self._identity(exchange, context))

    def _identity(self, exchange: Exchange, context: Context) -> Response:
        uptime_s = (exchange.now_us - self._started_us) // 1_000_000
        # Each tenant is a source of its own, and so calls itself in Via (clauses 4.3.6.4, 5.2.40).
        tenant = exchange.tenant
        alias = f"{self._broker.alias}~{tenant}" if tenant else self._broker.alias
        return one(
            exchange,
            context,
            {
                "id": f"urn:ngsi-ld:ContextSourceIdentity:{alias}",
                "type": "ContextSourceIdentity",
                "contextSourceAlias": alias,
                "contextSourceUptime": f"PT{uptime_s}S",
                "contextSourceTimeAt": iso(exchange.now_us),
            },
        )
