"""Any ASGI app as a plain application, so that the native server has one kind of thing to serve.

The app gets the content at once, as the server has read it, and ``http.disconnect`` when the client goes.
Of its lifespan nothing is told: apps here are put together by the composition root.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

from samstad_broker.http.messages import Request, Response

__all__ = ["AsgiApp", "AsgiBridge"]

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_OF_THE_CONNECTION = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"date", b"upgrade"}
)


class AsgiBridge:
    """An application that asks an ASGI 3 app.

    Args:
        app: serves ``http`` scopes.
        scheme: as clients see it.
    """

    def __init__(self, app: AsgiApp, *, scheme: str = "http") -> None:
        self._app = app
        self._scheme = scheme

    def __call__(self, request: Request) -> Awaitable[Response]:
        """Answer a request: with a whole body where the app sends it in one message, else with a stream."""
        return _Exchange(self._app, request, self._scheme).answer()


class _Exchange:
    """One request at an app."""

    def __init__(self, app: AsgiApp, request: Request, scheme: str) -> None:
        self._app = app
        self._scope = _scope(request, scheme)
        self._body = request.body
        self._read = False
        self._over = asyncio.Event()
        self._sent: asyncio.Queue[Message | None] = asyncio.Queue(1)
        self._task: asyncio.Task[None] | None = None

    async def answer(self) -> Response:
        self._task = asyncio.ensure_future(self._run())
        try:
            start = await self.next_message()
            first = await self.next_message()
        except BaseException:
            await self.end()
            raise
        response = Response(start["status"], _headers(start), first.get("body", b""), cacheable=True)
        if first.get("more_body"):
            response.body, response.stream = b"", _Parts(self, first)
        return response

    async def next_message(self) -> Message:
        """Return what the app sends next; raises what it raised, where it ended instead."""
        message = await self._sent.get()
        if message is None:
            if self._task is not None:
                await self._task
            raise ConnectionAbortedError("the ASGI app broke off its response")
        return message

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        finally:
            self._over.set()
            await self._sent.put(None)

    async def _receive(self) -> Message:
        if not self._read:
            self._read = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._sent.put(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._over.set()

    async def end(self) -> None:
        """Tell the app that nobody listens any more, and wait for its end."""
        self._over.set()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task


class _Parts:
    """The parts of a streamed body; closing it ends the app, also before the first part was read."""

    def __init__(self, exchange: _Exchange, first: Message) -> None:
        self._exchange = exchange
        self._next: Message | None = first
        self._last = False

    def __aiter__(self) -> _Parts:
        return self

    async def __anext__(self) -> bytes:
        if self._last:
            raise StopAsyncIteration
        message = self._next or await self._exchange.next_message()
        self._next = None
        self._last = not message.get("more_body")
        part: bytes = message.get("body", b"")
        return part

    async def aclose(self) -> None:
        """End the app."""
        await self._exchange.end()


def _scope(request: Request, scheme: str) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": scheme,
        "path": unquote_to_bytes(request.path).decode("utf-8", "replace"),
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.raw_query.encode("latin-1"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()
        ],
        "client": (request.peer, 0) if request.peer else None,
        "server": None,
        "state": {},
    }


def _headers(start: Message) -> list[tuple[str, str]]:
    """Return the app's headers without those that belong to the connection and so to the server."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in start.get("headers", ())
        if name.lower() not in _OF_THE_CONNECTION
    ]
