"""Copying a database while its writer goes on."""

from __future__ import annotations

from pathlib import Path

import apsw

from samstad_broker.store.durable_files import sync_file
from samstad_broker.store.sqlite.connection import connect_reader

__all__ = ["copy_database"]

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
