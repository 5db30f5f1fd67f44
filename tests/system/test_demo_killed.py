"""The demo is killed: the node that it started ends too, and its data can be used again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.system


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        # One that ended and that nobody has waited for yet is a shadow.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - other processes change it
            await asyncio.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="the states of processes are read from /proc")
async def test_no_process_outlives_a_demo_that_is_killed(tmp_path, start_again):
    data = tmp_path / "demo"
    command = [
        sys.executable,
        "-m",
        "samstad_node.cli.main",
        "demo",
        "--data",
        str(data),
        "--port",
        "0",
        "--json",
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "SAMSTAD_REFERENCE": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ready() -> bool:
        with suppress(FileNotFoundError, ValueError):
            roles = json.loads((data / "run.json").read_text())["roles"].values()
            return all(role["state"] == "ready" for role in roles)
        return False

    try:
        await until(ready)
        await until(lambda: any("demo.emulated" in command_of(one) for one in children(process.pid)))
        run = json.loads((data / "run.json").read_text())
        pids = [run["pid"], *(role["pid"] for role in run["roles"].values()), *children(process.pid)]
        assert all(map(alive, pids))
    finally:
        process.send_signal(signal.SIGKILL)
    await process.wait()
    await until(lambda: not any(map(alive, pids)))
    assert not (data / "run.json").exists()
    again = start_again(data)
    await again.until_ready()
    assert again.run["roles"]["broker"]["restarts"] == 0
