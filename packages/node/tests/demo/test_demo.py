"""The demo as a person meets it: starts, feeds from outside, ends cleanly and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STUB = Path(__file__).with_name("stub_node.py")
RUN = (
    "import sys; from samstad_node.cli.demo import run_demo\n"
    "from samstad_node.cli.exits import CommandFailed\n"
    "try: sys.exit(run_demo(data=sys.argv[1], port=0, json=True, command=(sys.executable, sys.argv[2])))\n"
    "except CommandFailed as e: sys.exit(f'{int(e.exit)} {e.detail} {e.todo}')"
)


@pytest.fixture
def start(tmp_path):
    begun = []

    def start(**environment):
        data, notes = tmp_path / "demo", tmp_path / "notes"
        variables = {**os.environ, "STUB_NOTES": str(notes), "SAMSTAD_REFERENCE": "", **environment}
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", RUN, str(data), str(STUB)],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process, data, notes

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def read(notes):
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds  # noqa: TID251  # a real process is waited for
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"  # noqa: TID251
        time.sleep(0.02)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_district_is_created_then_lives_and_the_signal_ends_everything(start, kind):
    process, data, notes = start()
    wait_for(lambda: len(read(notes)) >= 6)
    child = json.loads((data / "run.json").read_text())["pid"]
    process.send_signal(kind)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    requests = read(notes)
    assert requests[0][:3] == ["POST", "/ngsi-ld/v1/entityOperations/upsert", 204]
    assert len(requests[0][3]) == 112
    assert {request[0] for request in requests[1:]} == {"PATCH"}
    assert all(request[1].endswith("/attrs") for request in requests[1:])
    assert all(request[2] != 401 for request in requests)
    told = json.loads(out)
    assert told["key"] == "samstad_stub"
    assert told["login"] == told["url"] + "/access/v1/link/samlnk_stub"
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_node_that_does_not_start_is_told_with_its_last_words(start):
    process, data, notes = start(STUB_FAILS="1")
    out, err = process.communicate(timeout=20)

    assert process.returncode == 1
    assert err.startswith("4 the demo cannot go on: the node ended with code 1")
    assert "port 8080 is haunted" in err
    assert not out
    assert not notes.exists()
    assert not (data / "run.json").exists()
