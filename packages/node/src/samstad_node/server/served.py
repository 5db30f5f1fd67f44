"""Starts and stops the HTTP server that the settings name."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable
from typing import Protocol

from samstad_broker.http.messages import HttpApplication, Request, Response
from samstad_node.server.asgi_bridge import AsgiApp, AsgiBridge
from samstad_node.server.native import NativeServer
from samstad_node.server.settings import Observer, ServerSettings

__all__ = ["AddressUnusable", "Served", "serve"]


_access_log = logging.getLogger("samstad.access")


class AddressUnusable(Exception):
    """The address cannot be bound: taken, not ours, or not allowed."""


class _Server(Protocol):
    async def start(self, sockets: list[socket.socket]) -> None: ...

    async def stop(self, *, deadline_s: float) -> None: ...


class Served:
    """A running server.

    Attributes:
        host: the address it is bound to.
        port: the port it is bound to, also where 0 was asked for.
    """

    def __init__(self, server: _Server, host: str, port: int) -> None:
        self._server = server
        self.host = host
        self.port = port

    async def stop(self, *, deadline_s: float = 10.0) -> None:
        """Answer what has been asked within the deadline, then end every connection."""
        await self._server.stop(deadline_s=deadline_s)


async def serve(
    application: HttpApplication,
    settings: ServerSettings,
    *,
    root: str = "/ngsi-ld/v1",
    others: AsgiApp | None = None,
    observer: Observer | None = None,
) -> Served:
    """Start a server; the running event loop decides whether uvloop is used.

    Args:
        application: answers the paths below ``root``; every path, where there are no others.
        settings: where to listen, and the limits.
        root: the path of the NGSI-LD API.
        others: an ASGI app for all other paths.
        observer: is told of each response; under uvicorn, of those of the application alone.

    Raises:
        AddressUnusable: the port is taken, or the host is none of this machine's; it names both.
    """
    if settings.access_log:
        observer = _with_access_log(observer)
    bound = await _bind(settings.host, settings.port)
    host, port = bound.getsockname()[:2]
    server = _server(application, settings, root=root, others=others, observer=observer)
    try:
        await server.start([bound])
    except BaseException:
        bound.close()
        raise
    return Served(server, host, port)


def _server(
    application: HttpApplication,
    settings: ServerSettings,
    *,
    root: str,
    others: AsgiApp | None,
    observer: Observer | None,
) -> _Server:
    if settings.server == "uvicorn":
        # Imported when it is asked for: it costs start-up time.
        from samstad_node.server.uvicorn_server import UvicornServer  # noqa: PLC0415

        return UvicornServer(application, settings, root=root, others=others, observer=observer)
    if others is not None:
        scheme = "https" if settings.tls else "http"
        application = _by_path(application, AsgiBridge(others, scheme=scheme), root)
    return NativeServer(application, settings, observer=observer)


def _with_access_log(observer: Observer | None) -> Observer:
    def observe(request: Request, status: int, size: int) -> None:
        _access_log.info("%s %s %s %d %d", request.peer, request.method, request.path, status, size)
        if observer is not None:
            observer(request, status, size)

    return observe


def _by_path(application: HttpApplication, others: HttpApplication, root: str) -> HttpApplication:
    below = root + "/"

    def answer(request: Request) -> Response | Awaitable[Response]:
        path = request.path
        if path.startswith(below) or path in (root, "*"):
            return application(request)
        return others(request)

    return answer


async def _bind(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise AddressUnusable(f"The host {host!r} cannot be looked up: {error.strerror}.") from error
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.setblocking(False)  # noqa: FBT003 - the name says it
    except OSError as error:
        bound.close()
        raise AddressUnusable(_why(host, port, error)) from error
    return bound


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another process. "
            "Stop that one, or give another port (0 for any free one)."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} may not be used without more rights; give one above 1023."
    return f"The address {host} with port {port} cannot be used: {error.strerror}."
