"""What the process that takes rows in and its parent tell each other."""

from __future__ import annotations

import msgspec

__all__ = ["TakingAnswer", "TakingJob"]


class TakingJob(msgspec.Struct, frozen=True):
    """The first message: which index is written, and how."""

    path: str
    keeps_deleted: bool


class TakingAnswer(msgspec.Struct, frozen=True):
    """The answer to every message: the cursor, or the name of a StoreError and its sentence."""

    epoch: int = 0
    number: int = 0
    error: str = ""
    detail: str = ""
