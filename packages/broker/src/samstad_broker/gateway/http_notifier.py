"""Notifications over HTTP: one POST for each (clause 6.3.8).

The client is our own because it is the larger part of what a notification costs: one write and one
read on a kept-alive connection, to an address that we judged ourselves.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from samstad_broker.gateway.answers import outcome_of_status
from samstad_broker.gateway.egress import EgressDenied, EgressRules, ResolutionFailed, Resolve, resolve_host
from samstad_broker.gateway.http_connection import Answer, BrokenAnswer, Connection, ConnectionEnded
from samstad_broker.spi.notifier import Notice, Outcome, Result

__all__ = ["HttpNotifier"]

_KEPT_HEADS = 20_000
_KEPT_ORIGINS = 5_000
_CONNECTIONS_PER_ORIGIN = 16
_PORTS = {"http": 80, "https": 443}
_SAFE_IN_PATH = "/%:@!$&'()*+,;=-._~"
_LONGEST_REASON = 300

_HeadKey = tuple[str, str, str | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class _Head:
    """The part of a request that is the same for every notification of a subscription."""

    scheme: str
    host: str
    port: int
    text: bytes


class _Origin:
    """Connections to one scheme, host and port."""

    __slots__ = ("idle", "places")

    def __init__(self) -> None:
        self.idle: list[Connection] = []
        self.places = asyncio.Semaphore(_CONNECTIONS_PER_ORIGIN)

    def take(self) -> Connection | None:
        """Return the connection that was used last, if it is still open."""
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open:
                return connection
        return None

    def give(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        if connection.is_open:
            self.idle.append(connection)


class HttpNotifier:
    """Sends notifications on kept-alive connections, a bounded number for each origin.

    Args:
        rules: where connections may go.
        resolve: how names are resolved.
        tls: for https; by default the system's trusted authorities.
    """

    def __init__(
        self, rules: EgressRules, *, resolve: Resolve = resolve_host, tls: ssl.SSLContext | None = None
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._tls = tls
        self._heads: dict[_HeadKey, _Head] = {}
        self._origins: dict[tuple[str, str, int], _Origin] = {}

    async def send(self, notice: Notice) -> Outcome:
        """Try once; a kept connection that the receiver had closed meanwhile does not count as a try."""
        try:
            answer = await self._post(notice)
        except EgressDenied as error:
            return Outcome(Result.REFUSED, str(error))
        except ValueError as error:
            return Outcome(Result.REFUSED, f"the request cannot be made: {error}"[:_LONGEST_REASON])
        except TimeoutError:
            return Outcome(Result.UNREACHABLE, f"no answer within {notice.timeout_us / 1_000_000:g} s")
        except (BrokenAnswer, ConnectionEnded, ResolutionFailed, OSError) as error:
            return Outcome(Result.UNREACHABLE, f"{type(error).__name__}: {error}"[:_LONGEST_REASON])
        return outcome_of_status(answer.status, answer.retry_after)

    async def _post(self, notice: Notice) -> Answer:
        key = (notice.uri, notice.content_type, notice.link, notice.headers)
        head = self._heads.get(key) or self._new_head(key)
        origin = self._origin(head)
        request = b"%b%d\r\n\r\n%b" % (head.text, len(notice.body), notice.body)
        timeout_s = notice.timeout_us / 1_000_000
        async with origin.places:
            connection = origin.take()
            if connection is not None:
                try:
                    return await self._post_on(origin, connection, request, timeout_s)
                except ConnectionEnded as error:
                    if not error.untouched:
                        raise
            async with asyncio.timeout(timeout_s):
                connection = await self._connect(head)
            return await self._post_on(origin, connection, request, timeout_s)

    async def _post_on(
        self, origin: _Origin, connection: Connection, request: bytes, timeout_s: float
    ) -> Answer:
        answer = await connection.post(request, timeout_s=timeout_s)
        origin.give(connection)
        return answer

    async def _connect(self, head: _Head) -> Connection:
        """Connect to the first address that answers, of those that may be reached."""
        addresses = await self._rules.addresses(head.host, head.port, resolve=self._resolve)
        secure = head.scheme == "https"
        if secure and self._tls is None:
            self._tls = ssl.create_default_context()
        last: OSError | None = None
        for address in addresses:
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection,
                    address,
                    head.port,
                    ssl=self._tls if secure else None,
                    server_hostname=head.host if secure else None,
                )
            except OSError as error:
                last = error
            else:
                return connection
        raise last or OSError("no address")

    def _origin(self, head: _Head) -> _Origin:
        key = (head.scheme, head.host, head.port)
        origin = self._origins.get(key)
        if origin is None:
            if len(self._origins) >= _KEPT_ORIGINS:
                self._forget_idle()
            origin = self._origins[key] = _Origin()
        return origin

    def _forget_idle(self) -> None:
        """Drop origins with nothing under way, closing their connections."""
        for key, origin in list(self._origins.items()):
            if not origin.places.locked():
                _close_all(origin.idle)
                del self._origins[key]

    def _new_head(self, key: _HeadKey) -> _Head:
        if len(self._heads) >= _KEPT_HEADS:
            self._heads.clear()
        head = self._heads[key] = _head(*key)
        return head

    async def close(self) -> None:
        """Close all connections."""
        for origin in self._origins.values():
            _close_all(origin.idle)
        self._origins.clear()
        await asyncio.sleep(0)


def _close_all(connections: Iterable[Connection]) -> None:
    for connection in connections:
        connection.close()


def _head(uri: str, content_type: str, link: str | None, headers: tuple[tuple[str, str], ...]) -> _Head:
    """Return the head of a request up to the value of Content-Length.

    Raises:
        ValueError: the uri or a header cannot stand in a request.
    """
    split = urlsplit(uri)
    host = split.hostname
    if split.scheme not in _PORTS or not host:
        raise ValueError(f"{uri} is no HTTP address")
    ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    shown = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    port = split.port or _PORTS[split.scheme]
    if port != _PORTS[split.scheme]:
        shown = f"{shown}:{port}"
    target = quote(split.path or "/", safe=_SAFE_IN_PATH)
    if split.query:
        target += "?" + quote(split.query, safe=_SAFE_IN_PATH + "?")
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {shown}",
        "User-Agent: samstad",
        f"Content-Type: {content_type}",
        *([] if link is None else [f"Link: {link}"]),
        *(f"{name}: {value}" for name, value in headers),
    ]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("a header holds a line break")
    text = "\r\n".join(lines) + "\r\nContent-Length: "
    return _Head(split.scheme, ascii_host, port, text.encode("latin-1"))
