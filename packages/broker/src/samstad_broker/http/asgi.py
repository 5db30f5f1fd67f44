"""The application as ASGI 3, for uvicorn and every other server that speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from samstad_broker.http.failures import PayloadTooLarge
from samstad_broker.http.messages import HttpApplication, Request, Response, join_header
from samstad_broker.http.problems import respond_to

__all__ = ["AsgiAdapter", "asgi_request"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_WITHOUT_BODY = frozenset({204, 304})


class AsgiAdapter:
    """Serves a plain application as ASGI; everything but ``http`` and ``lifespan`` is refused.

    Args:
        application: answers requests.
        body_bytes: the largest content that is read.
    """

    def __init__(self, application: HttpApplication, *, body_bytes: int = 16 * 1024 * 1024) -> None:
        self._application = application
        self._body_bytes = body_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        kind = scope["type"]
        if kind == "http":
            await self._serve(scope, receive, send)
        elif kind == "lifespan":
            await _live(receive, send)
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _read(receive, self._body_bytes)
        if body is None:
            return
        head = scope["method"] == "HEAD"
        if len(body) > self._body_bytes:
            too_large = PayloadTooLarge(limit=self._body_bytes)
            response = respond_to(too_large, new_incident=str)
            response.headers.append(("Connection", "close"))
            await _send(response, send, head=head)
            return
        answer = self._application(asgi_request(scope, body))
        finished = answer if isinstance(answer, Response) else await _or_gone(answer, receive)
        if finished is not None:
            await _deliver(finished, receive, send, head=head)


def asgi_request(scope: Mapping[str, Any], body: bytes) -> Request:
    """Return the request that an ASGI scope describes."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        join_header(headers, name.decode("latin-1"), value.decode("latin-1"))
    client = scope.get("client")
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        scope["method"],
        raw_path.decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        body,
        client[0] if client else "",
    )


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the content, one byte too many where it is too large, None where the client has gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if size > limit:
            return b"".join(parts)
        if not message.get("more_body"):
            return b"".join(parts) if len(parts) > 1 else part


async def _deliver(response: Response, receive: Receive, send: Send, *, head: bool) -> None:
    if response.stream is None or head:
        await _send(response, send, head=head)
    else:
        await _stream(response, response.stream, receive, send)


async def _send(response: Response, send: Send, *, head: bool) -> None:
    headers = _encode(response)
    if response.status not in _WITHOUT_BODY and response.stream is None:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    without = head or response.status in _WITHOUT_BODY
    await send({"type": "http.response.body", "body": b"" if without else response.body})


async def _stream(response: Response, parts: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send parts as they come until they end or the client goes."""
    await send({"type": "http.response.start", "status": response.status, "headers": _encode(response)})
    sending = asyncio.ensure_future(_send_parts(parts, send))
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        await _end(sending, leaving)
        close = getattr(parts, "aclose", None)
        if close is not None:
            await close()


async def _send_parts(parts: AsyncIterator[bytes], send: Send) -> None:
    async for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _or_gone(answer: Awaitable[Response], receive: Receive) -> Response | None:
    """Await an answer; when the client goes first, cancel it and return None."""
    working = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await _end(working, leaving)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _encode(response: Response) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in response.headers
    ]


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
