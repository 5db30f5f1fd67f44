"""Each role is a failure domain of its own (I1): what one does, the others do not feel."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from samstad_node.supervisor import RoleRefused, RunFile, parent

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.name != "posix", reason="signals and pipes are POSIX"),
]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def longest_pause_ms(beats: Path) -> int:
    times = [int(line) for line in beats.read_text().split() if line != "end"]
    return max(later - earlier for earlier, later in pairwise(times))


def told_to_everybody(pid: int) -> bytes:
    """What any user of the machine may read of a process."""
    process = Path(f"/proc/{pid}")
    return (
        (process / "cmdline").read_bytes() + (process / "environ").read_bytes() if process.exists() else b""
    )


async def test_killing_one_role_leaves_the_other_within_its_deadline(supervise):
    async with supervise("steady", "other") as node:
        await node.ready("steady", "other")
        steady = node.role("steady").pid
        for number in range(1, 4):
            os.kill(node.role("other").pid, signal.SIGKILL)
            await node.until(lambda wanted=number: node.role("other").restarts == wanted)
            await node.ready("other")
        assert node.role("steady").pid == steady
        assert node.role("steady").restarts == 0
        assert node.role("other").last_end == "signal SIGKILL"
        assert longest_pause_ms(node.data / "steady.beats") < 600


async def test_a_hung_role_is_ended_and_started_again(supervise):
    async with supervise("hangs", "steady") as node:
        await node.until(lambda: node.role("hangs").restarts == 1)
        await node.ready("hangs")
        assert node.role("hangs").last_end.startswith("hung: silent for")
        assert node.role("steady").restarts == 0


async def test_a_role_that_does_not_get_ready_is_started_again(supervise):
    async with supervise("late", start_deadline_s=1.5) as node:
        await node.ready("late")
        assert node.role("late").restarts == 1
        assert node.role("late").last_end.startswith("not ready after 1.5 s")


async def test_a_role_that_crashes_again_and_again_leaves_the_other_alone(supervise):
    async with supervise("crashes", "steady", backoff_first_s=0.1, backoff_most_s=0.2) as node:
        await node.until(lambda: node.role("crashes").restarts == 3)
        assert node.role("crashes").last_end == "exit code 1"
        await node.ready("steady")
        assert node.role("steady").restarts == 0


async def test_a_crash_loop_backs_off(supervise):
    async with supervise("crashes", backoff_first_s=0.01, backoff_most_s=60) as node:
        await node.until(lambda: node.role("crashes").restarts == 2)
        node.supervisor._processes[0].backoff.crashes = 12
        await node.until(
            lambda: node.role("crashes").state == "waiting" and node.role("crashes").restarts == 2
        )
        await asyncio.sleep(1)
        assert (node.role("crashes").state, node.role("crashes").restarts) == ("waiting", 2)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell memory")
async def test_a_role_that_holds_too_much_memory_is_restarted(supervise):
    async with supervise("greedy", "steady", memory_mib=150) as node:
        await node.until(lambda: node.role("greedy").restarts == 1)
        await node.ready("greedy")
        assert node.role("greedy").last_end.startswith("memory: holds")
        assert node.role("steady").restarts == 0


async def test_a_refusal_at_the_first_start_ends_the_node_with_its_reason(supervise):
    async with supervise("refuses", "steady") as node:
        with pytest.raises(RoleRefused, match="newer than this program") as caught:
            await node.task
        assert (caught.value.exit_code, caught.value.todo) == (3, "install the newer release")
        assert RunFile.read(node.data) is None


async def test_stopping_lets_roles_end_in_good_order(supervise):
    async with supervise("steady", "other") as node:
        await node.ready("steady", "other")
        pids = [node.role(name).pid for name in ("steady", "other")]
        node.supervisor.stop.set()
        await node.task
        assert not any(alive(pid) for pid in pids)
        assert (node.data / "steady.beats").read_text().endswith("end\n")
        assert not (node.data / "run.json").exists()


async def test_a_role_that_will_not_stop_is_killed_at_the_deadline(supervise):
    async with supervise("stubborn", stop_deadline_s=0.3) as node:
        await node.ready("stubborn")
        pid = node.role("stubborn").pid
        node.supervisor.stop.set()
        async with asyncio.timeout(5):
            await node.task
        assert not alive(pid)


async def test_the_run_file_tells_pids_and_ports_and_settings_travel_where_nobody_sees_them(supervise):
    async with supervise("tells", issuer="hush-hush") as node:
        await node.ready("tells")
        seen = RunFile.read(node.data)
        assert (seen.pid, seen.version, seen.single) == (os.getpid(), "0.test", False)
        assert seen.roles["tells"].ports == {"http": 8123}
        assert (node.data / "told").read_text() == "hush-hush"
        assert b"hush" not in told_to_everybody(node.role("tells").pid)
        assert "hush" not in (node.data / "run.json").read_text()


async def test_a_machine_that_stood_still_is_no_reason_to_end_a_role(supervise):
    async with supervise("steady", heartbeat_deadline_s=0.4) as node:
        await node.ready("steady")
        os.kill(node.role("steady").pid, signal.SIGSTOP)
        time.sleep(1)  # noqa: ASYNC251  # the supervisor stands still too
        os.kill(node.role("steady").pid, signal.SIGCONT)
        await asyncio.sleep(0.5)
        assert node.role("steady").restarts == 0
        assert node.role("steady").state == "ready"


async def test_stopping_at_once_leaves_nothing(supervise):
    async with supervise("steady", "hangs") as node:
        await asyncio.sleep(0)
        node.supervisor.stop.set()
        await node.task
        assert not (node.data / "run.json").exists()


@pytest.mark.soak
async def test_a_hundred_kills_leave_the_other_role_within_its_deadline(supervise):
    async with supervise("steady", "other", stable_after_s=0.01) as node:
        await node.ready("steady", "other")
        for number in range(1, 101):
            os.kill(node.role("other").pid, signal.SIGKILL)
            await node.until(lambda wanted=number: node.role("other").restarts == wanted)
            await node.ready("other")
        assert node.role("steady").restarts == 0
        assert longest_pause_ms(node.data / "steady.beats") < 600


async def test_the_others_wait_for_the_broker_and_not_for_ever(supervise, monkeypatch):
    monkeypatch.setattr(parent, "HEAD_START_S", 600)
    async with supervise("steady", "broker", start_deadline_s=1.5) as node:
        await node.until(lambda: node.role("broker").pid is not None)
        assert (node.role("broker").state, node.role("steady").pid) == ("starting", None)
        await node.until(lambda: node.role("broker").last_end is not None)
        await node.ready("steady", "broker")
        assert node.role("steady").restarts == 0


async def test_a_broker_that_never_gets_ready_keeps_nobody_from_the_street(supervise, monkeypatch):
    monkeypatch.setattr(parent, "HEAD_START_S", 0.2)
    async with supervise("broker", "steady", start_deadline_s=600) as node:
        await node.ready("steady")
        assert (node.role("broker").state, node.role("broker").restarts) == ("starting", 0)


async def test_stopping_before_the_broker_is_ready_starts_nobody_else(supervise, monkeypatch):
    monkeypatch.setattr(parent, "HEAD_START_S", 600)
    async with supervise("broker", "steady", start_deadline_s=600) as node:
        await node.until(lambda: node.role("broker").pid is not None)
        node.supervisor.stop.set()
        async with asyncio.timeout(10):
            await node.task
        assert not (node.data / "steady.beats").exists()
