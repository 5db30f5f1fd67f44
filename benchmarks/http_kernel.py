"""What the HTTP kernel costs above its handler: ``.venv/bin/python benchmarks/http_kernel.py``."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

from samstad_broker.http import responses
from samstad_broker.http.context_binding import ContextBinding, use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.kernel import Kernel
from samstad_broker.http.messages import Request, Response
from samstad_broker.http.router import Route
from samstad_ngsild.context import CORE, ContextResolver

ENTITY = (
    b'{"id":"urn:ngsi-ld:Streetlight:roads:17","type":"Streetlight","power":{"type":"Property","value":12}}'
)
ROUNDS, CALLS = 7, 20_000


class Anyone:
    id = "urn:ngsi-ld:Person:1"


class Cached:
    """An authorizer that has seen the token before."""

    def __init__(self) -> None:
        self._known = {"Bearer 1234567890": Anyone()}

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self._known[headers["authorization"]]

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return True

    def record(self, entry) -> None:
        pass


def bare(_: Exchange) -> Response:
    return Response(200, [], ENTITY)


def represented(exchange: Exchange) -> Response:
    return use_context(exchange.link_context(), lambda context: responses.one(exchange, context, ENTITY))


def with_call(exchange: Exchange) -> Response:
    _ = exchange.call
    return responses.one(exchange, CORE, ENTITY)


def page(exchange: Exchange) -> Response:
    part = exchange.parameters.page(default=20, maximum=1000)
    return responses.many(
        exchange, CORE, [ENTITY] * 20, headers=responses.page_headers(exchange, part, more=True)
    )


def cases() -> dict[str, tuple[Callable, Request]]:
    parameters = frozenset({"type", "limit", "offset", "q"})
    routes = [
        Route(method="GET", path="/entities/", handler=page, parameters=parameters),
        Route(method="GET", path="/entities/{entityId}", handler=bare),
        Route(method="GET", path="/represented/{entityId}", handler=represented),
        Route(method="GET", path="/call/{entityId}", handler=with_call),
    ]
    kernel = Kernel(
        routes,
        authorizer=Cached(),
        contexts=ContextBinding(ContextResolver()),
        now_us=lambda: 1_700_000_000_000_000,
    )
    headers = {"host": "localhost:8080", "accept": "application/json", "authorization": "Bearer 1234567890"}
    linked = {**headers, "ngsild-tenant": "roads"}
    name = "urn:ngsi-ld:Streetlight:roads:17"

    def get(path: str, query: str = "", headers: dict[str, str] = headers) -> Request:
        return Request("GET", "/ngsi-ld/v1" + path, query, headers)

    return {
        "GET by id, handler does nothing": (kernel, get(f"/entities/{name}")),
        "GET by id, @context and headers": (kernel, get(f"/represented/{name}")),
        "the same in a tenant": (kernel, get(f"/represented/{name}", headers=linked)),
        "GET by id, with a Call": (kernel, get(f"/call/{name}")),
        "query, 20 entities, next link": (kernel, get("/entities", "type=Streetlight&limit=20")),
        "not found": (kernel, get("/nothing")),
    }


def measure(kernel: Callable, request: Request) -> list[float]:
    microseconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            kernel(request)
        microseconds.append((time.perf_counter() - started) / CALLS * 1e6)
    return microseconds


def main() -> None:
    gc.disable()
    for name, (kernel, request) in cases().items():
        spread = measure(kernel, request)
        print(f"{name:36} {statistics.median(spread):6.2f} µs  ({min(spread):.2f}-{max(spread):.2f})")


if __name__ == "__main__":
    main()
