"""What one look found."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

__all__ = ["Finding", "State", "Trouble"]


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Trouble(IntEnum):
    """What kind of trouble it would be, as the exit code that tells of it."""

    PLACE = 3
    """A setting or what it names: a directory, a port, a disk, files."""
    SILENCE = 4
    """The node, or a role of it, does not answer or is not well."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    todo: str = ""
    exit: Trouble = Trouble.PLACE
