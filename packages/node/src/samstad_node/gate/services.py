"""The services of the node as the gate sees them: where they are, what they offer, how they stand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import aiohttp
import msgspec
from starlette.routing import compile_path
from yarl import URL

from samstad_broker.http.failures import MethodNotAllowed, Overloaded
from samstad_broker.spi.clock import Clock
from samstad_ngsild.errors import ResourceNotFound
from samstad_node.neighbours import Neighbours, SecretFile
from samstad_node.observe import Check, CheckState
from samstad_node.service_role.app import GATE, EndpointRow
from samstad_plugin.service import Check as ServiceCheck
from samstad_plugin.service import Demand, OwnCheck

__all__ = ["ServiceAway", "Services"]

_SECOND_US = 1_000_000
_LOOK_EVERY_S = 5
_MOST_AT_WORK = 64
"""Requests to one service at the same time; one more is answered 503."""
_ASK_S = 5


class ServiceAway(Exception):
    """A service does not run now; the supervisor starts it again."""


class _Endpoint(NamedTuple):
    method: str
    pattern: re.Pattern[str]
    admission: Demand | OwnCheck


class OneService:
    """One service behind the gate.

    Args:
        name: of the service.
        neighbours: tells where it listens.
        secret: proves the gate to it.
        session: gives that of the gate.
    """

    def __init__(
        self,
        name: str,
        neighbours: Neighbours,
        secret: SecretFile,
        session: Callable[[], aiohttp.ClientSession],
    ) -> None:
        self.name = name
        self.at_work = 0
        self.exposition = b""
        """Its metrics when it was last looked at, as Prometheus reads them."""
        self.checks: list[Check] = [Check("role", CheckState.DEGRADED, "not looked at yet")]
        self._neighbours = neighbours
        self._secret = secret
        self._session = session
        self._table_of: int | None = None
        self._table: list[_Endpoint] = []

    def url(self, path: str) -> str:
        """Return where a path of its process is; raises ServiceAway."""
        port = self._neighbours.port(self.name, "gate")
        if port is None:
            raise ServiceAway(f"The service {self.name} does not run: {self._neighbours.told(self.name)}.")
        return f"http://127.0.0.1:{port}{path}"

    @property
    def proof(self) -> dict[str, str]:
        """The header that proves the gate."""
        return {GATE: self._secret.read()}

    async def send(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> aiohttp.ClientResponse:
        """Return its answer, not yet read; raises aiohttp.ClientError where there is none."""
        return await self._session().request(
            method,
            URL(url, encoded=True),
            headers=[*headers, *self.proof.items()],
            data=body or None,
            allow_redirects=False,
        )

    async def admission(self, method: str, path: str) -> Demand | OwnCheck:
        """Return who may use an endpoint.

        Raises:
            ResourceNotFound: there is none at this path.
            MethodNotAllowed: there is, with other methods.
            ServiceAway, aiohttp.ClientError: the service cannot be asked.
        """
        await self._know_table()
        fits = [one for one in self._table if one.pattern.fullmatch(path)]
        for one in fits:
            if one.method == method or (one.method == "GET" and method == "HEAD"):
                return one.admission
        if fits:
            raise MethodNotAllowed(method, allow=", ".join(sorted({one.method for one in fits})))
        raise ResourceNotFound(f"{self.name} has nothing at {path}.")

    def enter(self) -> None:
        """Count a request in; raises Overloaded where the service has as many as it may."""
        if self.at_work >= _MOST_AT_WORK:
            raise Overloaded(
                f"The service {self.name} has {self.at_work} requests at work, as many as it takes."
            )
        self.at_work += 1

    def leave(self) -> None:
        """Count a request out."""
        self.at_work -= 1

    async def look(self) -> None:
        """Ask how it stands, and for its metrics."""
        try:
            told = msgspec.json.decode(await self._ask("/health"), type=list[ServiceCheck])
            self.exposition = await self._ask("/metrics")
        except (ServiceAway, TimeoutError, OSError, msgspec.DecodeError) as error:
            self._note_away(error)
        except aiohttp.ClientError as error:
            self._note_away(error)
        else:
            self.checks = [_seen(check) for check in told] or [Check("role", CheckState.OK)]

    def _note_away(self, error: Exception) -> None:
        self.checks = [Check("role", CheckState.DEGRADED, str(error) or "it does not answer")]
        self.exposition = b""

    async def _ask(self, path: str) -> bytes:
        url = self.url(path)
        limit = aiohttp.ClientTimeout(total=_ASK_S)
        async with self._session().get(url, headers=self.proof, timeout=limit) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def _know_table(self) -> None:
        port = self._neighbours.port(self.name, "gate")
        if port is not None and port == self._table_of:
            return
        rows = msgspec.json.decode(await self._ask("/table"), type=list[EndpointRow])
        self._table = [_Endpoint(row.method, compile_path(row.path)[0], row.admission) for row in rows]
        self._table_of = port


def _seen(check: ServiceCheck) -> Check:
    """Return a service's check as one of the node's: a service that failed does not take the node down."""
    state = CheckState.OK if check.state == "ok" else CheckState.DEGRADED
    return Check(check.name, state, check.detail)


class Services:
    """All services of the node.

    Args:
        names: of those that the node is to run.
        neighbours: tells where they listen.
        secrets: of each, by name.
    """

    def __init__(self, names: Sequence[str], neighbours: Neighbours, secrets: dict[str, SecretFile]) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._by_name = {name: OneService(name, neighbours, secrets[name], self._open) for name in names}

    def _open(self) -> aiohttp.ClientSession:
        """Return the session of all, which is opened when the first service is there to be asked."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    def get(self, name: str) -> OneService:
        """Return a service of the node."""
        return self._by_name[name]

    @property
    def names(self) -> list[str]:
        """Of all."""
        return list(self._by_name)

    def checks(self) -> dict[str, list[Check]]:
        """How each stood when it was last looked at."""
        return {name: one.checks for name, one in self._by_name.items()}

    def expositions(self) -> list[bytes]:
        """Return the metrics of all."""
        return [one.exposition for one in self._by_name.values()]

    async def watch(self, clock: Clock) -> None:
        """Look at every service again and again, until cancelled."""
        while True:
            await asyncio.gather(*(one.look() for one in self._by_name.values()))
            await clock.sleep_until(clock.now_us() + _LOOK_EVERY_S * _SECOND_US)

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
