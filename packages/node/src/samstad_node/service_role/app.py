"""The HTTP side of a service's process: for the gate of its node alone, which proves itself by a secret.

| path                 | what it is                                                       |
|----------------------|------------------------------------------------------------------|
| ``/table``           | the endpoints and who may use them, as JSON                      |
| ``/health``          | the service's own checks, as JSON                                |
| ``/metrics``         | of this process, for Prometheus                                  |
| ``/notifications``   | where the broker tells what the service follows                  |
| ``/v1/...``          | the service's endpoints                                          |
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from samstad_node.observe import Metrics, metrics_answer
from samstad_node.pages.answering import problem_answer
from samstad_node.service_role.answering import answer_to
from samstad_node.service_role.following import Following
from samstad_plugin import Plugin
from samstad_plugin.service import Caller, Check, CheckState, Demand, Endpoint, OwnCheck, Service

__all__ = ["CALLER", "CREDENTIALS", "GATE", "TENANT", "EndpointRow", "service_app"]

GATE = "samstad-gate"
"""The header that proves the gate."""
CALLER = "samstad-caller"
TENANT = "ngsild-tenant"
CREDENTIALS = ("authorization", "x-api-key", "cookie", "x-csrf-token")
"""Headers by which the broker identifies a caller; a service may use them to act in its name."""

Handler = Callable[[Request], Awaitable[Response]]


class EndpointRow(msgspec.Struct, frozen=True):
    """One endpoint as the gate needs to know it."""

    method: str
    path: str
    admission: Demand | OwnCheck


def service_app(
    plugin: Plugin, service: Service, following: Following, *, metrics: Metrics, secret: str
) -> Starlette:
    """Return the app of a running service."""
    problems = {problem.name: problem for problem in plugin.problems}

    def guarded(handler: Handler, opened_by: str = secret) -> Handler:
        async def answer(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get(GATE, "").encode(), opened_by.encode()):
                return problem_answer(401, "unauthenticated", "Ask the node: this port is its own.")
            try:
                return await handler(request)
            except Exception as error:  # noqa: BLE001 - the one place where errors become responses
                return answer_to(error, errors=service.errors, problems=problems)

        return answer

    async def notify(request: Request) -> Response:
        await following.notified.take(await request.body())
        return Response(status_code=204)

    table = msgspec.json.encode(
        [EndpointRow(one.method, one.path, one.admission) for one in service.endpoints]
    )

    async def metrics_of(_: Request) -> Response:
        answer = metrics_answer(metrics)
        return Response(answer.body, answer.status, media_type=answer.media_type)

    async def health(_: Request) -> Response:
        return _json(msgspec.json.encode([*_following(following), *service.checks()]))

    async def endpoints(_: Request) -> Response:
        return _json(table)

    own: list[BaseRoute] = [
        Route("/table", guarded(endpoints), methods=["GET"]),
        Route("/health", guarded(health), methods=["GET"]),
        Route("/metrics", guarded(metrics_of), methods=["GET"]),
        Route("/notifications", guarded(notify, following.secret), methods=["POST"]),
    ]
    return Starlette(routes=[*own, *_routes(service.endpoints, guarded)])


def _routes(endpoints: Sequence[Endpoint], guarded: Callable[[Handler], Handler]) -> list[BaseRoute]:
    return [
        Route("/v1" + one.path, guarded(_introduced(one.handler)), methods=[one.method]) for one in endpoints
    ]


def _introduced(handler: Handler) -> Handler:
    """Give a handler the caller that the gate has found."""

    async def answer(request: Request) -> Response:
        headers = request.headers
        credentials = {name: headers[name] for name in CREDENTIALS if name in headers}
        request.state.caller = Caller(headers.get(CALLER, ""), headers.get(TENANT, ""), credentials)
        return await handler(request)

    return answer


def _following(following: Following) -> list[Check]:
    if not following.waiting:
        return []
    detail = f"not subscribed yet: {', '.join(following.waiting)}; what changes meanwhile is caught up with"
    return [Check("following", CheckState.DEGRADED, detail)]


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
