"""The alternative server: uvicorn, with the application as an ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import uvicorn

from samstad_broker.http.asgi import AsgiAdapter
from samstad_broker.http.messages import HttpApplication, Request, Response
from samstad_node.server.asgi_bridge import AsgiApp
from samstad_node.server.settings import Observer, ServerSettings

__all__ = ["UvicornServer"]


class _Uvicorn(uvicorn.Server):
    """Uvicorn without signal handlers: signals belong to the composition root."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class UvicornServer:
    """Serves on bound sockets by uvicorn.

    Args:
        application: answers the paths below ``root``; every path, where there are no others.
        settings: of these, uvicorn keeps host, port, TLS, connections, body size and the idle time-out.
        root: the path of the NGSI-LD API.
        others: an ASGI app for all other paths.
        observer: is told of each response of the application.
    """

    def __init__(
        self,
        application: HttpApplication,
        settings: ServerSettings,
        *,
        root: str,
        others: AsgiApp | None,
        observer: Observer | None,
    ) -> None:
        observed = application if observer is None else _observed(application, observer)
        self._settings = settings
        self._app = _by_path(AsgiAdapter(observed, body_bytes=settings.body_bytes), others, root)
        self._server: _Uvicorn | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, sockets: list[socket.socket]) -> None:
        """Begin to serve; returns when the sockets listen."""
        settings, tls = self._settings, self._settings.tls
        config = uvicorn.Config(
            self._app, http="httptools", ws="none", lifespan="off", loop="none", log_config=None,
            access_log=False, server_header=False, limit_concurrency=settings.connections,
            timeout_keep_alive=round(settings.idle_s), backlog=1024,
            ssl_context_factory=None if tls is None else lambda *_: tls,
        )  # fmt: skip
        self._server = _Uvicorn(config)
        self._task = asyncio.ensure_future(self._server.serve(sockets=sockets))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        if self._task.done():
            self._task.result()

    async def stop(self, *, deadline_s: float) -> None:
        """Take no more connections, answer what has been asked, then cut off the rest."""
        if self._server is None or self._task is None:
            return
        self._server.config.timeout_graceful_shutdown = max(1, round(deadline_s))
        self._server.should_exit = True
        await self._task


def _by_path(application: AsgiAdapter, others: AsgiApp | None, root: str) -> AsgiApp:
    if others is None:
        return application
    below = root + "/"

    async def answer(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        path = scope["path"]
        mine = path.startswith(below) or path in (root, "*")
        await (application if mine else others)(scope, receive, send)

    return answer


def _observed(application: HttpApplication, observer: Observer) -> HttpApplication:
    async def later(request: Request, answer: Awaitable[Response]) -> Response:
        response = await answer
        observer(request, response.status, -1 if response.stream else len(response.body))
        return response

    def answer(request: Request) -> Response | Awaitable[Response]:
        given = application(request)
        if not isinstance(given, Response):
            return later(request, given)
        observer(request, given.status, -1 if given.stream else len(given.body))
        return given

    return answer
