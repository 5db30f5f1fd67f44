"""Stretches: the files that the log consists of, one after the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import apsw

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import LogCorrupt
from samstad_broker.store.durable_files import sync_directory
from samstad_broker.store.sqlite.connection import connect
from samstad_broker.store.sqlite.migrations import migrate
from samstad_broker.store.sqlite.queries import load_queries

__all__ = [
    "LOG_QUERIES",
    "Stretch",
    "find_stretches",
    "is_blank",
    "last_position",
    "open_stretch",
    "remove_stretch",
    "stretch_at",
]

LOG_QUERIES = load_queries("log")

_PAGE_SIZE = 8192
"""Measured: the fewest bytes per group of 64 to 256 rows of 600 bytes go to the WAL with 8 KiB."""

_NAME = re.compile(r"(\d+)-(\d+)\.db")


class Stretch(NamedTuple):
    """A file of rows whose numbers begin with ``first``."""

    epoch: int
    first: int
    path: Path
    last: int | None = None
    """The last number of a complete stretch; None for the one that is written to."""

    @property
    def before(self) -> Position:
        """The position before the first row."""
        return Position(self.epoch, self.first - 1)


def stretch_at(directory: Path, epoch: int, first: int) -> Stretch:
    """Return the stretch of a directory that begins with a row."""
    return Stretch(epoch, first, directory / f"{epoch}-{first}.db")


def find_stretches(directory: Path) -> list[Stretch]:
    """Return the stretches in a directory, oldest first."""
    names = (_NAME.fullmatch(path.name) for path in directory.iterdir())
    return sorted(stretch_at(directory, int(name[1]), int(name[2])) for name in names if name)


def open_stretch(stretch: Stretch, *, vfs: str = "") -> apsw.Connection:
    """Open a stretch for writing, creating it where it is not there or was not finished."""
    connection = connect(stretch.path, vfs=vfs, page_size=_PAGE_SIZE)
    try:
        _make_ready(connection)
    except BaseException:
        connection.close(force=True)
        raise
    sync_directory(stretch.path.parent)
    return connection


def _make_ready(connection: apsw.Connection) -> None:
    migrate(connection, "log")
    # Everything goes from the WAL into the file before the first append. A new file must exist with its
    # header, or SQLite would take its WAL for a stray one after a power cut. And after a failed fsync
    # the kernel may hold pages as clean that are not on disk: this writes and syncs them again.
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def last_position(stretch: Stretch, connection: apsw.Connection) -> Position:
    """Return the position of a stretch's last row, or that before its first one when it is empty.

    Raises:
        LogCorrupt: the rows do not begin where the file's name says.
    """
    first = connection.execute(LOG_QUERIES["first_row"]).fetchone()
    if first is None:
        return stretch.before
    if first[0] != stretch.first:
        raise LogCorrupt(f"{stretch.path} begins with row {first[0]}: its name says {stretch.first}.")
    ((number, _),) = connection.execute(LOG_QUERIES["last_row"])
    return Position(stretch.epoch, number)


def is_blank(stretch: Stretch) -> bool:
    """Whether a stretch holds no row: it was made, and then not begun."""
    connection = apsw.Connection(str(stretch.path))
    try:
        return (
            not connection.table_exists("main", "row") or not connection.execute(LOG_QUERIES["first_row"]).get
        )
    finally:
        connection.close()


def remove_stretch(stretch: Stretch) -> None:
    """Remove the files of a stretch that nobody has open."""
    # The WAL goes last: a file without it may lack rows, a WAL without its file is nothing.
    for suffix in ("", "-shm", "-wal"):
        Path(f"{stretch.path}{suffix}").unlink(missing_ok=True)
    sync_directory(stretch.path.parent)
