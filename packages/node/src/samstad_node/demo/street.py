"""The demo's street as the demo sees it: a process of its own with emulated signal controllers."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
from pathlib import Path

import orjson

from samstad_node.demo.junctions import JUNCTIONS

__all__ = ["CODES", "StreetProcess", "free_port", "put_junctions"]

CODES = '# The security codes of the emulated controllers, level 2.\n"" = "2222"\n'


def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def put_junctions(port: int, key: str) -> bool:
    """Put the junctions under the node, and tell whether it has taken them."""
    places = {
        one.site_id: {
            "name": one.name,
            "location": [one.longitude, one.latitude],
            "corridor": one.corridor,
        }
        for one in JUNCTIONS
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    try:
        connection.request("POST", "/signals/v1/sites", orjson.dumps({"sites": places}), headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class StreetProcess:
    """The running street.

    Args:
        port: where the node awaits controllers.
        log: what it says goes there.
    """

    def __init__(self, port: int, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "samstad_node.demo.emulated", str(port)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._process.terminate()
        self._process.wait()
        self._log.close()
