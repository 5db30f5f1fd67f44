"""A site on asyncio: it connects to each of its supervisors, and comes back whenever it is thrown out."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from samstad_rsmp.session.alarms import AlarmEvent, AlarmState
from samstad_rsmp.session.events import Event, Ready
from samstad_rsmp.session.site import SiteSession
from samstad_rsmp.shell.clock import Clock, system_clock_ms
from samstad_rsmp.shell.disk_buffer import DiskBuffer
from samstad_rsmp.shell.protocol import LinkProtocol

__all__ = ["Advancing", "Pace", "SiteClient", "Supervisor"]


@dataclass(frozen=True)
class Pace:
    """How often a site looks at its device, and how long it waits before it connects again.

    Attributes:
        tick_ms: between two looks.
        first_s: after a link that had been up.
        most_s: after several failures; the standard's default is 10 s.
        spread: which part of the wait is left to chance, so that a city's sites do not come all at once.
    """

    tick_ms: int = 100
    first_s: float = 1.0
    most_s: float = 10.0
    spread: float = 0.2

    def wait_s(self, failures: int, chance: float) -> float:
        """Return the wait after so many failures; ``chance`` is from 0 to 1."""
        plain = min(self.most_s, self.first_s * 2.0 ** min(failures, 16))
        return plain * (1 - self.spread * chance)


DEFAULT_PACE = Pace()


@dataclass(frozen=True)
class Supervisor:
    """Where a supervisor listens, and the session that is kept for it."""

    session: SiteSession
    host: str = "127.0.0.1"
    port: int = 12111
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


class Advancing(Protocol):
    """A device whose time goes on."""

    @property
    def restarts(self) -> int:
        """How often it has restarted; after each, links end and subscriptions are gone."""
        ...

    def advance(self, now_ms: int, *, connected: bool) -> Sequence[tuple[AlarmEvent, AlarmState]]:
        """Let time pass and return what happened to alarms; ``connected`` with any supervisor at all."""
        ...


class SiteClient:
    """Runs one site with all its supervisors until it is cancelled.

    ``told(supervisor, event)`` hears everything. Ticks come every ``pace.tick_ms``; what the device changed
    is told, and what was kept is on disk, after each.
    """

    def __init__(
        self,
        device: Advancing,
        supervisors: Sequence[Supervisor],
        *,
        told: Callable[[Supervisor, Event], None] = lambda _supervisor, _event: None,
        clock: Clock = system_clock_ms,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._device = device
        self._supervisors = supervisors
        self._told = told
        self._clock = clock
        self._pace = pace
        self._restarts = device.restarts
        self._links: dict[int, LinkProtocol] = {}
        self._chance = random.Random()  # noqa: S311  # it spreads reconnects, and keeps no secret

    async def run(self) -> None:
        """Run until cancelled; every connection is closed and every buffer synced at the end."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tick())
                for number in range(len(self._supervisors)):
                    group.create_task(self._keep_connected(number))
        finally:
            for link in self._links.values():
                link.close()
            self._sync()

    async def _tick(self) -> None:
        while True:
            self.step()
            await asyncio.sleep(self._pace.tick_ms / 1000)

    def step(self) -> None:
        """Let the device and all sessions come to the present."""
        now_ms = self._clock()
        connected = any(supervisor.session.is_ready for supervisor in self._supervisors)
        happened = self._device.advance(now_ms, connected=connected)
        if self._device.restarts != self._restarts:
            self._restarts = self._device.restarts
            self._restart()
        for number, supervisor in enumerate(self._supervisors):
            for event, state in happened:
                supervisor.session.tell_alarm(event, state, now_ms)
            link = self._links.get(number)
            if link is not None:
                link.step()
            else:
                supervisor.session.tick(now_ms)
        self._sync()

    def _restart(self) -> None:
        for supervisor in self._supervisors:
            supervisor.session.subscriptions.clear()
        for link in list(self._links.values()):
            link.close("the controller restarts")

    def _sync(self) -> None:
        for supervisor in self._supervisors:
            if isinstance(supervisor.session.buffer, DiskBuffer):
                supervisor.session.buffer.sync()

    async def _keep_connected(self, number: int) -> None:
        failures = 0
        while True:
            failures = 0 if await self._connect_once(number) else failures + 1
            await asyncio.sleep(self._pace.wait_s(failures, self._chance.random()))

    async def _connect_once(self, number: int) -> bool:
        supervisor = self._supervisors[number]
        gone = asyncio.Event()
        was_up = False

        def told(_link: LinkProtocol, event: Event) -> None:
            nonlocal was_up
            was_up = was_up or isinstance(event, Ready)
            self._told(supervisor, event)

        def lost(_link: LinkProtocol, _error: Exception | None) -> None:
            self._links.pop(number, None)
            supervisor.session.disconnect()
            gone.set()

        link = LinkProtocol(
            lambda _link, _transport: supervisor.session, clock=self._clock, told=told, lost=lost
        )
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: link,
                supervisor.host,
                supervisor.port,
                ssl=supervisor.tls,
                server_hostname=supervisor.server_name if supervisor.tls else None,
            )
        except OSError:
            return False
        self._links[number] = link
        await gone.wait()
        return was_up
