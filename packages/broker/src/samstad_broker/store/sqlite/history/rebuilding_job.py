"""What the temporal index and the worker that rebuilds it tell each other."""

from __future__ import annotations

import msgspec

__all__ = ["RebuildJob"]


class RebuildJob(msgspec.Struct, frozen=True):
    """An index and the history files that it is brought up with."""

    path: str
    history: str
    epoch: int
    number: int
    """With ``epoch``: the position up to which it is brought."""
    keeps_deleted: bool
    vfs: str = ""
