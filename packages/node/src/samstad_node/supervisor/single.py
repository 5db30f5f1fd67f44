"""All roles in one process: for tests and small boxes. A crash leaves the others alive; a hang does not."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from samstad_node.observe import Metrics
from samstad_node.supervisor.parent import Node, backoff_of
from samstad_node.supervisor.role import Role, RoleContext, RoleRefused
from samstad_node.supervisor.runfile import RoleState, RunFile, RunningRole
from samstad_node.supervisor.signals import on_signals

__all__ = ["run_single"]


async def run_single(
    node: Node, roles: Mapping[str, Role], *, on_ready: Callable[[RunFile], None], stop: asyncio.Event
) -> None:
    """Run the node's roles on this event loop until a signal or ``stop``.

    Raises:
        RoleRefused: a role could not start as things are; the others were stopped.
    """
    log = structlog.get_logger()
    single = _Single(node, on_ready, stop)
    log.info("node.starting", pid=os.getpid(), roles=list(node.roles), data=str(node.data), single=True)
    try:
        with on_signals(lambda _: stop.set()):
            async with asyncio.TaskGroup() as group:
                for name in node.roles:
                    group.create_task(single.keep(name, roles[name]))
    except* RoleRefused as refusals:
        raise refusals.exceptions[0] from None
    finally:
        RunFile.remove(node.data)
    log.info("node.stopped")


@dataclass(slots=True)
class _Single:
    node: Node
    on_ready: Callable[[RunFile], None]
    stop: asyncio.Event
    run_file: RunFile = field(init=False)
    announced: bool = False

    def __post_init__(self) -> None:
        seen = {name: RunningRole(pid=os.getpid()) for name in self.node.roles}
        self.run_file = self.node.run_file(seen, single=True)

    async def keep(self, name: str, role: Role) -> None:
        """Run one role, and again after a crash; return when stopped."""
        backoff = backoff_of(self.node.settings)
        log = structlog.get_logger().bind(role=name)
        seen = self.run_file.roles[name]
        loop = asyncio.get_running_loop()
        while not self.stop.is_set():
            began = loop.time()
            self._change(seen, RoleState.STARTING)
            end = await self._live(name, role, seen)
            if self.stop.is_set():
                break
            wait_s = backoff.wait_s(ran_s=loop.time() - began)
            seen.last_end, seen.ports = end, {}
            log.warning("role.ended", why=end, restart_in_s=round(wait_s, 3))
            self._change(seen, RoleState.WAITING)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), wait_s)
            seen.restarts += 1
        self._change(seen, RoleState.STOPPED)

    async def _live(self, name: str, role: Role, seen: RunningRole) -> str:
        """Run the role once and return why it ended."""
        context = RoleContext(
            name=name,
            data=self.node.data,
            settings=self.node.settings,
            clock=self.node.clock,
            metrics=Metrics(),
            log=structlog.get_logger().bind(role=name),
            stop=self.stop,
            ready=lambda ports: self._ready(seen, ports),
        )
        try:
            await role.load()(context)
        except RoleRefused as refusal:
            if not self.announced:
                self.stop.set()
                raise
            return f"refused: {refusal.detail}"
        except Exception as error:  # a failure domain: the others go on
            context.log.exception("role.crashed")
            return f"{type(error).__name__}: {error}"
        return "it returned"

    def _ready(self, seen: RunningRole, ports: Mapping[str, int]) -> None:
        seen.ports = dict(ports)
        self._change(seen, RoleState.READY)
        everyone = all(role.state is RoleState.READY for role in self.run_file.roles.values())
        if everyone and not self.announced:
            self.announced = True
            structlog.get_logger().info("node.ready")
            self.on_ready(self.run_file)

    def _change(self, seen: RunningRole, state: RoleState) -> None:
        seen.state = state
        self.run_file.write(self.node.data)
