"""A request and a response of the HTTP binding, free of any server (CIM 009 clause 6).

An application is a plain function of one request; what it returns is a response, or something to
await for one. Servers and ASGI are adapters around it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

__all__ = ["HttpApplication", "Request", "Response", "join_header"]


class Request(msgspec.Struct, gc=False):
    """One request, read to its end.

    Attributes:
        method: in upper case.
        path: as it was sent, still percent-encoded, without the query.
        raw_query: what stands after the question mark, still encoded; empty where there is none.
        headers: lower-case name → value; a header that was sent more than once is joined with ``, ``.
        body: the content, without any transfer coding.
        peer: the address of the client, empty where it is not known.
    """

    method: str
    path: str
    raw_query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    peer: str = ""


class Response(msgspec.Struct, gc=False):
    """One response.

    The server adds ``Content-Length``, ``Date`` and what belongs to the connection, and leaves the
    body out for HEAD, 204 and 304.

    Attributes:
        headers: as they are to be sent; the application may append to the list.
        stream: parts of a body of unknown length, instead of ``body``. It is closed when the client goes.
        cacheable: the handler has said itself how long the response may be kept.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    cacheable: bool = False


HttpApplication = Callable[[Request], "Response | Awaitable[Response]"]


def join_header(headers: dict[str, str], name: str, value: str) -> None:
    """Add a header to those of a request; a repeated one becomes a list (RFC 9110, clause 5.3)."""
    known = headers.get(name)
    if known is None:
        headers[name] = value
    else:
        headers[name] = f"{known}; {value}" if name == "cookie" else f"{known}, {value}"
