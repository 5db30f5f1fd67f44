"""A supervisor on fake roles, with deadlines that tests can wait for."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from samstad_node.clock import SystemClock
from samstad_node.settings import Settings
from samstad_node.settings.sections import AccessSettings, RolesSettings
from samstad_node.supervisor import Node, RunFile, RunningRole, Supervisor

FAKES = Path(__file__).with_name("fake_roles.py")
QUICK = RolesSettings(
    heartbeat_interval_s=0.05,
    heartbeat_deadline_s=0.6,
    start_deadline_s=10,
    stop_deadline_s=2,
    backoff_first_s=0.05,
    backoff_most_s=0.4,
    memory_mib=0,
)


class Running:
    """A supervisor that runs in the test's own event loop."""

    def __init__(self, supervisor: Supervisor, data: Path, task: asyncio.Task[None]) -> None:
        self.supervisor = supervisor
        self.data = data
        self.task = task

    def role(self, name: str) -> RunningRole:
        seen = RunFile.read(self.data)
        return seen.roles[name] if seen and name in seen.roles else RunningRole()

    async def until(self, condition: Callable[[], bool], *, seconds: float = 15) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)

    async def ready(self, *names: str) -> None:
        await self.until(lambda: all(self.role(name).state == "ready" for name in names))


@pytest.fixture
def supervise(tmp_path):
    @contextlib.asynccontextmanager
    async def start(*names: str, issuer: str = "", **changes: float) -> AsyncIterator[Running]:
        roles = msgspec.structs.replace(QUICK, **changes)
        settings = Settings(roles=roles, access=AccessSettings(issuer=issuer))
        node = Node(names, tmp_path, settings, "0.test", SystemClock())
        supervisor = Supervisor(node, (sys.executable, str(FAKES)))
        task = asyncio.create_task(supervisor.run())
        try:
            yield Running(supervisor, tmp_path, task)
        finally:
            supervisor.stop.set()
            await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 10)

    return start
