"""The supervisor: one process per role, each a failure domain of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from samstad_broker.spi.clock import Clock
from samstad_node.settings import Settings
from samstad_node.supervisor.backoff import Backoff
from samstad_node.supervisor.channel import Refused, Start
from samstad_node.supervisor.process import RoleProcess
from samstad_node.supervisor.role import RoleRefused
from samstad_node.supervisor.runfile import RoleState, RunFile, RunningRole
from samstad_node.supervisor.signals import on_signals

__all__ = ["Node", "Supervisor", "backoff_of"]

FIRST_ROLE = "broker"
HEAD_START_S = 3.0


@dataclass(frozen=True, slots=True)
class Node:
    """What runs: names of roles, where their data are, how they are set, who tells the time."""

    roles: Sequence[str]
    data: Path
    settings: Settings
    version: str
    clock: Clock

    def run_file(self, roles: dict[str, RunningRole], *, single: bool) -> RunFile:
        """Begin the file that says what runs."""
        started = datetime.fromtimestamp(self.clock.now_us() / 1_000_000, UTC).isoformat(timespec="seconds")
        return RunFile(
            pid=os.getpid(),
            started=started.replace("+00:00", "Z"),
            version=self.version,
            data=str(self.data),
            single=single,
            roles=roles,
        )


@dataclass(slots=True)
class Supervisor:
    """Starts the node's roles and keeps them alive until a signal or ``stop``.

    Attributes:
        node: what runs; the data directory must be held (``DataDirectory``).
        command: starts one role's process.
        on_ready: called once, when every role has been ready, with what run.json says.
        stop: begins the end; ``run`` then returns when all roles have ended.
    """

    node: Node
    command: Sequence[str]
    on_ready: Callable[[RunFile], None] = lambda _: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _processes: list[RoleProcess] = field(default_factory=list)
    _run_file: RunFile | None = None
    _announced: bool = False
    _may_follow: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Return when everything has ended.

        Raises:
            RoleRefused: a role could not start as things are; the others were stopped.
        """
        log = structlog.get_logger()
        node = self.node
        self._processes = [self._process(name) for name in node.roles]
        seen = {process.start.role: process.seen for process in self._processes}
        self._run_file = node.run_file(seen, single=False)
        log.info("node.starting", pid=os.getpid(), roles=list(node.roles), data=str(node.data))
        try:
            with on_signals(self._on_signal):
                keeping = [asyncio.create_task(self._keep(process)) for process in self._processes]
                await self.stop.wait()
                await asyncio.gather(*(process.stop() for process in self._processes))
                self._may_follow.set()
                await asyncio.gather(*keeping)
        finally:
            RunFile.remove(node.data)
        log.info("node.stopped")
        self._raise_refusal()

    def _process(self, name: str) -> RoleProcess:
        start = Start(name, str(self.node.data), self.node.settings)
        return RoleProcess(self.command, start, backoff_of(self.node.settings), self._changed)

    async def _keep(self, process: RoleProcess) -> None:
        """A role that gives up for good ends the node; a crash never does."""
        try:
            if process.start.role != FIRST_ROLE and FIRST_ROLE in self.node.roles:
                await self._head_start()
            if not self.stop.is_set():
                await process.keep()
        finally:
            self.stop.set()

    async def _head_start(self) -> None:
        """Let the broker, which the others ask for everything, have the machine until it is ready.

        The others wait only so long: what befalls one role must not keep the others from the street (I1).
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._may_follow.wait(), HEAD_START_S)

    def _changed(self) -> None:
        if self._run_file is None:
            return
        self._run_file.write(self.node.data)
        first = self._run_file.roles.get(FIRST_ROLE)
        if first is None or first.state is not RoleState.STARTING:
            self._may_follow.set()
        everyone = all(role.state is RoleState.READY for role in self._run_file.roles.values())
        if everyone and not self._announced:
            self._announced = True
            structlog.get_logger().info("node.ready")
            self.on_ready(self._run_file)

    def _on_signal(self, number: signal.Signals) -> None:
        if self.stop.is_set():
            structlog.get_logger().warning("node.killing", signal=number.name)
            for process in self._processes:
                process.kill()
        else:
            structlog.get_logger().info("node.stopping", signal=number.name)
            self.stop.set()

    def _raise_refusal(self) -> None:
        refusals: list[Refused] = [one.refused for one in self._processes if one.refused is not None]
        if refusals and not self._announced:
            first = refusals[0]
            raise RoleRefused(first.detail, todo=first.todo, exit_code=first.exit_code)


def backoff_of(settings: Settings) -> Backoff:
    """Build a role's backoff from the settings."""
    roles = settings.roles
    jitter = random.SystemRandom().random
    return Backoff(roles.backoff_first_s, roles.backoff_most_s, roles.stable_after_s, jitter)
