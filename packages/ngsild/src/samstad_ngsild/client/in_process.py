"""Without a network: the broker's HTTP application is called as the plain function that it is.

The application is known by its shape alone (method, path, raw query, lower-case headers, body), because this
package knows no broker.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from samstad_ngsild.client.transport import Answer, Ask, Credentials

__all__ = ["Application", "InProcessTransport", "Reply", "RequestType"]


class Reply(Protocol):
    """What an application returns."""

    @property
    def status(self) -> int:
        """The status code."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Names and values."""
        ...

    @property
    def body(self) -> bytes:
        """The content, where it is whole."""
        ...

    @property
    def stream(self) -> AsyncIterator[bytes] | None:
        """The content in parts, where it is not."""
        ...


Application = Callable[[Any], "Reply | Awaitable[Reply]"]


class RequestType(Protocol):
    """Makes the application's own request."""

    def __call__(self, method: str, path: str, raw_query: str, headers: dict[str, str], body: bytes) -> Any:
        """Return the request."""
        ...


def _nobody() -> Mapping[str, str]:
    return {}


class InProcessTransport:
    """Reaches a broker in the same process.

    Args:
        application: answers requests.
        request: the type of its requests.
        credentials: headers that prove who asks.
        root: the path of the API.
    """

    def __init__(
        self,
        application: Application,
        request: RequestType,
        *,
        credentials: Credentials = _nobody,
        root: str = "/ngsi-ld/v1",
    ) -> None:
        self._application = application
        self._request = request
        self._credentials = credentials
        self._root = root

    async def send(self, ask: Ask) -> Answer:
        """Return the answer of the application."""
        given = {**ask.headers, **self._credentials()}
        headers = {name.lower(): value for name, value in given.items()}
        if ask.body is not None:
            headers["content-length"] = str(len(ask.body))
        raw_query = urlencode(ask.query, quote_via=quote)
        asked = self._request(ask.method, self._root + ask.path, raw_query, headers, ask.body or b"")
        found = self._application(asked)
        reply = await found if inspect.isawaitable(found) else found
        body = reply.body
        if reply.stream is not None:
            body = b"".join([part async for part in reply.stream])
        return Answer(reply.status, {name.lower(): value for name, value in reply.headers}, body)

    async def close(self) -> None:
        """Leave the application to whom it belongs."""
