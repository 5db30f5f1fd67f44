"""A real node in processes of its own, and a client that remembers what was acknowledged."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

START_S = 20


@dataclass
class RunningNode:
    """A node under a supervisor; ``restarts`` of its roles are the supervisor's business."""

    process: subprocess.Popen[bytes]
    data: Path

    @property
    def run(self) -> dict:
        return json.loads((self.data / "run.json").read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.run['roles']['broker']['ports']['http']}"

    @property
    def key(self) -> str:
        return (self.data / "admin.key").read_text().strip()

    def kill_role(self, name: str) -> None:
        os.kill(self.run["roles"][name]["pid"], signal.SIGKILL)

    async def until_ready(self) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(START_S * 20):
                if await self._answers(session):
                    return
                await asyncio.sleep(0.05)
        message = f"the node was not ready within {START_S} s"
        raise AssertionError(message)

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/ready", timeout=aiohttp.ClientTimeout(1)) as answer:
                # Roles beside the broker start at the same time and may be later.
                starting = any(role["state"] == "starting" for role in self.run["roles"].values())
                return answer.status == 200 and not starting
        except (OSError, aiohttp.ClientError, TimeoutError, KeyError, ValueError):
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def quick(roles: str = "broker") -> dict[str, str]:
    """Return the environment of a node with some roles, opened for its administrator.

    Kills come faster here than in a street: the supervisor must not take them for a crash loop. Ports other
    than HTTP's are free ones, so that no test stands in another's way.
    """
    own = {
        "SAMSTAD_DEMO": "1",
        "SAMSTAD_ROLES_RUN": roles,
        "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
        "SAMSTAD_DEVICES_COAP_PORT": "0",
        "SAMSTAD_DEVICES_COAPS_PORT": "0",
        "SAMSTAD_DEVICES_MQTT_PORT": "0",
        "SAMSTAD_SIGNALS_PORT": "0",
    }
    return {**os.environ, **own}


def start_node(data: Path, environment: Mapping[str, str] | None = None) -> RunningNode:
    command = [sys.executable, "-m", "samstad_node.cli.main", "serve", "--data", str(data), "--port", "0"]
    environment = quick() if environment is None else environment
    with (data.parent / "node.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    return RunningNode(process, data)


@pytest.fixture(name="quick")
def quick_environment() -> Callable[[str], dict[str, str]]:
    """Return what makes the environment of a node with some roles."""
    return quick


@pytest.fixture
def start_again() -> Iterator[Callable[[Path], RunningNode]]:
    """Start further nodes on data that is there; all are stopped in the end."""
    started: list[RunningNode] = []

    def start(data: Path, environment: Mapping[str, str] | None = None) -> RunningNode:
        started.append(start_node(data, environment))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture
async def node(tmp_path: Path, start_again: Callable[[Path], RunningNode]) -> RunningNode:
    running = start_again(tmp_path / "data")
    await running.until_ready()
    return running


@pytest.fixture(scope="module")
def shared_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """Give one node to all tests of a module, which must not stand in each other's way."""
    running = start_node(tmp_path_factory.mktemp("node") / "data")
    asyncio.run(running.until_ready())
    yield running
    running.stop()


@pytest.fixture
async def client(node: RunningNode) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"X-API-Key": node.key}) as session:
        yield session
