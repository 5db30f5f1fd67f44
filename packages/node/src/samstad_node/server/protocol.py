"""One connection: requests are answered in their order, and nothing on it can grow without end.

While a request waits for its answer, up to ``pipeline`` later ones wait behind it and the socket is not
read; the same while the client does not read what it is sent. A client that goes takes its request with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, cast

from samstad_broker.http.messages import Response
from samstad_node.server import wire
from samstad_node.server.reading import Incoming, Phase, Refusal, RequestReader

if TYPE_CHECKING:
    from samstad_node.server.native import NativeServer

__all__ = ["HttpProtocol"]

_log = logging.getLogger("samstad.server")

_BURST = 64
"""Requests answered in one go before other connections get their turn."""

_COALESCED = 64 * 1024
"""Bytes of responses to pipelined requests that are sent together."""


class HttpProtocol(asyncio.Protocol):
    """Speaks HTTP/1.1 on one connection for a server."""

    _transport: asyncio.Transport
    _reader: RequestReader

    def __init__(self, server: NativeServer) -> None:
        self._server = server
        self._settings = server.settings
        self._application = server.application
        self._waiting: deque[Incoming] = deque()
        self._task: asyncio.Task[None] | None = None
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._feeding = False
        self._ending = False
        self._stuck = False
        self._budget = _BURST
        self._drained: asyncio.Future[None] | None = None
        self._since = self._begun = server.now
        self._wants_welcome = self._streaming = self._lingering = self._paused = False
        self._refused: Refusal | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being read, answered or waiting."""
        return self._task is not None or bool(self._waiting) or self._reader.phase is not Phase.IDLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet a client, or send it away where there are too many."""
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._reader = RequestReader(
            self._settings, peer=peer[0] if peer else "", deliver=self._deliver, welcome=self._welcome
        )
        server = self._server
        if not server.admit(self):
            refused = Refusal(503, "The node has as many connections as it takes; try again soon.")
            self._transport.write(wire.refusal(refused, date=server.date))
            self._end()

    def connection_lost(self, _: Exception | None) -> None:
        """Give up what nobody waits for."""
        self._server.leave(self)
        self._ending = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
        self._release()

    def data_received(self, data: bytes) -> None:
        """Read requests and answer them in order."""
        if self._ending or self._refused is not None:
            return
        reader = self._reader
        messages = reader.messages
        self._feeding = True
        self._budget = _BURST
        try:
            reader.feed(data)
        except Refusal as refused:
            self._refuse(refused)
        self._feeding = False
        if reader.advanced:
            self._since = self._server.now
            if reader.messages != messages:
                self._begun = self._since
        self._flush()
        if self._waiting and self._task is None:
            self._server.loop.call_soon(self._go_on)

    def pause_writing(self) -> None:
        """Stop answering a client that does not read."""
        self._stuck = True
        self._since = self._server.now
        self._pause()

    def resume_writing(self) -> None:
        """Go on when it has read."""
        self._stuck = False
        self._since = self._server.now
        self._release()
        self._go_on()

    def sweep(self) -> None:
        """Look whether the client has let us wait too long."""
        settings, phase = self._settings, self._reader.phase
        waited = self._server.now - self._since
        if self._stuck or self._ending:
            if waited > (settings.linger_s if self._lingering else settings.write_s):
                self._transport.abort()
        elif self._task is not None or self._waiting:
            return
        elif phase is Phase.IDLE:
            if waited > settings.idle_s:
                self._end()
        elif waited > settings.head_s if phase is Phase.HEAD else self._body_late(waited):
            self._refuse(Refusal(408, "The request did not come to its end in time."))

    def stop(self) -> None:
        """End the connection as soon as what has been asked is answered."""
        if self._streaming and self._task is not None:
            self._task.cancel()
        elif not self.busy:
            self._end()

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    def _body_late(self, waited: float) -> bool:
        if waited > self._settings.body_s:
            return True
        took = self._server.now - self._begun
        return took > self._settings.body_s and self._reader.received < took * self._settings.body_rate

    def _deliver(self, incoming: Incoming) -> bool:
        if self._ending:
            return False
        if self._task is not None or self._waiting or self._stuck or self._budget <= 0:
            if len(self._waiting) >= self._settings.pipeline:
                return False
            self._waiting.append(incoming)
            self._pause()
        else:
            self._budget -= 1
            self._answer(incoming)
        return True

    def _welcome(self) -> None:
        if self._task is None and not self._waiting:
            self._write(wire.CONTINUE)
        else:
            self._wants_welcome = True

    def _answer(self, incoming: Incoming) -> None:
        try:
            answer = self._application(incoming.request)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            answer = self._fault(incoming)
        if isinstance(answer, Response) and answer.stream is None:
            self._send(incoming, answer)
        else:
            self._task = self._server.loop.create_task(self._work(incoming, answer))

    async def _work(self, incoming: Incoming, answer: Response | Awaitable[Response]) -> None:
        try:
            response = answer if isinstance(answer, Response) else await answer
            if response.stream is None:
                self._send(incoming, response)
            else:
                await self._stream(incoming, response, response.stream)
        except asyncio.CancelledError:
            self._transport.abort()  # it was not the client that went, or it is gone already
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            self._send(incoming, self._fault(incoming))
        finally:
            self._task = None
            self._since = self._server.now
        self._go_on()

    def _go_on(self) -> None:
        """Answer who waits, as far as can be."""
        self._budget = _BURST
        while self._waiting and not self._held:
            if self._budget <= 0:
                self._server.loop.call_soon(self._go_on)
                return
            self._budget -= 1
            self._answer(self._waiting.popleft())
        if not (self._waiting or self._held):
            self._rest()

    @property
    def _held(self) -> bool:
        """Whether the next request has to wait."""
        return self._task is not None or self._stuck or self._ending

    def _rest(self) -> None:
        """All is answered: end the connection, or read on."""
        if self._refused is not None:
            self._end_with(self._refused)
        elif self._server.stopping and not self.busy:
            self._end()
        else:
            if self._wants_welcome:
                self._wants_welcome = False
                self._write(wire.CONTINUE)
            self._read_on()

    def _send(self, incoming: Incoming, response: Response) -> None:
        if self._ending:
            return
        keep_alive = incoming.keep_alive and not self._server.stopping
        try:
            content = wire.whole(response, incoming, date=self._server.date, keep_alive=keep_alive)
        except ValueError:
            response = self._fault(incoming)
            content = wire.whole(response, incoming, date=self._server.date, keep_alive=keep_alive)
        self._write(content)
        if self._server.observer is not None:
            self._server.observer(incoming.request, response.status, len(response.body))
        if not keep_alive:
            self._end()

    async def _stream(self, incoming: Incoming, response: Response, parts: AsyncIterator[bytes]) -> None:
        keep_alive = incoming.keep_alive and not incoming.old and not self._server.stopping
        self._streaming = True
        if self._server.observer is not None:
            self._server.observer(incoming.request, response.status, -1)
        self._write(wire.head(response, incoming, date=self._server.date, keep_alive=keep_alive))
        try:
            if incoming.request.method != "HEAD":
                await self._send_parts(parts, old=incoming.old)
        except asyncio.CancelledError:
            if not self._server.stopping or self._transport.is_closing():
                raise
            keep_alive = False
            self._write(b"" if incoming.old else wire.LAST_CHUNK)
        except Exception:  # noqa: BLE001 - the head is out: only the broken end can tell
            _log.exception("the stream for %s broke off", incoming.request.path)
            self._transport.abort()
        finally:
            self._streaming = False
            await _close(parts)
        if not keep_alive:
            self._end()

    async def _send_parts(self, parts: AsyncIterator[bytes], *, old: bool) -> None:
        async for part in parts:
            self._write(part if old else wire.chunk(part))
            if self._stuck:
                self._drained = self._server.loop.create_future()
                await self._drained
        if not old:
            self._write(wire.LAST_CHUNK)

    def _fault(self, incoming: Incoming) -> Response:
        _log.exception("the application failed at %s %s", incoming.request.method, incoming.request.path)
        incoming.keep_alive = False
        return Response(500, [])

    def _refuse(self, refused: Refusal) -> None:
        """Answer what was no request, after what was asked before it."""
        self._refused = refused
        if self._task is None and not self._waiting:
            self._end_with(refused)

    def _write(self, content: bytes) -> None:
        if self._feeding:
            self._out.append(content)
            self._out_bytes += len(content)
            if self._out_bytes > _COALESCED:
                self._write_out()
        elif not self._transport.is_closing():
            self._transport.write(content)

    def _flush(self) -> None:
        if self._out:
            self._write_out()
        if self._ending and not self._lingering:
            self._transport.close()
        elif self._lingering:
            self._linger()

    def _write_out(self) -> None:
        out = self._out
        self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        self._out = []
        self._out_bytes = 0

    def _end(self) -> None:
        self._ending = True
        if not self._feeding:
            self._since = self._server.now
            self._transport.close()

    def _end_with(self, refused: Refusal) -> None:
        """Say why, and let the client read it: closing on unread bytes would reset the connection."""
        if self._ending:
            return
        if refused.status:
            self._write(wire.refusal(refused, date=self._server.date))
        self._ending = True
        self._lingering = self._transport.can_write_eof()
        if not self._feeding:
            self._flush()

    def _linger(self) -> None:
        self._since = self._server.now
        if not self._transport.is_closing():
            self._transport.write_eof()
            self._read_on()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _read_on(self) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None


async def _close(parts: Any) -> None:
    close = getattr(parts, "aclose", None)
    if close is not None:
        await close()
