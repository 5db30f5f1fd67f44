"""Backups: copies of all files at one log position, with a manifest that tells whether they are whole.

Projections are copied first and the log after them, so that whatever a projection holds is in the log of
the copy. The manifest is written last: a directory without one is an unfinished backup.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apsw
import msgspec
import orjson

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import StoreError
from samstad_broker.store.durable_files import (
    copy_file,
    is_empty_directory,
    sha256_of,
    sync_directory,
    write_file,
)
from samstad_broker.store.sqlite.connection import store_error
from samstad_broker.store.sqlite.copying import copy_database
from samstad_broker.store.sqlite.keeping import keeping
from samstad_broker.store.sqlite.stretch import Stretch, find_stretches, last_position

__all__ = ["MANIFEST", "BackupCopy", "BackupFile", "Manifest", "backup_directory", "read_manifest"]

MANIFEST = "manifest.json"

_FORMAT = 1
_PATIENCE_S = 120.0
"""A stretch is sealed in less."""


class BackupFile(msgspec.Struct, frozen=True):
    """One file of a backup; ``path`` is relative to the backup's directory."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds.

    Attributes:
        format: version of this form.
        node: the name of the node it is of.
        position: the last log row in it.
        files: everything else in its directory.
    """

    format: int
    node: str
    position: str
    files: list[BackupFile]


def backup_directory(source: Path, target: Path, *, node: str, vfs: str = "") -> Position:
    """Copy a broker's directory at one log position, whether or not a broker runs on it; blocks its thread.

    Args:
        source: the directory of a ``SqliteStore``.
        target: a directory that does not exist or is empty.
        node: the node's name, for the manifest.
        vfs: the SQLite VFS; the empty string is the system's own.

    Returns:
        The position of the last row in the copy.

    Raises:
        StoreError: there is no broker's data, the target is not empty, or the disk fails.
    """
    with keeping(source, patience_s=_PATIENCE_S):
        copy = BackupCopy(source, target, vfs=vfs)
        copy.copy_projections()
        # Listed after the projections were copied: what a projection holds is in the log of the copy.
        stretches = find_stretches(source / "log") if (source / "log").is_dir() else []
        if not stretches:
            raise StoreError(f"{source} holds no log: no broker has ever run on it.")
        position = copy.copy_log(stretches)
        copy.write_manifest(node, position)
    return position


class BackupCopy:
    """Fills a directory with a backup, in the order of its methods; each blocks its thread.

    Raises:
        StoreError: the target is not empty, or a file cannot be copied.
    """

    def __init__(self, source: Path, target: Path, *, vfs: str = "") -> None:
        self._source = source
        self._target = target
        self._vfs = vfs

    def copy_projections(self) -> None:
        """Copy the projections' databases and the sealed history."""
        if not is_empty_directory(self._target):
            raise StoreError(f"{self._target} is not empty: a backup needs a new or empty directory.")
        (self._target / "log").mkdir(parents=True)
        for path in sorted(self._source.glob("*.db")):
            self._copy_database(path)
        for path in sorted(self._source.glob("history/**/*.parquet*")):
            target = self._target / path.relative_to(self._source)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(path, target)

    def copy_log(self, stretches: Sequence[Stretch]) -> Position:
        """Copy the log and return the position of its last row in the copy."""
        for stretch in stretches:
            self._copy_database(stretch.path)
        last = stretches[-1]
        path = self._target / "log" / last.path.name
        copy = apsw.Connection(
            f"file:{path}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        try:
            if copy.table_exists("main", "row"):
                return last_position(last, copy)
        except apsw.Error as error:
            raise store_error(error, last.path) from error
        finally:
            copy.close()
        # It was made this moment and not begun: all rows are before it, and it is nothing to restore.
        path.unlink()
        return last.before

    def _copy_database(self, path: Path) -> None:
        try:
            copy_database(path, self._target / path.relative_to(self._source), vfs=self._vfs)
        except apsw.Error as error:
            raise store_error(error, path) from error
        except OSError as error:
            raise StoreError(f"{path} cannot be copied to {self._target}: {error}.") from error

    def write_manifest(self, node: str, position: Position) -> None:
        """Say what is there: the backup is complete with it."""
        paths = sorted(path for path in self._target.rglob("*") if path.is_file())
        files = [
            BackupFile(str(path.relative_to(self._target)), path.stat().st_size, sha256_of(path))
            for path in paths
        ]
        for directory in {path.parent for path in paths}:
            sync_directory(directory)
        manifest = msgspec.to_builtins(Manifest(_FORMAT, node, str(position), files))
        write_file(self._target / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        sync_directory(self._target.parent)


def read_manifest(source: Path) -> Manifest:
    """Return the manifest of a backup after checking every file against it.

    Raises:
        StoreError: it is missing, of a newer form, or a file is not as it says.
    """
    path = source / MANIFEST
    if not path.is_file():
        raise StoreError(f"{source} has no {MANIFEST}: it is no backup, or an unfinished one.")
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error
    if manifest.format > _FORMAT:
        raise StoreError(
            f"{path} has format {manifest.format}, this release knows up to {_FORMAT}: restore with the "
            "release that made the backup, or a newer one."
        )
    for file in manifest.files:
        _check(source, file)
    return manifest


def _check(source: Path, file: BackupFile) -> None:
    path = source / file.path
    if not path.resolve().is_relative_to(source.resolve()):
        raise StoreError(f"The manifest of {source} names {file.path}, which is outside of the backup.")
    if not path.is_file():
        raise StoreError(f"{path} is missing in the backup: take another one.")
    if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
        raise StoreError(f"{path} is not as the backup wrote it: take another one.")
