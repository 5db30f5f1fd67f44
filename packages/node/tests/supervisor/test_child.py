"""A role's process by itself: it ends when its supervisor is gone, and the kernel bounds its memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from samstad_node.settings import Settings
from samstad_node.settings.sections import RolesSettings
from samstad_node.supervisor.channel import Beat, Ready, Start, decode_report, encode
from samstad_node.supervisor.memory import resident_mib

pytestmark = pytest.mark.system
FAKES = Path(__file__).with_name("fake_roles.py")
QUICK = RolesSettings(heartbeat_interval_s=0.05, stop_deadline_s=0.5, memory_mib=0)


class Child:
    """A role's process and our ends of its pipes."""

    def __init__(self, name: str, data: Path, roles: RolesSettings = QUICK) -> None:
        lifeline, self.lifeline = os.pipe()
        self.reports, reports = os.pipe()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(FAKES), name, str(lifeline), str(reports)], pass_fds=(lifeline, reports)
        )
        os.close(lifeline)
        os.close(reports)
        os.write(self.lifeline, encode(Start(name, str(data), Settings(roles=roles))))

    def heard(self, kind: type) -> None:
        """Read reports until one of a kind."""
        with os.fdopen(os.dup(self.reports), "rb") as lines:
            for line in lines:
                if isinstance(decode_report(line), kind):
                    return
        raise AssertionError(f"ended without {kind.__name__}")

    def leave(self) -> None:
        """Close our end, as a supervisor that is gone."""
        os.close(self.lifeline)
        self.lifeline = -1


@pytest.fixture
def child(tmp_path):
    made: list[Child] = []

    def start(name: str, **changes: float) -> Child:
        made.append(Child(name, tmp_path, msgspec.structs.replace(QUICK, **changes)))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait(timeout=10)
        os.close(one.reports)
        if one.lifeline >= 0:
            os.close(one.lifeline)


def test_a_role_whose_supervisor_is_gone_ends_in_good_order(child, tmp_path):
    steady = child("steady")
    steady.heard(Ready)
    steady.heard(Beat)
    steady.leave()
    assert steady.process.wait(timeout=10) == 0
    assert (tmp_path / "steady.beats").read_text().endswith("end\n")


@pytest.mark.parametrize("name", ["stubborn", "hangs"])
def test_a_role_that_cannot_end_is_ended_all_the_same(child, name):
    stuck = child(name)
    stuck.heard(Ready)
    stuck.leave()
    assert stuck.process.wait(timeout=10) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is Linux's")
def test_the_kernel_refuses_a_role_twice_its_memory():
    code = (
        "from samstad_node.supervisor.memory import bound_own_memory\n"
        "assert not bound_own_memory(0)\n"
        "assert bound_own_memory(100)\n"
        "bytearray(50 << 20)\n"
        "try:\n    bytearray(400 << 20)\n"
        "except MemoryError:\n    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "refused\n"


def test_the_memory_of_a_process_that_is_gone_is_unknown():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(timeout=10)
    assert resident_mib(gone.pid) is None
    assert (resident_mib(os.getpid()) or 1) > 0
