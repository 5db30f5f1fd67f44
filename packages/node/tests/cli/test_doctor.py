"""The doctor finds what is wrong, says what to do, and finds nothing where nothing is."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import apsw
import pytest

from samstad_node.cli.main import main
from samstad_node.doctor import place
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
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: SimpleNamespace(free=10 * 1024 * 1024))
    code, found = look()
    assert code == 3
    assert "less than the reserve" in found["disk"]["detail"]
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: SimpleNamespace(free=500 * 1024 * 1024))
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


@contextmanager
def answering(status: int, body: bytes = b""):
    """Answer one question for health; give the port."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        server.timeout = 20
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        yield server.server_port
        thread.join()


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 4)])
def test_what_health_answers_decides(look, tmp_path, status, exit_code):
    with answering(status) as port:
        running(tmp_path, broker=RunningRole(state="ready", ports={"http": port}))
        code, found = look()
    assert code == exit_code
    assert found["health broker"]["detail"] == f"/health answers {status}"


@pytest.mark.parametrize(("state", "said", "exit_code"), [("degraded", "warning", 0), ("failed", "wrong", 4)])
def test_what_a_service_says_of_itself_is_told(look, tmp_path, state, said, exit_code):
    following = {"name": "following", "state": state, "detail": "not subscribed yet: lamps"}
    log = {"name": "log", "state": "ok"}
    roles = {"tally": {"state": state, "checks": [following, log]}}
    body = json.dumps({"state": state, "ready": True, "roles": roles}).encode()
    with answering(200, body) as port:
        running(tmp_path, broker=RunningRole(state="ready", ports={"http": port}))
        code, found = look()
    assert (code, found["tally following"]["state"]) == (exit_code, said)
    assert "not subscribed yet" in found["tally following"]["detail"]
    assert "tally log" not in found


def test_secrets_that_others_may_read_are_found(look, tmp_path):
    key = tmp_path / "roles" / "devices.key"
    key.parent.mkdir()
    key.write_text("secret")
    key.chmod(0o600)
    assert "secrets" not in look()[1]
    key.chmod(0o640)
    code, found = look()
    assert code == 3
    assert "devices.key" in found["secrets"]["detail"]


@pytest.fixture
def kept(tmp_path, capsys):
    """Let there be data of a node in the place."""
    assert main(["keys", "create", "anna", "--role", "administrator", "--data", str(tmp_path)]) == 0
    capsys.readouterr()


@pytest.mark.usefixtures("kept")
def test_everything_kept_is_read_back_when_asked(look, tmp_path):
    assert not {"files", "audit"} & set(look()[1])
    code, found = look("--deep")
    assert (code, found["files"]["state"], found["audit"]["state"]) == (0, "ok", "ok")
    (log,) = (tmp_path / "broker" / "log").glob("*.db")
    log.write_bytes(log.read_bytes().replace(b"anna", b"nobo"))
    code, found = look("--deep")
    assert "wrong" in {found["files"]["state"], found["audit"]["state"]}
    assert code == 3


@pytest.mark.usefixtures("kept")
def test_data_of_a_newer_release_are_found(look, tmp_path):
    connection = apsw.Connection(str(tmp_path / "broker" / "state.db"))
    connection.pragma("user_version", 999)
    connection.close()
    code, found = look()
    assert code == 3
    assert "newer release" in found["release"]["detail"]


def test_a_node_that_does_not_answer_is_found(look, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    running(tmp_path, broker=RunningRole(state="ready", ports={"http": port}))
    code, found = look()
    assert code == 4
    assert "does not answer" in found["health broker"]["detail"]
