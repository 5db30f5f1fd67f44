"""The archive of a controller's parameters: what its checksum says, and how two versions differ."""

from __future__ import annotations

import difflib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["Difference", "Parameters", "difference", "judge_checksum", "read_parameters"]

Judgement = Literal["known", "changed", "restored", "unarchived"]
MOST_BYTES = 4 * 1024 * 1024
MOST_LINES = 20_000


class Parameters(NamedTuple):
    """One version: its checksum as the controller told it (S0097), and its content (S0098)."""

    checksum: str
    content: bytes
    taken_us: int
    version: str = ""


class Difference(NamedTuple):
    """How two versions differ: lines, unless one of them is no text or too long to compare by lines."""

    same: bool
    lines: tuple[str, ...] | None


def read_parameters(checksum: str, config: str, *, taken_us: int, version: str = "") -> Parameters:
    """Return a version as a controller told it.

    Raises:
        ValueError: it is no base64, or larger than 4 MiB.
    """
    if len(config) > MOST_BYTES * 4 // 3 + 4:
        raise ValueError(f"parameters of more than {MOST_BYTES} bytes")
    try:
        content = b64decode(config, validate=True)
    except NotBase64 as error:
        raise ValueError(f"the parameters are no base64: {error}") from None
    return Parameters(checksum, content, taken_us, version)


def judge_checksum(archive: Sequence[Parameters], checksum: str) -> Judgement:
    """Return what a checksum means against an archive in order of time.

    ``known`` is the latest version; ``restored`` an older one, that somebody put back; ``changed`` is one
    that nobody here has seen, so the parameters are to be read and somebody asked;
    ``unarchived`` is the first one.
    """
    if not archive:
        return "unarchived"
    if archive[-1].checksum == checksum:
        return "known"
    return "restored" if any(one.checksum == checksum for one in archive) else "changed"


def difference(earlier: Parameters, later: Parameters) -> Difference:
    """Return how two versions differ, as a unified diff."""
    if earlier.content == later.content:
        return Difference(same=True, lines=())
    try:
        before, after = (one.content.decode("utf-8").splitlines() for one in (earlier, later))
    except UnicodeDecodeError:
        return Difference(same=False, lines=None)
    if max(len(before), len(after)) > MOST_LINES:
        return Difference(same=False, lines=None)
    diff = difflib.unified_diff(before, after, earlier.checksum, later.checksum, lineterm="", n=1)
    return Difference(same=False, lines=tuple(diff))
