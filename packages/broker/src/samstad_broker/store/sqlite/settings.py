"""What can be chosen about a SQLite store."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SqliteSettings"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteSettings:
    """Bounds and sizes of a SQLite store.

    Attributes:
        node: the node's name, noted in backups.
        stretch_rows: rows after which a new stretch of the log begins.
        stretch_bytes: bytes of rows after which a new stretch begins.
        stretch_age_us: time between a stretch's first row and the row that begins the next one.
        reserve_bytes: free space that appends leave on the disk, or ``reserve_share`` of it if that is less.
        reserve_share: see ``reserve_bytes``.
        tail_bytes: memory for the newest rows, from which followers are served.
        slice_rows: most rows that one read takes from a file.
        slice_bytes: bytes after which a read ends.
        wal_pages: pages (of 8 KiB) of a write-ahead log after which it is written back.
        keeps_deleted: the temporal index keeps the history of entities that somebody deletes.
        history_process: a process of its own writes the temporal index, not a thread of this one.
        vfs: the SQLite VFS; the empty string is the system's own.
    """

    node: str = ""
    stretch_rows: int = 1_000_000
    stretch_bytes: int = 256 * _MIB
    stretch_age_us: int = 24 * 3_600 * 1_000_000
    reserve_bytes: int = 256 * _MIB
    reserve_share: float = 0.01
    tail_bytes: int = 8 * _MIB
    slice_rows: int = 500
    slice_bytes: int = _MIB
    wal_pages: int = 500
    keeps_deleted: bool = False
    history_process: bool = False
    vfs: str = ""
