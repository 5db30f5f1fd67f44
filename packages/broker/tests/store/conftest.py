"""A disk that fails on demand, and rows to lose on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import RLock

import apsw
import pytest

from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore

_SECTOR = 512


class FaultyDisk(apsw.VFS):
    """The system's VFS, which knows of each file what a power cut may take.

    Attributes:
        fail: called with (what, path) before each write, sync, read and truncation; what it raises happens.
        durable: path → what is on the platter for sure.
        swallow_syncs: say that syncs are done and do nothing, as bad disks do.
        unsynced: path → writes (offset, bytes) and truncations (size, None) since its last sync.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.swallow_syncs = False
        self.fail: Callable[[str, str], None] = lambda _what, _path: None
        self.lock = RLock()
        self.durable: dict[str, bytearray] = {}
        self.unsynced: dict[str, list[tuple[int, bytes | None]]] = {}
        super().__init__(name, "")

    def xOpen(self, name, flags):  # noqa: N802 - SQLite names it
        return FaultyFile(self, name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802 - SQLite names it
        with self.lock:
            super().xDelete(filename, syncdir)
            self.durable.pop(filename, None)
            self.unsynced.pop(filename, None)

    def cut_power(self, directory: Path, target: Path, random: Random) -> None:
        """Write to ``target`` what may be found of ``directory`` after a power cut at this moment."""
        with self.lock:
            for path, content in self.durable.items():
                if not Path(path).is_relative_to(directory):
                    continue
                image = bytearray(content)
                for offset, written in self.unsynced[path]:
                    if random.random() < 0.5:
                        _tear(image, offset, written, random)
                found = target / Path(path).relative_to(directory)
                found.parent.mkdir(parents=True, exist_ok=True)
                found.write_bytes(image)


def _tear(image: bytearray, offset: int, written: bytes | None, random: Random) -> None:
    """Bring some of a write's sectors to the image."""
    if written is None:
        del image[offset:]
        return
    whole = random.random() < 0.5
    for begin in range(0, len(written), _SECTOR):
        if whole or random.random() < 0.5:
            _apply(image, offset + begin, written[begin : begin + _SECTOR])


class FaultyFile(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name, flags) -> None:
        self.disk = disk
        self.path = name.filename() if hasattr(name, "filename") else name
        super().__init__("", name, flags)
        if self.path is not None and self.path not in disk.durable:
            present = Path(self.path)
            with disk.lock:
                disk.unsynced[self.path] = []
                disk.durable[self.path] = bytearray(present.read_bytes() if _kept(present) else b"")

    def _do(self, what: str) -> None:
        self.disk.fail(what, self.path or "")

    def xRead(self, amount, offset):  # noqa: N802 - SQLite names it
        self._do("read")
        return super().xRead(amount, offset)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite names it
        self._do("write")
        with self.disk.lock:
            super().xWrite(data, offset)
            self._note(offset, bytes(data))

    def xTruncate(self, newsize):  # noqa: N802 - SQLite names it
        self._do("truncate")
        with self.disk.lock:
            super().xTruncate(newsize)
            self._note(newsize, None)

    def _note(self, offset, written):
        if self.path is not None:
            self.disk.unsynced.setdefault(self.path, []).append((offset, written))

    def xSync(self, flags):  # noqa: N802 - SQLite names it
        self._do("sync")
        with self.disk.lock:
            super().xSync(flags)
            if self.path in self.disk.durable and not self.disk.swallow_syncs:
                image = self.disk.durable[self.path]
                for offset, written in self.disk.unsynced[self.path]:
                    _apply(image, offset, written)
                self.disk.unsynced[self.path] = []


def _apply(image: bytearray, offset: int, written: bytes | None) -> None:
    if written is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(written)] = written


def _kept(path: Path) -> bool:
    # Reading a file that SQLite has open would end its locks: only a new or empty one is looked at.
    return path.exists() and path.stat().st_size > 0


@pytest.fixture
def disk(request) -> Iterator[FaultyDisk]:
    disk = FaultyDisk(f"faulty-{request.node.name}")
    yield disk
    disk.unregister()


@pytest.fixture
def lamp_rows():
    def rows(after: Position, count: int, *, size: int = 300) -> list[Row]:
        return [
            Row(
                Position(after.epoch, after.number + step),
                1_795_574_400_000_000 + after.number + step,
                RowKind.CHANGE,
                "",
                "",
                f"urn:ngsi-ld:Streetlight:roads:{after.number + step}",
                b'{"by":"gateway","set":{},"note":"%s"}' % (b"x" * size),
            )
            for step in range(1, count + 1)
        ]

    return rows


@pytest.fixture
def everything():
    async def read(log, after=START):
        rows = []
        while part := await log.read(after, limit=1_000):
            rows.extend(part)
            after = part[-1].position
        return rows

    return read


@pytest.fixture
def small() -> SqliteSettings:
    """Give stretches of 10 rows, a short WAL, and no rows in memory."""
    return SqliteSettings(stretch_rows=10, tail_bytes=0, wal_pages=4)


@pytest.fixture
async def store(tmp_path):
    opened = SqliteStore(tmp_path / "broker")
    await opened.open()
    yield opened
    await opened.close()
