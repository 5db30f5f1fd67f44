"""The demo's waste collection as the demo sees it: a process of its own with bins, lorries and a crew."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import orjson

__all__ = ["CollectionProcess"]


class CollectionProcess:
    """The running collection; it ends with its standard input, however the demo ends.

    Args:
        url: of the node.
        key: of its administrator; empty without login.
        log: what it says goes there.
    """

    def __init__(self, url: str, key: str, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(  # our own program
            [sys.executable, "-m", "samstad_waste.simulation.demo"],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        if self._process.stdin is not None:
            self._process.stdin.write(orjson.dumps({"url": url, "key": key}) + b"\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._process.terminate()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._log.close()
