"""Fetching the @contexts of others, within the egress rules; never at the start of a node (I1)."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import aiohttp

from samstad_broker.gateway.egress import EgressRules
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


class HttpContextLoader:
    """Fetches over HTTP with a time limit, a size limit and without following redirects inside."""

    def __init__(self, rules: EgressRules, *, timeout_s: float, size_bytes: int) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._size_bytes = size_bytes

    async def load(self, url: str) -> LoadedContext:
        """Fetch one context.

        Raises:
            LdContextNotAvailable: no answer in time, none with status 200, or one that is too long.
        """
        from samstad_node.broker_role.resolving import JudgedResolver  # noqa: PLC0415 - loads aiohttp

        # One session a fetch: fetches are rare, and no pool outlives the judgement of an address.
        connector = aiohttp.TCPConnector(
            resolver=JudgedResolver(self._rules), use_dns_cache=False, socket_factory=self._socket
        )
        try:
            timeout = aiohttp.ClientTimeout(total=self._timeout_s)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
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
