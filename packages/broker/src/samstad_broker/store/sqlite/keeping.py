"""One at a time: sealing takes files away, a backup copies them, perhaps in another process.

The lock is the operating system's, so that a process that dies leaves nothing behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samstad_broker.spi.store import StoreError

__all__ = ["KeepingBusy", "keeping"]

_STEP_S = 0.05


class KeepingBusy(StoreError):
    """Another process seals or backs up this very directory."""


@contextmanager
def keeping(directory: Path, *, patience_s: float) -> Iterator[None]:
    """Hold the right to copy or take away files of a broker's directory; blocks its thread.

    Raises:
        KeepingBusy: another has it, still after so many seconds.
        StoreError: the directory is not there, or its lock cannot be opened.
    """
    try:
        descriptor = os.open(directory / "keeping.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{directory} cannot be used: {error.strerror}.") from error
    try:
        _take(descriptor, directory, patience_s)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, directory: Path, patience_s: float) -> None:
    for _ in range(max(1, round(patience_s / _STEP_S))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_STEP_S)
        else:
            return
    raise KeepingBusy(f"Another process backs up or seals {directory}: try again when it has ended.")
