"""Files that must be on disk when a function returns, and what is in them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

__all__ = ["copy_file", "is_empty_directory", "sha256_of", "sync_directory", "sync_file", "write_file"]


def copy_file(source: Path, target: Path) -> None:
    """Copy a file that is not written to any more."""
    shutil.copyfile(source, target)
    sync_file(target)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and its name."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_bytes(content)
    sync_file(unfinished)
    unfinished.replace(path)
    sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Bring a file's content to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_empty_directory(path: Path) -> bool:
    """Whether nothing is at a path, or an empty directory."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
