"""A copy of everything that a node keeps, made while it serves or while it does not.

The broker's part is of one position of its log; the databases beside it were copied just before, so that
nothing they did is missing in the log's audit rows.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import apsw

from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite import backup_directory, copy_database
from samstad_node.keeping.note import FORMAT, CopyRefused, Note, file_note, write_note
from samstad_node.keeping.places import BROKER, databases, kept_files

__all__ = ["back_up"]


def back_up(data: Path, target: Path, *, node: str, release: str, made: str) -> Note:
    """Copy a data directory and return what the copy holds.

    Args:
        data: of the node.
        target: a directory that does not exist or is empty; it is for the node's user alone.
        node: the node's name.
        release: of samstad.
        made: ISO 8601, UTC.

    Raises:
        CopyRefused: there is nothing to copy, the target is not empty, or the disk fails; what was written
            of the target is taken away again.
    """
    if not (data / BROKER).is_dir():
        detail = f"{data} holds no node's data"
        raise CopyRefused(detail, todo="name the node's directory with --data, or start the node once")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CopyRefused(f"{target} is not empty", todo="name a new directory")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _copied(data, target, Note(FORMAT, "backup", release, node, made, "", []))
    except (OSError, StoreError, apsw.Error) as error:
        shutil.rmtree(target, ignore_errors=True)
        todo = "see that there is room and the right to write there, then try again"
        raise CopyRefused(f"the backup could not be made: {error}", todo=todo) from error


def _copied(data: Path, target: Path, note: Note) -> Note:
    copies = [_copy(path, target, is_database=True) for path in databases(data)]
    copies += [_copy(path, target, is_database=False) for path in kept_files(data)]
    position = backup_directory(data / BROKER, target / BROKER, node=note.node)
    files = [file_note(path, target) for path in copies]
    whole = Note(note.format, note.kind, note.release, note.node, note.made, str(position), files)
    write_note(target, whole)
    return whole


def _copy(path: Path, target: Path, *, is_database: bool) -> Path:
    copy = target / path.name
    # Made before anything is in it, so that nobody else can ever read it.
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600))
    if is_database:
        copy_database(path, copy)
    else:
        shutil.copyfile(path, copy)
    return copy
