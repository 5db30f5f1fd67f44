"""The node's data directory: made when absent, used by one node at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

__all__ = ["DataDirectory", "DataDirectoryInUse"]

LOCK = "node.lock"


class DataDirectoryInUse(Exception):
    """Another node runs on the directory."""

    def __init__(self, path: Path, pid: str) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"the data directory {path} is in use by {holder}")


class DataDirectory:
    """Holds the directory's lock while entered; the system frees it when the process ends, however it ends.

    Raises:
        DataDirectoryInUse: another node holds it.
        OSError: it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def __enter__(self) -> Path:
        self.path.mkdir(mode=0o750, parents=True, exist_ok=True)
        file = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.read(file, 20).decode("ascii", "replace").strip()
            os.close(file)
            raise DataDirectoryInUse(self.path, pid) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file
        return self.path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
