"""The doctor finds what is wrong, says what to do, and finds nothing where nothing is."""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from samstad_node.cli import doctor
from samstad_node.cli.main import main
from samstad_node.supervisor import RunFile, RunningRole


@pytest.fixture
def look(tmp_path, monkeypatch, capsys):
    """Run the doctor on a data directory with a free port; give its exit code and findings by name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAMSTAD_HTTP_PORT", "0")

    def run(*words: str):
        code = main(["doctor", "--json", "--data", str(tmp_path), *words])
        found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
        return code, found

    return run


def running(directory, *, pid: int | None = None, **roles: RunningRole) -> None:
    RunFile(
        pid=os.getpid() if pid is None else pid,
        started="2026-11-25T02:14:57Z",
        version="0.test",
        data=str(directory),
        single=False,
        roles=roles,
    ).write(directory)


def test_a_healthy_place_has_no_finding(look):
    code, found = look()
    assert code == 0
    assert {one["state"] for one in found.values()} == {"ok"}
    assert found["node"]["detail"] == "no node runs on this data directory"


def test_a_port_that_is_taken_is_found(look, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("SAMSTAD_HTTP_PORT", str(server.getsockname()[1]))
        code, found = look()
    assert code == 3
    assert "another program listens" in found["port"]["detail"]


@pytest.mark.usefixtures("look")
def test_a_data_directory_that_is_a_file_is_found(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["doctor", "--data", str(tmp_path / "file" / "data")]) == 3
    assert "not a directory" in capsys.readouterr().out


def test_a_disk_without_room_is_found(look, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=10 * 1024 * 1024))
    code, found = look()
    assert code == 3
    assert "less than the reserve" in found["disk"]["detail"]
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=500 * 1024 * 1024))
    assert look()[1]["disk"]["state"] == "warning"


def test_roles_that_do_not_run_are_found_and_those_that_fall_often_are_told(look, tmp_path):
    waiting = RunningRole(state="waiting", restarts=4, last_end="signal SIGKILL")
    falling = RunningRole(state="ready", pid=1, restarts=9, last_end="exit code 1")
    running(tmp_path, signals=waiting, waste=falling, idle=RunningRole(state="ready"))
    code, found = look()
    assert code == 4
    assert "signal SIGKILL" in found["role signals"]["detail"]
    assert found["role waste"]["state"] == "warning"
    assert found["role idle"]["state"] == "ok"
    assert "port" not in found


def test_a_run_file_that_was_left_behind_is_no_node(look, tmp_path):
    running(tmp_path, pid=2**22 + 1, idle=RunningRole(state="waiting"))
    code, found = look()
    assert code == 0
    assert "role idle" not in found


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 4)])
def test_what_health_answers_decides(look, tmp_path, status, exit_code):
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        running(tmp_path, broker=RunningRole(state="ready", ports={"http": server.server_port}))
        code, found = look()
        thread.join()
    assert code == exit_code
    assert found["health broker"]["detail"] == f"/health answers {status}"


def test_a_node_that_does_not_answer_is_found(look, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    running(tmp_path, broker=RunningRole(state="ready", ports={"http": port}))
    code, found = look()
    assert code == 4
    assert "does not answer" in found["health broker"]["detail"]
