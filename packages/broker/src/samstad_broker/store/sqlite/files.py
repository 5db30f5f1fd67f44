"""Files that must be on disk when a function returns, and what is in them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import apsw

from samstad_broker.store.sqlite.connection import connect_reader, sync_directory

__all__ = ["copy_database", "copy_file", "is_empty_directory", "sha256_of", "sync_file", "write_file"]

_PAGES_PER_STEP = 512
_STEPS_PER_SYNC = 8


def copy_database(source: Path, target: Path, *, vfs: str = "") -> None:
    """Copy a database as it is at the beginning, while its writer goes on.

    What was copied is synced as it grows: one sync at the end would make the log's commits wait for all of
    it.

    Raises:
        apsw.Error, OSError: the source cannot be read or the target not be written.
    """
    reader = connect_reader(source, vfs=vfs)
    copy = apsw.Connection(str(target))
    try:
        copy.pragma("journal_mode", "off")
        copy.pragma("synchronous", "off")
        # The read transaction holds the snapshot: without it every commit would start the copy anew.
        reader.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
        with copy.backup("main", reader, "main") as backup:
            steps = 0
            while not backup.step(_PAGES_PER_STEP):
                steps += 1
                if steps % _STEPS_PER_SYNC == 0:
                    sync_file(target)
        reader.execute("COMMIT")
    finally:
        copy.close()
        reader.close(force=True)
    sync_file(target)


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
