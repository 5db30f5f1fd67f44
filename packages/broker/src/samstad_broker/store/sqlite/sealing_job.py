"""What the store and the worker that seals tell each other."""

from __future__ import annotations

import msgspec

__all__ = ["Job", "Outcome", "SealedFile"]


class Job(msgspec.Struct, frozen=True):
    """A complete stretch and where its history goes."""

    path: str
    epoch: int
    first: int
    last: int
    history: str


class SealedFile(msgspec.Struct, frozen=True):
    """A history file that was written, read back and synced."""

    path: str
    rows: int
    bytes: int
    sha256: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of a job: log rows read and files written."""

    log_rows: int
    files: list[SealedFile]
