"""A backup into a new data directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite import restore as restore_broker
from samstad_node.keeping.note import CopyRefused, check_files, read_note
from samstad_node.keeping.places import BROKER

__all__ = ["restore_node"]


def restore_node(source: Path, data: Path, *, now_us: int) -> Position:
    """Bring a backup to a data directory and return where its new epoch begins.

    Args:
        source: what ``back_up`` wrote; every file of it is checked first.
        data: a directory that does not exist or is empty.
        now_us: microseconds since 1970 UTC.

    Raises:
        CopyRefused: the backup is not whole, or the directory not empty; the directory is left as it was.
    """
    note = read_note(source, "backup")
    check_files(source, note)
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        todo = "restore into a new directory, and start the node there with --data"
        raise CopyRefused(f"{data} is not empty", todo=todo)
    fresh = data.with_name(data.name + ".restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=0o750, parents=True)
        position = restore_broker(source / BROKER, fresh / BROKER, now_us=now_us)
        for noted in note.files:
            _copy(source / noted.path, fresh / noted.path)
        if data.exists():
            data.rmdir()
        fresh.replace(data)
    except (OSError, StoreError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        todo = "see that there is room and the right to write there; take another backup if it is damaged"
        raise CopyRefused(f"the backup could not be restored: {error}", todo=todo) from error
    return position


def _copy(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600))
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
