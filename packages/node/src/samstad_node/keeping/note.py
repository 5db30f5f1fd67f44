"""What stands in a backup or an export: ``node.json``, written last, so that one without it is unfinished."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

__all__ = ["NOTE", "Copied", "CopyRefused", "Note", "check_files", "file_note", "read_note", "write_note"]

NOTE = "node.json"
FORMAT = 1


class CopyRefused(Exception):
    """A copy cannot be made or used; ``todo`` says what to do."""

    def __init__(self, detail: str, *, todo: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.todo = todo


class Copied(msgspec.Struct, frozen=True):
    """One file; the path is relative to the note's directory."""

    path: str
    bytes: int
    sha256: str


class Note(msgspec.Struct, frozen=True):
    """The whole note.

    Attributes:
        format: version of this form.
        kind: ``backup`` or ``export``.
        release: of samstad, that made it.
        node: the node's name.
        made: ISO 8601, UTC.
        position: the last row of the log that is in it.
        files: those that no other manifest in the directory lists.
    """

    format: int
    kind: str
    release: str
    node: str
    made: str
    position: str
    files: list[Copied]


def file_note(path: Path, root: Path) -> Copied:
    """Return what is noted of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Copied(str(path.relative_to(root)), path.stat().st_size, digest)


def write_note(root: Path, note: Note) -> None:
    """Write the note in one step: the copy is complete with it."""
    fresh = root / (NOTE + ".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=2) + b"\n")
    fresh.replace(root / NOTE)


def read_note(root: Path, kind: str) -> Note:
    """Return the note of a copy.

    Raises:
        CopyRefused: there is none, it cannot be read, is of a newer form, or of another kind.
    """
    path = root / NOTE
    if not path.is_file():
        detail = f"{root} has no {NOTE}: it is no {kind}, or one that was not finished"
        raise CopyRefused(detail, todo=f"name the directory that samstad {kind} made, or make another")
    try:
        note = msgspec.json.decode(path.read_bytes(), type=Note)
    except msgspec.DecodeError as error:
        raise CopyRefused(f"{path} cannot be read: {error}", todo="take another copy") from error
    if note.format > FORMAT:
        detail = f"{path} has format {note.format}, this release knows up to {FORMAT}"
        raise CopyRefused(detail, todo=f"use release {note.release}, or a newer one")
    if note.kind != kind:
        todo = (
            "restore reads backups; an export is read by other programs, and entities of it by samstad import"
        )
        raise CopyRefused(f"{root} is an {note.kind}, not a {kind}", todo=todo)
    return note


def check_files(root: Path, note: Note) -> None:
    """Hold every file that the note lists against it.

    Raises:
        CopyRefused: a file is missing or not as it was written.
    """
    for noted in note.files:
        path = root / noted.path
        if not path.resolve().is_relative_to(root.resolve()):
            raise CopyRefused(f"{NOTE} names {noted.path}, outside of the copy", todo="take another copy")
        if not path.is_file() or file_note(path, root) != noted:
            raise CopyRefused(f"{path} is not as it was written", todo="take another copy")
