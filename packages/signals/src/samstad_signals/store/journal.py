"""The journal: what controllers told, written before it is acknowledged to them.

A controller forgets what was acknowledged. So each message is in the file before its acknowledgement leaves,
and stays until the broker has taken what it meant. Files follow one another; a turn of writing begins a new
one, and takes the older ones away when it is done. A line that is cut off at the end was never acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

__all__ = ["Journal"]

_ENCODER = msgspec.json.Encoder()
_PATTERN = "signals-journal-*.log"


class Journal:
    """An append-only row of files.

    Args:
        directory: where they lie.
        most_bytes: more than this is not written: what comes then is only in memory.

    Attributes:
        fault: why nothing can be written now, "" while it can.
        size: of all files, in bytes.
    """

    def __init__(self, directory: Path, *, most_bytes: int) -> None:
        self.fault = ""
        self._directory = directory
        self._most_bytes = most_bytes
        self._older = {path: path.stat().st_size for path in sorted(directory.glob(_PATTERN))}
        number = int(next(reversed(self._older)).stem.rpartition("-")[2]) if self._older else 0
        self._number = number
        self._file = -1
        self._path = Path()
        self._written = 0

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self._older.values()) + self._written

    def records(self) -> Iterator[list[object]]:
        """Yield what earlier lives left, in order; a line that is cut off was never acknowledged."""
        for path in self._older:
            for line in path.read_bytes().splitlines():
                try:
                    record = msgspec.json.decode(line)
                except msgspec.DecodeError:
                    continue
                yield record

    def write(self, record: tuple[object, ...]) -> None:
        """Write one record; it outlives the process when this returns. What fails is told by ``fault``."""
        if self.size > self._most_bytes:
            self.fault = "what the broker has not taken fills the journal"
            return
        line = _ENCODER.encode(record) + b"\n"
        try:
            if self._file < 0:
                self._open()
            done = os.write(self._file, line)
        except OSError as error:
            self.fault = error.strerror or str(error)
            return
        self._written += done
        self.fault = ""
        if done < len(line):
            self.fault = "the disk is full"
            self.turn()

    def turn(self) -> list[Path]:
        """Begin a new file, and return the older ones, for ``done``."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._older[self._path] = self._written
            self._written = 0
        return list(self._older)

    def done(self, paths: list[Path]) -> None:
        """Take files away whose meaning is kept elsewhere."""
        for path in paths:
            path.unlink(missing_ok=True)
            self._older.pop(path, None)

    def close(self) -> None:
        """Let go of the file."""
        self.turn()

    def _open(self) -> None:
        self._number += 1
        self._path = self._directory / f"signals-journal-{self._number:012}.log"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
