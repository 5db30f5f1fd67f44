"""The node that is looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from samstad_node.settings import Settings
from samstad_node.supervisor.runfile import RunFile

__all__ = ["Patient", "find_running"]


class Patient(NamedTuple):
    """A node's settings, its data directory, and what ``run.json`` says of it while it runs."""

    settings: Settings
    data: Path
    running: RunFile | None

    @property
    def nearest(self) -> Path:
        """The data directory, or what there is of the way to it."""
        return next(path for path in (self.data, *self.data.parents) if path.exists())


def find_running(data: Path) -> RunFile | None:
    """Return what ``run.json`` says, unless it was left behind by a node that is gone."""
    seen = RunFile.read(data)
    return seen if seen is not None and _alive(seen.pid) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
