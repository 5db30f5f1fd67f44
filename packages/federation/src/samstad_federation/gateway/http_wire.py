"""Requests to other nodes over HTTP, to addresses that the egress rules allow and to no others.

The address is judged where the socket is made: whatever a name was resolved to, however an address was
written, and however often names change their minds. Redirects are not followed, cookies not kept, proxies
of the environment not used, compressed answers not unpacked.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import aiohttp
from yarl import URL

from samstad_federation.spi.wire import NoAnswer, Reply, Sent

__all__ = ["HttpWire"]

_MOST_HEADER = 32 * 1024


class _AddressDenied(OSError):
    """The address is one that the node does not connect to for others."""


class HttpWire:
    """A pool of connections.

    Args:
        permits: whether an address (without a port) may be reached.
        answer_bytes: a longer answer is refused.
        connections: most open at once to one endpoint.
    """

    def __init__(self, permits: Callable[[str], bool], *, answer_bytes: int, connections: int) -> None:
        self._permits = permits
        self._answer_bytes = answer_bytes
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def send(self, sent: Sent) -> Reply:
        """Send a request; see the port."""
        try:
            async with self._open().request(
                sent.method,
                URL(sent.url, encoded=True),
                headers=sent.headers,
                data=sent.body or None,
                allow_redirects=False,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                if headers.get("content-encoding", "identity") != "identity":
                    raise NoAnswer("the answer is compressed, which was not asked for")
                return Reply(response.status, headers, await self._read(response))
        except aiohttp.ClientConnectorError as error:
            raise NoAnswer(error.os_error.strerror or str(error.os_error), is_sent=False) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        held = 0
        async for part in response.content.iter_any():
            held += len(part)
            if held > self._answer_bytes:
                response.close()
                raise NoAnswer(f"the answer is longer than {self._answer_bytes} bytes")
            parts.append(part)
        return b"".join(parts)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(
                limit=0, limit_per_host=self._connections, socket_factory=self._socket, keepalive_timeout=30
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding"),
                max_line_size=_MOST_HEADER,
                max_field_size=_MOST_HEADER,
            )
        return self._session

    def _socket(self, found: tuple[Any, Any, int, str, Any]) -> socket.socket:
        family, kind, protocol, _, address = found
        if not self._permits(str(address[0])):
            raise _AddressDenied(
                f"{address[0]} may not be reached; the administrator can open private networks by the "
                "setting notifications.allow_networks"
            )
        return socket.socket(family=family, type=kind, proto=protocol)
