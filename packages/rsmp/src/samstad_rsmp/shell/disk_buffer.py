"""A site's buffer on disk: what was kept for a supervisor survives a power loss.

One file of lines, appended to: ``+<checksum> <record>`` for each message kept, ``-<count>`` for messages that
have arrived. It is read once at the start, up to the first line that is torn, and written anew when most of
it is past. ``sync`` makes what was appended durable; a message that arrived but is not yet noted is sent
twice, never lost.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from zlib import crc32

from samstad_rsmp.session.buffer import MOST, MemoryBuffer

__all__ = ["DiskBuffer"]

SLACK_BYTES = 1024 * 1024
PATIENCE = 50
"""After a fault of the disk so many calls of ``sync`` pass before the next try."""


class DiskBuffer:
    """First in, first out, in a file of its own; one process at a time."""

    def __init__(self, path: Path, *, most: int = MOST) -> None:
        self._path = path
        self.dropped = 0
        self.fault = ""
        self._patience = 0
        self._most = most
        self._memory = MemoryBuffer(most=sys.maxsize)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._past_bytes = 0
        end = self._read()
        self._file = path.open("ab", buffering=0)
        self._file.truncate(end)
        self._size = end
        self._unwritten: list[bytes] = []
        self.drop(max(0, len(self) - most))

    def __len__(self) -> int:
        return len(self._memory)

    def append(self, record: bytes) -> None:
        """Keep one more; durable after the next ``sync``."""
        if len(self._memory) >= self._most:
            self.drop(1)
            self.dropped += 1
        self._memory.append(record)
        self._unwritten.append(_line(record))

    def peek(self, begin: int, count: int) -> list[bytes]:
        """Return some from the oldest on."""
        return self._memory.peek(begin, count)

    def drop(self, count: int) -> None:
        """Forget the oldest."""
        if count:
            self._past_bytes += sum(map(len, self._memory.peek(0, count)))
            self._memory.drop(count)
            self._unwritten.append(b"-%d\n" % count)

    def sync(self) -> None:
        """Make everything durable; quick when nothing has changed.

        When the disk is full or broken, ``fault`` says so and everything is kept in memory; the whole is
        written again later, and the site goes on meanwhile.
        """
        if self.fault and self._patience > 0:
            self._patience -= 1
        elif self.fault or self._past_bytes > max(SLACK_BYTES, self._size // 2):
            self._try(self._rewrite)
        elif self._unwritten:
            self._try(self._append)

    def close(self) -> None:
        """Make everything durable and let go of the file."""
        self._patience = 0
        self.sync()
        self._file.close()

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.fault = error.strerror or str(error)
            self._patience = PATIENCE
        else:
            self.fault = ""
        self._unwritten.clear()

    def _append(self) -> None:
        lines = b"".join(self._unwritten)
        _write_all(self._file, lines)
        os.fsync(self._file.fileno())
        self._size += len(lines)

    def _rewrite(self) -> None:
        fresh = self._path.with_suffix(".new")
        lines = b"".join(_line(record) for record in self._memory.peek(0, len(self._memory)))
        with fresh.open("wb", buffering=0) as file:
            _write_all(file, lines)
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)
        self._size, self._past_bytes = len(lines), 0

    def _read(self) -> int:
        end = 0
        for line in self._lines():
            if not self._replay(line):
                break
            end += len(line)
        return end

    def _lines(self) -> Iterator[bytes]:
        if self._path.exists():
            with self._path.open("rb") as file:
                yield from file

    def _replay(self, line: bytes) -> bool:
        if not line.endswith(b"\n"):
            return False
        if line.startswith(b"-") and line[1:-1].isdigit():
            self._memory.drop(int(line[1:-1]))
            return True
        checksum, _, record = line[1:-1].partition(b" ")
        if not line.startswith(b"+") or checksum != b"%08x" % crc32(record):
            return False
        self._memory.append(record)
        return True


def _line(record: bytes) -> bytes:
    return b"+%08x %s\n" % (crc32(record), record)


def _write_all(file: FileIO, lines: bytes) -> None:
    rest = memoryview(lines)
    while rest:
        rest = rest[file.write(rest) or 0 :]
