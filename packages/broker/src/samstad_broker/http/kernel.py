"""The way of a request: who calls, in which tenant, which route, which answer (invariants I5, I6).

    identify ─▶ rate ─▶ size ─▶ route ─▶ parameters ─▶ tenant ─▶ handler ─▶ headers that every response has
       │         │       │       │           │            │         │                 ▲
       └─────────┴───────┴───────┴───────────┴────────────┴─────────┴──▶ problem ─────┘

No coroutine is made for a request whose handler answers at once.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.cors import CorsPolicy, allow_origin, preflight
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.failures import Overloaded, PayloadTooLarge
from samstad_broker.http.limits import HttpLimits, Rate, RateLimiter
from samstad_broker.http.messages import Request, Response
from samstad_broker.http.parameters import Parameters, parse_query, refuse_unknown
from samstad_broker.http.problems import respond_to
from samstad_broker.http.router import Route, Router
from samstad_broker.http.security_headers import add_security_headers
from samstad_broker.spi.authorizer import Authorizer, Caller, Unauthenticated
from samstad_ngsild.errors import InvalidRequest, OperationNotSupported

__all__ = ["Kernel", "KernelSettings"]

_TENANT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:~-]{0,127}")
_KNOWN_TENANTS = 4096
_NO_PARAMETERS = Parameters({})


def _random_incident() -> str:
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSettings:
    """What the composition root decides about the HTTP binding.

    Attributes:
        root: the path under which the API stands.
        new_incident: gives the ids by which faults are found in the log.
    """

    root: str = "/ngsi-ld/v1"
    limits: HttpLimits = field(default_factory=HttpLimits)
    cors: CorsPolicy = field(default_factory=CorsPolicy)
    new_incident: Callable[[], str] = _random_incident


class Kernel:
    """The application: a plain function of a request under whichever server.

    Args:
        routes: of all resources.
        authorizer: identifies callers.
        contexts: finds the @context of a request.
        now_us: the clock of the composition root, microseconds since 1970 UTC.
        settings: limits and policies.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        authorizer: Authorizer,
        contexts: ContextBinding,
        now_us: Callable[[], int],
        settings: KernelSettings | None = None,
    ) -> None:
        self.settings = settings or KernelSettings()
        self.router = Router(routes, root=self.settings.root)
        self.at_work = 0
        limits = self.settings.limits
        self._authorizer = authorizer
        self._contexts = contexts
        self._now_us = now_us
        self._body_bytes = limits.body_bytes
        self._at_work_limit = limits.at_work
        self._rates = _limiter(limits.rate)
        self._failed_logins = _limiter(limits.failed_logins)
        self._tenants: set[str] = set()

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer a request; whatever goes wrong becomes a problem response."""
        try:
            answer = self._answer(request)
        except Exception as error:  # noqa: BLE001 - the one place where errors become responses
            answer = respond_to(error, new_incident=self.settings.new_incident)
        if type(answer) is Response:
            return self._finished(request, answer)
        return self._later(request, answer)  # type: ignore[arg-type]

    def _answer(self, request: Request) -> Response | Awaitable[Response]:
        if request.method == "OPTIONS":
            return preflight(self.settings.cors, request, allow=self.router.allowed(request.path))
        now_us = self._now_us()
        headers = request.headers
        caller = self._identify(request, now_us)
        if self._rates is not None:
            self._rates.take(caller.id, now_us=now_us)
        if len(request.body) > self._body_bytes:
            raise PayloadTooLarge(limit=self._body_bytes)
        route, path = self.router.find(request.method, request.path)
        parameters = _NO_PARAMETERS
        if request.raw_query:
            parameters = _known_parameters(request.raw_query, route)
        tenant = headers.get("ngsild-tenant")
        tenant = "" if tenant is None else self._tenant(tenant)
        snapshot = headers.get("ngsild-snapshot", "")
        if snapshot and route.live_only:
            raise OperationNotSupported(
                "There is no such operation on a snapshot: leave the header out.", pointer="NGSILD-Snapshot"
            )
        if self.at_work >= self._at_work_limit:
            raise Overloaded(f"The node has {self.at_work} requests at work, as many as it takes.")
        return route.handler(
            Exchange(
                request, route, path, parameters, caller, self._authorizer, self._contexts, tenant, now_us,
                snapshot,
            )
        )  # fmt: skip

    def _identify(self, request: Request, now_us: int) -> Caller:
        try:
            return self._authorizer.identify(request.headers, now_us=now_us, peer=request.peer)
        except Unauthenticated:
            if self._failed_logins is not None:
                self._failed_logins.take(request.peer, now_us=now_us)
            raise

    def _tenant(self, name: str) -> str:
        """Return a well-formed name of a tenant (clause 6.3.14)."""
        if name in self._tenants:
            return name
        if not _TENANT.fullmatch(name):
            raise InvalidRequest(
                "A tenant is named by up to 128 letters, digits and . _ : ~ - and begins with a letter or "
                "digit; leave the header out for the default tenant.",
                pointer="NGSILD-Tenant",
            )
        if len(self._tenants) >= _KNOWN_TENANTS:
            self._tenants.clear()
        self._tenants.add(name)
        return name

    async def _later(self, request: Request, answer: Awaitable[Response]) -> Response:
        self.at_work += 1
        try:
            response = await answer
        except Exception as error:  # noqa: BLE001 - the same place, for handlers that wait
            response = respond_to(error, new_incident=self.settings.new_incident)
        finally:
            self.at_work -= 1
        return self._finished(request, response)

    def _finished(self, request: Request, response: Response) -> Response:
        add_security_headers(response)
        headers = request.headers
        _echo(headers, response)
        if "origin" in headers:
            allow_origin(self.settings.cors, request, response)
        return response


def _echo(headers: Mapping[str, str], response: Response) -> None:
    """Repeat tenant and snapshot in the response, errors included (clauses 6.3.14, 6.3.22)."""
    tenant = headers.get("ngsild-tenant")
    if tenant is not None and _TENANT.fullmatch(tenant):
        response.headers.append(("NGSILD-Tenant", tenant))
    snapshot = headers.get("ngsild-snapshot")
    if snapshot is not None:
        response.headers.append(("NGSILD-Snapshot", snapshot))


def _known_parameters(raw_query: str, route: Route) -> Parameters:
    values = parse_query(raw_query)
    if not values.keys() <= route.parameters:
        refuse_unknown(values, route.parameters)
    return Parameters(values)


def _limiter(rate: Rate | None) -> RateLimiter | None:
    return None if rate is None else RateLimiter(rate)
