"""A centre and a controller that are killed, in turn: nothing is lost, and the street goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from itertools import pairwise

import pytest

pytestmark = [pytest.mark.system, pytest.mark.slow]
COMMAND = [sys.executable, "-m", "samstad_rsmp.shell.cli.main"]


def start(*words):
    return subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True)  # noqa: S603


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    return [
        json.loads(line) for line in process.communicate(timeout=10)[0].splitlines() if line.endswith("}")
    ]


def counters(lines):
    """Each (time, quality) of S0001's cycle counter that a supervisor has seen."""
    messages = [line["message"] for line in lines if line["event"] == "received"]
    return {
        message["sTs"][:19]: one["q"]
        for message in messages
        if message["type"] == "StatusUpdate"
        for one in message["sS"]
        if one["n"] == "cyclecounter"
    }


class Street:
    """A controller and a centre, each a process."""

    def __init__(self, folder):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = str(one.getsockname()[1])
        self.site_words = ["site", "--supervisor", f"127.0.0.1:{port}", "--data", str(folder)]
        self.site_words += ["--reconnect", "0.1"]
        self.centre_words = ["supervisor", "--port", port, "--subscribe", "TC:S0001", "--json"]
        self.site = start(*self.site_words)

    def seen_by_a_centre(self, seconds):
        """Let a centre see the site for some seconds, kill it, and return what it saw."""
        centre = start(*self.centre_words)
        time.sleep(seconds)
        return counters(kill(centre))

    def kill_site(self):
        self.site.kill()
        self.site.communicate(timeout=10)


def test_both_ends_are_killed_and_what_was_missed_is_known_afterwards(tmp_path):
    street = Street(tmp_path)
    try:
        first = street.seen_by_a_centre(2.5)
        time.sleep(2.5)  # nobody listens
        kept = next(tmp_path.glob("*.buffer")).read_bytes().count(b"\n+")
        second = street.seen_by_a_centre(2)
        time.sleep(1.5)
        street.kill_site()
        street.site = start(*street.site_words)
        third = street.seen_by_a_centre(2)
    finally:
        street.kill_site()
    assert kept >= 1
    assert "old" not in first.values()
    assert "old" in second.values()
    assert "old" in third.values()  # what the killed site had kept
    moments = [datetime.fromisoformat(moment) for moment in sorted({**first, **second})]
    gaps = {(after - before).total_seconds() for before, after in pairwise(moments)}
    assert max(gaps) <= 2  # a busy machine may skip a second, an outage none
