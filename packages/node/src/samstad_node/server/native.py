"""The native server: listens, keeps the connections, looks at the time for them, and stops gracefully."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate

from samstad_broker.http.messages import HttpApplication
from samstad_node.server.protocol import HttpProtocol
from samstad_node.server.settings import Observer, ServerSettings

__all__ = ["NativeServer"]


class NativeServer:
    """Serves one application on bound sockets.

    Args:
        application: answers every request.
        settings: the limits.
        observer: is told of each response.
    """

    def __init__(
        self, application: HttpApplication, settings: ServerSettings, *, observer: Observer | None = None
    ) -> None:
        self.application = application
        self.settings = settings
        self.observer = observer
        self.stopping = False
        self.now = 0.0
        self.date = ""
        self.loop: asyncio.AbstractEventLoop
        self._connections: set[HttpProtocol] = set()
        self._listeners: list[asyncio.Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None

    async def start(self, sockets: list[socket.socket]) -> None:
        """Begin to serve on sockets that are bound; returns when they listen."""
        self.loop = asyncio.get_running_loop()
        self._tick()
        for bound in sockets:
            listener = await self.loop.create_server(
                lambda: HttpProtocol(self),
                sock=bound,
                backlog=1024,
                ssl=self.settings.tls,
                ssl_handshake_timeout=self.settings.head_s if self.settings.tls else None,
            )
            self._listeners.append(listener)

    async def stop(self, *, deadline_s: float) -> None:
        """Take no more connections, answer what has been asked, end streams, then cut off the rest.

        Args:
            deadline_s: seconds that requests in flight get.
        """
        self.stopping = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.stop()
        await self._until_empty(deadline_s)
        for connection in list(self._connections):
            connection.abort()
        await self._until_empty(1.0)
        if self._timer is not None:
            self._timer.cancel()

    def admit(self, connection: HttpProtocol) -> bool:
        """Remember a connection; False where there are as many as may be."""
        allowed = len(self._connections) < self.settings.connections and not self.stopping
        self._connections.add(connection)
        return allowed

    def leave(self, connection: HttpProtocol) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(connection)
        if not self._connections and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    async def _until_empty(self, timeout_s: float) -> None:
        if self._connections:
            self._empty = self.loop.create_future()
            await asyncio.wait([self._empty], timeout=timeout_s)
            self._empty = None

    def _tick(self) -> None:
        """Advance the coarse time and look at every connection's time-outs."""
        self.now = self.loop.time()
        self.date = f"Date: {formatdate(usegmt=True)}\r\n"
        for connection in list(self._connections):
            connection.sweep()
        self._timer = self.loop.call_later(self.settings.sweep_s, self._tick)
