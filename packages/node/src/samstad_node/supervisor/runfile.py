"""``DIR/run.json``: what runs, where; written whole or not at all, removed at the end."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

import msgspec

__all__ = ["RoleState", "RunFile", "RunningRole"]

NAME = "run.json"


class RoleState(StrEnum):
    """Where a role is in its life."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    """It ended and will be started again."""
    STOPPED = "stopped"


class RunningRole(msgspec.Struct, kw_only=True):
    """One role as others may see it."""

    state: RoleState = RoleState.STARTING
    pid: int | None = None
    ports: dict[str, int] = {}
    restarts: int = 0
    last_end: str | None = None
    """Why it ended the last time."""


class RunFile(msgspec.Struct, kw_only=True):
    """The whole file."""

    pid: int
    started: str
    """ISO 8601, UTC."""
    version: str
    data: str
    single: bool
    roles: dict[str, RunningRole]

    def write(self, directory: Path) -> None:
        """Replace the file in one step."""
        target = directory / NAME
        fresh = directory / f"{NAME}.new"
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        os.replace(fresh, target)  # noqa: PTH105  # atomic on POSIX, as wanted

    @staticmethod
    def remove(directory: Path) -> None:
        """Take the file away; nothing runs any more."""
        (directory / NAME).unlink(missing_ok=True)

    @classmethod
    def read(cls, directory: Path) -> RunFile | None:
        """Return what is written there, None when nothing runs or the file is not readable."""
        try:
            return msgspec.json.decode((directory / NAME).read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return None
