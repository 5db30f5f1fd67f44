"""The checksum that stands beside each history file, in the form of sha256sum."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samstad_broker.store.durable_files import sha256_of, write_file

__all__ = ["checksum_path", "is_as_written", "note_checksums"]


def checksum_path(path: Path) -> Path:
    """Return where the checksum of a file stands."""
    return path.with_name(path.name + ".sha256")


def note_checksums(path: Path, digests: Sequence[str]) -> None:
    """Note what a file may hold: one digest, or the new and the old one while it is being replaced."""
    write_file(checksum_path(path), "".join(f"{digest}  {path.name}\n" for digest in digests).encode())


def is_as_written(path: Path) -> bool:
    """Whether a file is as it was noted; a file without a note is not."""
    noted = checksum_path(path)
    if not noted.is_file():
        return False
    return sha256_of(path) in {line.split()[0] for line in noted.read_text("utf-8").splitlines() if line}
