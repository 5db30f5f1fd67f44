"""What one look found."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from samstad_node.cli.exits import Exit

__all__ = ["Finding", "State"]


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    todo: str = ""
    exit: Exit = Exit.SETTINGS
