"""Everything beside the NGSI-LD API on the same port: pages, models, help, health, access administration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from samstad_access.http.app import create_app
from samstad_broker.http.problems import problem_body, respond_to
from samstad_broker.service.call import Call
from samstad_broker.spi.authorizer import Operation
from samstad_models.pages import Site, choose_language, respond
from samstad_node.broker_role.live import LiveFeed
from samstad_node.broker_role.parts import Parts
from samstad_node.observe import Check, CheckState, aggregate, health_answer, metrics_answer, ready_answer
from samstad_node.observe.answers import Answer
from samstad_node.supervisor.role import RoleContext

__all__ = ["other_surfaces"]

_HTML = "text/html; charset=utf-8"
_STYLES = ("/static/samstad.css",)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

Endpoint = Callable[[Request], Awaitable[Response]]


def other_surfaces(context: RoleContext, parts: Parts) -> Starlette:
    """Return the ASGI app of all paths outside ``/ngsi-ld/v1``."""
    feed = LiveFeed()
    parts.broker.writer.listen(feed.publish)
    routes: list[BaseRoute] = [
        Route("/live", _live(context, parts, feed)),
        Route("/models", _models),
        Route("/models/{rest:path}", _models),
        *_observed(context, parts),
    ]
    if parts.access is not None:
        routes.append(Mount("/", create_app(parts.access, now_us=context.clock.now_us)))
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=_secured)])


async def _secured(request: Request, go_on: RequestResponseEndpoint) -> Response:
    """Add the headers that keep pages from running or showing what is not ours."""
    response = await go_on(request)
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def _not_found() -> Response:
    body = problem_body("not-found", title="Not found", status=404, detail="There is no such page here.")
    return Response(body, 404, media_type="application/problem+json")


async def _models(request: Request) -> Response:
    language = choose_language(
        parameter=request.query_params.get("lang"), accept_language=request.headers.get("accept-language")
    )
    path, accept = request.url.path, request.headers.get("accept")
    found = respond(path, accept=accept, language=language, site=Site(stylesheets=_STYLES))
    if found is None:
        return _not_found()
    return Response(found.body, headers=dict(found.headers), media_type=found.media_type)


def _live(context: RoleContext, parts: Parts, feed: LiveFeed) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        tenant = request.headers.get("ngsild-tenant", "")
        try:
            caller = parts.authorizer.identify(dict(request.headers), now_us=context.clock.now_us())
            call = Call(
                caller=caller, authorizer=parts.authorizer, tenant=tenant, now_us=context.clock.now_us()
            )
            parts.broker.data(call)
        except Exception as error:  # noqa: BLE001 - the one table of the broker answers every error
            answer = respond_to(error, new_incident=lambda: "live")
            return Response(answer.body, answer.status, dict(answer.headers))
        if feed.is_full:
            body = problem_body(
                "overloaded", title="Overloaded", status=503, detail="Too many browsers follow this node."
            )
            return Response(body, 503, {"Retry-After": "10"}, "application/problem+json")
        events = feed.listen(tenant, lambda types: call.may_all(Operation.READ, types))
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return endpoint


def _observed(context: RoleContext, parts: Parts) -> list[BaseRoute]:
    _count_state(context, parts)

    def health() -> Answer:
        return health_answer(aggregate({context.name: _checks(parts)}))

    def ready() -> Answer:
        return ready_answer(aggregate({context.name: _checks(parts)}))

    def metrics() -> Answer:
        return metrics_answer(context.metrics)

    def endpoint(answer: Callable[[], Answer]) -> Endpoint:
        async def respond_with(_: Request) -> Response:
            found = answer()
            return Response(found.body, found.status, media_type=found.media_type)

        return respond_with

    return [
        Route("/health", endpoint(health)),
        Route("/ready", endpoint(ready)),
        Route("/metrics", endpoint(metrics)),
    ]


def _checks(parts: Parts) -> list[Check]:
    broken = parts.broker.writer.broken
    state = CheckState.OK if broken is None else CheckState.FAILED
    return [Check("log", state, "" if broken is None else str(broken))]


def _count_state(context: RoleContext, parts: Parts) -> None:
    state = parts.broker.state
    context.metrics.gauge(
        "samstad_entities",
        "Current entities of all tenants.",
        lambda: sum(len(dataset) for _, dataset in state.datasets()),
    )
    context.metrics.gauge(
        "samstad_log_position", "Number of the last durable row.", lambda: parts.store.log.head.number
    )
