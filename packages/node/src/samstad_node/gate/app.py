"""``/<service>/v1/...``: identify, decide, hand on, stream back."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import aiohttp
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from samstad_broker.http.problems import respond_to
from samstad_broker.spi.authorizer import Authorizer, Caller, Forbidden, Operation
from samstad_node.gate.services import OneService, ServiceAway, Services
from samstad_node.observe import Metrics
from samstad_node.pages.answering import problem_answer, respond_with
from samstad_node.service_role.app import CALLER, GATE, TENANT
from samstad_plugin.service import Demand, OwnCheck

__all__ = ["gate_routes"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_OF_THE_CONNECTION = frozenset(
    {
        "connection", "content-length", "date", "expect", "host", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "server", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_WHOLE_BYTES = 1024 * 1024
"""An answer of known length up to this is read before it is handed on."""
_OURS = frozenset({GATE, CALLER})
"""What only the gate may say: a caller's own word for it is dropped."""


def gate_routes(
    services: Services,
    authorizer: Authorizer,
    *,
    now_us: Callable[[], int],
    new_incident: Callable[[], str],
    metrics: Metrics,
) -> list[BaseRoute]:
    """Return a route for each service.

    Args:
        services: of the node.
        authorizer: identifies and decides.
        now_us: the composition root's clock.
        new_incident: gives ids that join a response and the log.
        metrics: count the answers by service and status.
    """
    answered = metrics.counter(
        "samstad_gate_requests_total", "Requests to services by service and status.", ("service", "status")
    )

    def at(service: OneService) -> BaseRoute:
        async def enter(request: Request) -> Response:
            try:
                response = await _Entry(service, authorizer, request, now_us()).answer()
            except (ServiceAway, aiohttp.ClientError, TimeoutError, OSError) as error:
                detail = str(error) or f"The service {service.name} does not answer."
                response = problem_answer(503, "service-away", detail, {"Retry-After": "2"})
            except Exception as error:  # noqa: BLE001 - the one place where errors become responses
                told = respond_to(error, new_incident=new_incident)
                headers = {name: value for name, value in told.headers if name.lower() != "content-type"}
                response = respond_with(told.body, "application/json", status=told.status, headers=headers)
            answered.cell(service.name, str(response.status_code)).count += 1
            return response

        return Route(f"/{service.name}/v1{{path:path}}", enter, methods=[*_METHODS])

    return [at(services.get(name)) for name in services.names]


class _Entry:
    """One request at the gate."""

    def __init__(self, service: OneService, authorizer: Authorizer, request: Request, now_us: int) -> None:
        self._service = service
        self._authorizer = authorizer
        self._request = request
        self._now_us = now_us

    async def answer(self) -> Response:
        """Return the service's answer to whom it may answer."""
        path = self._raw_path()
        admission = await self._service.admission(self._request.method, unquote(path))
        caller = "" if isinstance(admission, OwnCheck) else self._admit(admission).id
        self._service.enter()
        try:
            answer = await self._hand_on(path, caller)
        except BaseException:
            self._service.leave()
            raise
        return await self._handed_back(answer)

    def _admit(self, demand: Demand) -> Caller:
        request = self._request
        peer = request.client.host if request.client else ""
        caller = self._authorizer.identify(dict(request.headers), now_us=self._now_us, peer=peer)
        tenant = request.headers.get(TENANT, "")
        operation = Operation(demand.operation)
        if not self._authorizer.may(caller, tenant, operation, demand.type):
            what = "here" if demand.type is None else f"with {demand.type.rpartition('/')[2]}"
            raise Forbidden(f"{caller.id} may not {operation.value} {what}.")
        return caller

    def _raw_path(self) -> str:
        """Return the path below ``/<service>/v1`` as it was sent."""
        raw = bytes(self._request.scope.get("raw_path") or self._request.scope["path"].encode()).decode(
            "ascii"
        )
        return raw.partition("?")[0].removeprefix(f"/{self._service.name}/v1") or "/"

    async def _hand_on(self, path: str, caller: str) -> aiohttp.ClientResponse:
        request = self._request
        query = request.url.query
        url = self._service.url("/v1" + path) + (f"?{query}" if query else "")
        dropped = _OF_THE_CONNECTION | _OURS
        headers = [(name, value) for name, value in request.headers.items() if name not in dropped]
        headers.append((CALLER, caller))
        return await self._service.send(request.method, url, headers, await request.body())

    async def _handed_back(self, answer: aiohttp.ClientResponse) -> Response:
        kept = {
            name: value for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION
        }
        kept.setdefault("X-Content-Type-Options", "nosniff")
        if answer.content_length is None or answer.content_length > _WHOLE_BYTES:
            return _Relay(answer, kept, self._service.leave)
        try:
            return Response(await answer.read(), answer.status, kept)
        finally:
            answer.close()
            self._service.leave()


class _Relay(StreamingResponse):
    """An answer that is handed on part by part; whatever happens, its connection and its place are freed."""

    def __init__(
        self, answer: aiohttp.ClientResponse, headers: dict[str, str], leave: Callable[[], None]
    ) -> None:
        super().__init__(answer.content.iter_any(), answer.status, headers)
        self._answer = answer
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answer.close()
            self._leave()
