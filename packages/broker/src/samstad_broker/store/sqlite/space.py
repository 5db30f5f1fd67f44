"""Free space on the disk, kept above a reserve so that reads, deletes and clean-up always have room."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from samstad_broker.spi.store import LogFull, LogUnavailable
from samstad_broker.store.sqlite.settings import SqliteSettings

__all__ = ["DiskSpace", "FreeSpace"]

FreeSpace = Callable[[Path], tuple[int, int]]
"""Gives (free, total) bytes of the disk that holds a directory."""


def _of_disk(directory: Path) -> tuple[int, int]:
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


class DiskSpace:
    """Watches the disk of one directory.

    Args:
        measure: another source of figures, for tests and quotas.
    """

    def __init__(self, directory: Path, settings: SqliteSettings, measure: FreeSpace | None = None) -> None:
        self._directory = directory
        self._settings = settings
        self._measure = measure or _of_disk

    def free(self) -> tuple[int, int]:
        """Return free bytes and the reserve in bytes."""
        free, total = self._measure(self._directory)
        return free, min(self._settings.reserve_bytes, int(total * self._settings.reserve_share))

    def require(self, size: int) -> None:
        """Return when ``size`` bytes can be written without reaching into the reserve.

        Raises:
            LogFull: they cannot.
            LogUnavailable: the disk does not answer.
        """
        try:
            free, reserve = self.free()
        except OSError as error:
            raise LogUnavailable(f"The disk that holds {self._directory} failed: {error}.") from error
        if free - size < reserve:
            raise LogFull(
                f"The disk that holds {self._directory} has {free >> 20} MiB free, of which "
                f"{reserve >> 20} MiB are kept in reserve: free space, shorten retention or move the data."
            )
