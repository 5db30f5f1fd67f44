"""Restoring a backup into a new directory."""

from __future__ import annotations

from pathlib import Path

import apsw

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import StoreError
from samstad_broker.store.durable_files import copy_file, is_empty_directory, sync_directory
from samstad_broker.store.sqlite.backup import read_manifest
from samstad_broker.store.sqlite.connection import store_error
from samstad_broker.store.sqlite.stretch import open_stretch, stretch_at

__all__ = ["restore"]


def restore(source: Path, target: Path, *, now_us: int) -> Position:
    """Bring a backup to an empty directory, begin a new epoch there and return its start.

    The epoch is the time in seconds: two restores of one backup must not give the same position to different
    rows.

    Args:
        source: what ``SqliteStore.backup`` wrote.
        target: the directory of the restored broker; it must not exist or be empty.
        now_us: microseconds since 1970 UTC.

    Raises:
        StoreError: the backup is not whole, or the target not empty; the target is left as it was.
    """
    if not is_empty_directory(target):
        raise StoreError(f"{target} is not empty: restore into a new directory, then start the broker there.")
    manifest = read_manifest(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".restoring")
    if not is_empty_directory(unfinished):
        raise StoreError(f"{unfinished} is left from a restore that did not end: remove it and try again.")
    for file in manifest.files:
        path = unfinished / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        copy_file(source / file.path, path)
    epoch = max(Position.parse(manifest.position).epoch + 1, now_us // 1_000_000)
    _begin_epoch(unfinished / "log", epoch)
    for directory in {path.parent for path in unfinished.rglob("*")}:
        sync_directory(directory)
    unfinished.replace(target)
    sync_directory(target.parent)
    return Position(epoch, 0)


def _begin_epoch(directory: Path, epoch: int) -> None:
    stretch = stretch_at(directory, epoch, 1)
    # A broker that was backed up before its first row has no file there.
    directory.mkdir(parents=True, exist_ok=True)
    try:
        open_stretch(stretch).close()
    except apsw.Error as error:
        raise store_error(error, stretch.path) from error
