"""One connection on asyncio: bytes to a session and back, and its deadlines; no task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from samstad_rsmp.session.events import Closed, Event
from samstad_rsmp.shell.clock import Clock

__all__ = ["Connection", "LinkProtocol"]

HIGH_WATER_BYTES = 4 * 1024 * 1024
"""How much may wait for a peer that does not read, before nothing more is read from it."""
STALLED_S = 30.0
"""How long a peer may not read, before the connection is given up."""


class Connection(Protocol):
    """What the shell needs of a session while one connection lasts."""

    def connect(self, now_ms: int) -> None:
        """Begin."""
        ...

    def receive(self, chunk: bytes, now_ms: int) -> list[Event]:
        """Take bytes."""
        ...

    def tick(self, now_ms: int) -> list[Event]:
        """Let time pass."""
        ...

    def take_output(self) -> bytes:
        """Give bytes."""
        ...

    def next_deadline_ms(self) -> int | None:
        """Tell when to tick, None for never."""
        ...


class LinkProtocol(asyncio.Protocol):
    """Runs a session over one transport.

    ``begin`` gives the session once the transport is there; ``told`` gets each event; ``lost`` is called once
    at the end. A peer that does not read is not read from either, and is given up after a while.
    """

    def __init__(
        self,
        begin: Callable[[LinkProtocol, asyncio.Transport], Connection | None],
        *,
        clock: Clock,
        told: Callable[[LinkProtocol, Event], None],
        lost: Callable[[LinkProtocol, Exception | None], None],
    ) -> None:
        self.session: Connection | None = None
        self.transport: asyncio.Transport | None = None
        self.reason = ""
        self._begin = begin
        self._clock = clock
        self._told = told
        self._lost = lost
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the session, or refuse the connection."""
        # Streams give nothing else, but not every event loop's class says so.
        self.transport = transport = cast("asyncio.Transport", transport)
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self.session = self._begin(self, transport)
        if self.session is None:
            transport.close()
            return
        self.session.connect(self._clock())
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Give bytes to the session."""
        if self.session is not None:
            self._tell(self.session.receive(data, self._clock()))
            self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: no timer stays behind."""
        for timer in (self._timer, self._stalled):
            if timer is not None:
                timer.cancel()
        self._timer = self._stalled = None
        self._lost(self, exc)

    def pause_writing(self) -> None:
        """Read no more from a peer that does not read."""
        assert self.transport is not None  # noqa: S101  # only a transport pauses
        self.transport.pause_reading()
        self._stalled = asyncio.get_running_loop().call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def flush(self) -> None:
        """Write what the session has to say, and set the alarm for its next deadline."""
        if self.session is None or self.transport is None:
            return
        out = self.session.take_output()
        if out and not self.transport.is_closing():
            self.transport.write(out)
        self._set_timer()

    def step(self) -> None:
        """Let the session come to the present now."""
        self._on_time()

    def close(self, reason: str = "") -> None:
        """End the connection once everything is written."""
        self.reason = self.reason or reason
        if self.transport is not None:
            self.transport.close()

    def _set_timer(self) -> None:
        assert self.session is not None  # noqa: S101  # flush has seen to it
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ms = self.session.next_deadline_ms()
        if due_ms is not None and self.transport is not None and not self.transport.is_closing():
            delay_s = max(0.0, (due_ms - self._clock()) / 1000)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_time)

    def _on_time(self) -> None:
        if self.session is not None:
            self._tell(self.session.tick(self._clock()))
            self.flush()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Closed):
                self.reason = self.reason or event.reason
            self._told(self, event)
        if any(isinstance(event, Closed) for event in events):
            self.flush()
            self.close()
