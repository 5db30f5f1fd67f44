"""One process per data directory, held by a lock of the operating system that ends with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from samstad_broker.spi.store import StoreInUse

__all__ = ["Ownership"]


class Ownership:
    """The right to write in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            StoreInUse: another process, or another store of this one, has it.
        """
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise StoreInUse(
                f"{self._directory} is in use by another broker: stop it, or give this one another directory."
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
