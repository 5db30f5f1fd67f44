"""Fetching the @contexts of others, within the egress rules; never at the start of a node (I1)."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from samstad_broker.gateway.egress import EgressDenied, EgressRules, ResolutionFailed, resolve_host
from samstad_ngsild.context.loader import LoadedContext
from samstad_ngsild.errors import LdContextNotAvailable

__all__ = ["HttpContextLoader", "NoContextLoader"]

_ACCEPT = "application/ld+json, application/json;q=0.9"


class NoContextLoader:
    """Fetches nothing: for nodes that are cut off on purpose (``contexts.fetch = false``)."""

    async def load(self, url: str) -> LoadedContext:
        """Refuse with what to do instead."""
        raise LdContextNotAvailable(
            f"This node does not fetch @contexts, and {url} is not stored here. "
            "Store it with POST /ngsi-ld/v1/jsonldContexts."
        )


class _JudgedResolver(AbstractResolver):
    """Resolves names to addresses that the egress rules allow, and to no others."""

    def __init__(self, rules: EgressRules) -> None:
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the allowed addresses of a host; an error that aiohttp understands where there is none."""
        del family
        try:
            addresses = await self._rules.addresses(host, port, resolve=resolve_host)
        except (EgressDenied, ResolutionFailed) as error:
            raise OSError(str(error)) from error
        return [_resolved(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Have nothing to put away."""


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


class HttpContextLoader:
    """Fetches over HTTP with a time limit, a size limit and without following redirects inside."""

    def __init__(self, rules: EgressRules, *, timeout_s: float, size_bytes: int) -> None:
        self._rules = rules
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._size_bytes = size_bytes

    async def load(self, url: str) -> LoadedContext:
        """Fetch one context.

        Raises:
            LdContextNotAvailable: no answer in time, none with status 200, or one that is too long.
        """
        # One session a fetch: fetches are rare, and no pool outlives the judgement of an address.
        connector = aiohttp.TCPConnector(
            resolver=_JudgedResolver(self._rules), use_dns_cache=False, socket_factory=self._socket
        )
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=self._timeout) as session:
                return LoadedContext(await self._body(session, url))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise LdContextNotAvailable(f"The @context {url} cannot be fetched: {error}") from error

    def _socket(self, found: tuple[Any, Any, int, str, Any]) -> socket.socket:
        """Judge an address once more where it is used: one in the URL itself passes no resolver."""
        family, kind, protocol, _, address = found
        if not self._rules.permits(ip_address(str(address[0]).partition("%")[0])):
            raise OSError(f"{address[0]} may not be reached")
        return socket.socket(family=family, type=kind, proto=protocol)

    async def _body(self, session: aiohttp.ClientSession, url: str) -> bytes:
        options: dict[str, Any] = {"headers": {"Accept": _ACCEPT}, "max_redirects": 3}
        async with session.get(url, **options) as response:
            if response.status != 200:
                raise LdContextNotAvailable(f"The @context {url} answers with status {response.status}.")
            body = await response.content.read(self._size_bytes + 1)
            if len(body) > self._size_bytes:
                raise LdContextNotAvailable(f"The @context {url} is longer than {self._size_bytes} bytes.")
            return body
