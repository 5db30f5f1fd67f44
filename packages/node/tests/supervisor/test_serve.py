"""``samstad serve`` as a person starts and ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from samstad_node.clock import SystemClock
from samstad_node.settings import Settings
from samstad_node.settings.sections import RolesSettings
from samstad_node.supervisor import Node, Role, RoleRefused, RunFile, run_single

pytestmark = pytest.mark.system
FAKES = Path(__file__).with_name("fake_roles.py")
SERVE = (sys.executable, "-m", "samstad_node.cli.main", "serve", "--roles", "idle")


@pytest.fixture
def serve(tmp_path):
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, data: Path = tmp_path / "data", port: int = 0) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603
            [*SERVE, "--data", str(data), "--port", str(port), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)


def wait_until(condition, *, seconds: float = 15) -> None:
    until = time.monotonic() + seconds  # noqa: TID251  # a test's own deadline
    while not condition():
        assert time.monotonic() < until, "not in time"  # noqa: TID251
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("mode", [(), ("--single",)], ids=["processes", "single"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_and_exits_0(serve, tmp_path, mode, number):
    process = serve("--json", *mode)
    told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
    assert told["ready"]
    role = RunFile.read(tmp_path / "data").roles["idle"].pid
    os.killpg(process.pid, number)  # as a terminal does: to every process of the group
    assert process.wait(timeout=10) == 0
    wait_until(lambda: not alive(role))
    assert not (tmp_path / "data" / "run.json").exists()


def test_a_killed_supervisor_leaves_no_orphan(serve, tmp_path):
    process = serve()
    process.stdout.readline()
    role = RunFile.read(tmp_path / "data").roles["idle"].pid
    process.kill()
    wait_until(lambda: not alive(role))
    again = serve()
    assert "samstad is ready" in again.stdout.readline()


def test_a_directory_in_use_and_a_port_taken_are_clear_refusals(serve, tmp_path):
    serve().stdout.readline()
    second = serve()
    _, err = second.communicate(timeout=10)
    assert second.returncode == 3
    assert f"the data directory {tmp_path / 'data'} is in use by process" in err
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        third = serve(port=port, data=tmp_path / "other")
        _, err = third.communicate(timeout=10)
    assert third.returncode == 3
    assert f"port {port} (http.port) cannot be used: another program listens there" in err
    assert "Traceback" not in err


def test_a_data_directory_that_cannot_be_made_is_a_clear_refusal(serve, tmp_path):
    (tmp_path / "file").touch()
    process = serve(data=tmp_path / "file" / "data")
    _, err = process.communicate(timeout=10)
    assert process.returncode == 3
    assert "cannot be used" in err


async def test_in_one_process_a_crash_leaves_the_other_role(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(FAKES.parent))
    roles = {name: Role(f"fake_roles:{name}", "a fake") for name in ("steady", "crashes", "refuses")}
    settings = Settings(roles=RolesSettings(backoff_first_s=0.01, backoff_most_s=0.02))
    stop = asyncio.Event()
    node = Node(("steady", "crashes"), tmp_path, settings, "0.test", SystemClock())
    task = asyncio.create_task(run_single(node, roles, on_ready=lambda _: None, stop=stop))
    async with asyncio.timeout(5):
        while not (seen := RunFile.read(tmp_path)) or seen.roles["crashes"].restarts < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert seen.roles["steady"].state == "ready"
    assert seen.roles["crashes"].last_end == "RuntimeError: no luck today"
    stop.set()
    await task
    refusing = Node(("steady", "refuses"), tmp_path, settings, "0.test", SystemClock())
    with pytest.raises(RoleRefused, match="newer than this program"):
        await run_single(refusing, roles, on_ready=lambda _: None, stop=asyncio.Event())
