"""Everything beside the NGSI-LD API on the same port: pages, health, and the administration of access."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samstad_access.http.app import BASE, create_app
from samstad_broker.http.router import Route
from samstad_broker.service.writer import Writer
from samstad_broker.spi.authorizer import Operation
from samstad_models.contexts import CITY, context_url
from samstad_ngsild.context import CORE
from samstad_node.admin.redactions import redaction_routes
from samstad_node.broker_role.metering import count_state
from samstad_node.broker_role.parts import Parts
from samstad_node.gate import gate_routes
from samstad_node.observe import Check, CheckState, NodeHealth, aggregate
from samstad_node.pages import LiveRows, NotedBreach, create_pages, doors_of, reader_of
from samstad_node.plugins import broken
from samstad_node.release import release
from samstad_node.supervisor.role import RoleContext

__all__ = ["other_surfaces"]


def other_surfaces(context: RoleContext, parts: Parts, routes: Iterable[Route]) -> Starlette:
    """Return the ASGI app of all paths outside ``/ngsi-ld/v1``."""
    live = LiveRows()
    parts.broker.writer.listen(live.publish)
    count_state(context.metrics, parts)

    def health() -> NodeHealth:
        return aggregate({context.name: _checks(parts), **parts.services.checks(), **_unusable()})

    pages = create_pages(
        live=live,
        reader=reader_of(parts.authorizer, context.clock),
        routes=routes,
        version=release(),
        health=health,
        metrics=context.metrics,
        more_metrics=parts.services.expositions,
        shorten=CORE.compact,
        breaches=_breaches(context, parts),
        doors=doors_of(
            parts.authorizer,
            context.clock,
            pages="pages" in context.settings.http.login_for,
            metrics="metrics" in context.settings.http.login_for,
        ),
    )
    own: list[BaseRoute] = [
        *redaction_routes(
            parts.broker,
            parts.authorizer,
            lambda: parts.contexts.resolve(context_url(CITY), now_us=context.clock.now_us()),
            now_us=context.clock.now_us,
        ),
        *gate_routes(
            parts.services,
            parts.authorizer,
            now_us=context.clock.now_us,
            new_incident=lambda: secrets.token_hex(8),
            metrics=context.metrics,
        ),
    ]
    if parts.access is None:
        return Starlette(routes=[*own, Mount("/", pages)])
    administration = create_app(parts.access, now_us=context.clock.now_us)
    own += [
        Mount(BASE, app=_accounted(route.app, parts.broker.writer))
        for route in administration.routes
        if isinstance(route, Mount) and route.path == BASE
    ]
    return Starlette(routes=[*own, Mount("/", pages)], exception_handlers=administration.exception_handlers)


def _accounted(app: ASGIApp, writer: Writer) -> ASGIApp:
    """Let an act be answered only when the audit entries that it left are durable (I3)."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                await writer.flushed()
            await send(message)

        await app(scope, receive, told)

    return answer


def _breaches(
    context: RoleContext, parts: Parts
) -> Callable[[Mapping[str, str], str], Iterable[NotedBreach]]:
    """Return what a caller may see: breaches of entities that it may read."""
    authorizer = parts.authorizer

    def seen(headers: Mapping[str, str], peer: str) -> Iterable[NotedBreach]:
        caller = authorizer.identify(headers, now_us=context.clock.now_us(), peer=peer)
        return parts.models.readable(
            lambda tenant, kind: authorizer.may(caller, tenant, Operation.READ, kind)
        )

    return seen


def _unusable() -> dict[str, list[Check]]:
    """Tell of services that are installed and cannot be used; they never make the node unready."""
    return {name: [Check("plugin", CheckState.DEGRADED, reason)] for name, reason in broken().items()}


def _checks(parts: Parts) -> list[Check]:
    broken = parts.broker.writer.broken
    log = Check("log", CheckState.OK) if broken is None else Check("log", CheckState.FAILED, str(broken))
    checks = [log, _works("history", parts.history.failure)]
    if parts.keys is not None:
        checks.append(_works("keys", parts.keys.fault))
    return checks


def _works(name: str, fault: str | None) -> Check:
    return Check(name, CheckState.OK) if fault is None else Check(name, CheckState.DEGRADED, fault)
