"""The demo's node: ``samstad serve`` as a child process, from its start to its end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import orjson

from samstad_node.supervisor import RoleState, RunFile
from samstad_node.supervisor.lifeline import LIFELINE

__all__ = ["DEMO", "SERVE", "ChildNode", "NodeEnded", "login_link", "read_key", "usable_port"]

DEMO = "SAMSTAD_DEMO"
"""Set to 1 in the child's environment: the broker role then writes a key to ``DIR/admin.key``."""

KEY_FILE = "admin.key"
SERVE = (sys.executable, "-m", "samstad_node.cli.main", "serve")
_LOOK_EVERY_S = 0.05


class NodeEnded(Exception):
    """The node's process ended, or was not ready in time; the sentence says which."""


class ChildNode:
    """A running ``samstad serve``.

    It gets a session of its own, so that Ctrl-C in a terminal reaches this process alone, which then
    stops sending before it stops the node. Its standard input is a lifeline: it ends with this process,
    however that ends.
    """

    def __init__(
        self, data: Path, *, port: int, command: Sequence[str] = SERVE, environment: Mapping[str, str]
    ) -> None:
        self.data = data
        self._log = (data / "demo.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            [*command, "--data", str(data), "--port", str(port), "--json"],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            env={**environment, DEMO: "1", LIFELINE: "1"},
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def port_when_ready(self, *, wait: Callable[[float], bool], within_s: float) -> int | None:
        """Return the HTTP port once every role is ready; None when ``wait`` said to stop.

        Raises:
            NodeEnded: it ended, or was not ready in time.
        """
        for _ in range(int(within_s / _LOOK_EVERY_S)):
            if not self.running:
                raise NodeEnded(f"the node ended with code {self._process.returncode}; see {self.log_file}")
            port = self._port()
            if port is not None:
                return port
            if wait(_LOOK_EVERY_S):
                return None
        raise NodeEnded(f"the node was not ready within {within_s:g} s; see {self.log_file}")

    def has_role(self, name: str) -> bool:
        """Tell whether a role runs."""
        seen = RunFile.read(self.data)
        return seen is not None and seen.pid == self._process.pid and name in seen.roles

    def ports_of(self, name: str) -> dict[str, int]:
        """Return the ports of a role, by protocol; none where it does not run."""
        seen = RunFile.read(self.data)
        role = seen.roles.get(name) if seen is not None and seen.pid == self._process.pid else None
        return dict(role.ports) if role is not None else {}

    @property
    def log_file(self) -> Path:
        """What the node wrote."""
        return self.data / "demo.log"

    def stop(self, *, within_s: float) -> None:
        """Ask the node to end, and kill it with all its roles when it does not."""
        if self.running:
            self._process.terminate()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()

    def _port(self) -> int | None:
        seen = RunFile.read(self.data)
        if seen is None or seen.pid != self._process.pid:
            return None
        if any(role.state is not RoleState.READY for role in seen.roles.values()):
            return None
        return next((role.ports["http"] for role in seen.roles.values() if "http" in role.ports), None)


def read_key(data: Path) -> str:
    """Return the administrator's key that the node wrote; empty for a node without login."""
    try:
        return (data / KEY_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def login_link(port: int, key: str) -> str:
    """Return a URL that logs a browser in once, within fifteen minutes; empty where the node gives none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    try:
        connection.request("POST", "/access/v1/links", b'{"principal": "admin"}', headers)
        answer = connection.getresponse()
        body = answer.read()
        return f"http://127.0.0.1:{port}{orjson.loads(body)['path']}" if answer.status == 201 else ""
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ""
    finally:
        connection.close()


def usable_port(wanted: int) -> int:
    """Return the port, or 0 (any free one) when another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted
