"""The change log in SQLite: one file per stretch, one thread that writes, one that reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import LogCorrupt, LogFull, LogUnavailable, StaleVersion, StoreError
from samstad_broker.store.append_checks import check_group, check_version
from samstad_broker.store.sqlite.connection import connect, store_error
from samstad_broker.store.sqlite.lane import Lane
from samstad_broker.store.sqlite.log_reader import LogReader
from samstad_broker.store.sqlite.log_writer import LogWriter
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.space import DiskSpace
from samstad_broker.store.sqlite.stretch import Stretch, find_stretches, is_blank, remove_stretch, stretch_at
from samstad_broker.store.sqlite.tail import Tail

__all__ = ["SqliteLog"]

_FIRST_EPOCH = 1


class SqliteLog:
    """The append-only log of one shard.

    The loop's side knows head, stretches and the tail; files belong to three lanes: writing, reading, and
    writing back from the WAL, which would make commits wait.

    Args:
        directory: holds the stretches.
    """

    def __init__(self, directory: Path, settings: SqliteSettings, space: DiskSpace) -> None:
        self._directory = directory
        self._settings = settings
        self._writing = Lane("log-write")
        self._reading = Lane("log-read")
        self._tidying = Lane("log-tidy")
        self._writer = LogWriter(directory, settings, space)
        self._reader = LogReader(settings)
        self._tail = Tail(0)
        self._stretches: tuple[Stretch, ...] = ()
        self._head = Position(_FIRST_EPOCH, 0)
        self._appending = False
        self._writing_back = False
        self._background: set[asyncio.Future[Any]] = set()
        self.broken: StoreError | None = LogUnavailable("The log is not open.")

    @property
    def head(self) -> Position:
        """The position of the last durable row."""
        return self._head

    @property
    def oldest(self) -> Position:
        """The position after which rows can be read."""
        return self._stretches[0].before if self._stretches else self._head

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The files of the log, oldest first; the last one is being written."""
        return self._stretches

    async def open(self) -> None:
        """Open the last stretch, or begin the first, and check that the stretches join.

        Raises:
            StoreError: a file is damaged or missing, or the disk fails.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        for lane in (self._writing, self._reading, self._tidying):
            lane.start()
        found = find_stretches(self._directory) or [stretch_at(self._directory, _FIRST_EPOCH, 1)]
        complete = await self._reading.submit(partial(self._complete, found))
        _check_joined([*complete, found[-1]])
        self._head = await self._writing.submit(partial(self._writer.open, found[-1]))
        self._stretches = (*complete, found[-1])
        self._tail = Tail(self._settings.tail_bytes)
        self._appending, self._writing_back, self.broken = False, False, None

    def _complete(self, found: list[Stretch]) -> list[Stretch]:
        """Return all but the last stretch with their ends, taking away a last one that was never begun."""
        ends = [self._reader.last_position(stretch) for stretch in found[:-1]]
        if ends and ends[-1] > found[-1].before and is_blank(found[-1]):
            remove_stretch(found.pop())
            ends.pop()
        return [stretch._replace(last=end.number) for stretch, end in zip(found, ends, strict=False)]

    async def close(self) -> None:
        """Write everything back and release the files."""
        self.broken = LogUnavailable("The log is not open.")
        if self._background:
            await asyncio.wait(self._background)
        for lane, release in ((self._reading, self._reader.close), (self._writing, self._writer.close)):
            lane.start()
            await lane.submit(release)
            await lane.stop()
        await self._tidying.stop()

    async def append(self, rows: Sequence[Row], *, expected_version: Position) -> None:
        """Write one group; it is durable when this returns.

        Raises:
            StaleVersion, LogFull: nothing was written.
            LogUnavailable: the disk failed now or before; the store must be reopened.
        """
        if self.broken is not None:
            raise LogUnavailable(str(self.broken)) from self.broken
        if self._appending:
            raise StaleVersion(f"Another append is under way at {self._head}, expected {expected_version}.")
        check_version(self._head, expected_version)
        check_group(self._head, rows)
        if not rows:
            return
        self._appending = True
        written = self._writing.submit(partial(self._writer.write, rows))
        written.add_done_callback(partial(self._note_written, rows))
        # A caller that goes away does not take its rows back.
        await asyncio.shield(written)

    def _note_written(self, rows: Sequence[Row], written: asyncio.Future[None]) -> None:
        self._appending = False
        error = written.exception()
        if error is not None:
            self._note_failure(error)
            return
        self._head = rows[-1].position
        self._tail.extend(rows)
        if self._writer.is_complete():
            self.begin_stretch()
        elif self._writer.wal_pages >= self._settings.wal_pages and not self._writing_back:
            self._write_back()

    def _note_failure(self, error: BaseException) -> None:
        # After a failed write or fsync nobody knows what is on disk: no second try can tell.
        if isinstance(error, StoreError) and not isinstance(error, LogFull) and self.broken is None:
            self.broken = error

    def begin_stretch(self) -> asyncio.Future[Any]:
        """Complete the present stretch, unless it is empty, and begin a new one."""
        begun = self._run_beside(self._writing, self._writer.begin_stretch)
        begun.add_done_callback(self._note_begun)
        return begun

    def _note_begun(self, begun: asyncio.Future[tuple[Stretch, apsw.Connection] | None]) -> None:
        result = None if begun.cancelled() or begun.exception() is not None else begun.result()
        if result is None:
            return
        complete, connection = result
        following = stretch_at(self._directory, complete.epoch, (complete.last or 0) + 1)
        self._stretches = (*self._stretches[:-1], complete, following)
        self._run_beside(self._tidying, partial(_finish, connection, complete.path))

    def _write_back(self) -> None:
        """Write back most of the WAL beside the commits, then the rest between two of them."""
        self._writing_back = True
        path = self._stretches[-1].path
        most = self._run_beside(self._tidying, partial(_write_back, path, self._settings.vfs))
        most.add_done_callback(self._write_back_rest)

    def _write_back_rest(self, _most: asyncio.Future[None]) -> None:
        if self.broken is None:
            rest = self._run_beside(self._writing, self._writer.write_back)
            rest.add_done_callback(self._note_written_back)

    def _note_written_back(self, _rest: asyncio.Future[None]) -> None:
        self._writing_back = False

    def _run_beside(self, lane: Lane, work: Any) -> asyncio.Future[Any]:
        """Run what no caller waits for; a failing disk is noted all the same."""
        future = lane.submit(work)
        self._background.add(future)
        future.add_done_callback(self._note_beside)
        return future

    def _note_beside(self, future: asyncio.Future[Any]) -> None:
        self._background.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._note_failure(error)

    async def read(self, after: Position, *, limit: int, until: Position | None = None) -> Sequence[Row]:
        """Return up to ``limit`` durable rows after a position, in order, across stretches.

        Raises:
            LogCorrupt, LogUnavailable: a row is damaged or missing, or a file cannot be read.
        """
        end = self._head if until is None else min(until, self._head)
        if after >= end or limit <= 0:
            return []
        if after.epoch == end.epoch:
            newest = self._tail.read(after, min(limit, self._settings.slice_rows, end.number - after.number))
            if newest is not None:
                return newest
        return await self._reading.submit(
            partial(self._reader.read, self._stretches, after=after, until=end, limit=limit)
        )

    async def drop(self, stretch: Stretch) -> None:
        """Give up the oldest stretch, which is complete and kept elsewhere."""
        if len(self._stretches) < 2 or self._stretches[0] != stretch:
            raise ValueError(f"{stretch.path} is not the oldest complete stretch")
        self._stretches = self._stretches[1:]
        await self._tidying.submit(lambda: None)
        await self._reading.submit(partial(self._remove, stretch))

    def _remove(self, stretch: Stretch) -> None:
        self._reader.forget(stretch)
        remove_stretch(stretch)

    def figures(self) -> Mapping[str, Any]:
        """Return positions, sizes and the last commit's length."""
        files = [path for path in self._directory.glob("*.db*") if path.is_file()]
        complete = sum((stretch.last or 0) - stretch.first + 1 for stretch in self._stretches[:-1])
        present = self._head.number - self._stretches[-1].first + 1 if self._stretches else 0
        return {
            "head": str(self._head),
            "oldest": str(self.oldest),
            "log_rows": complete + present,
            "log_bytes": sum(path.stat().st_size for path in files),
            "log_stretches": len(self._stretches),
            "log_commit_us": self._writer.commit_us,
            "log_wal_pages": self._writer.wal_pages,
            "log_failure": None if self.broken is None else str(self.broken),
        }


def _check_joined(stretches: Sequence[Stretch]) -> None:
    """Raise LogCorrupt when rows are missing between two files."""
    for earlier, later in pairwise(stretches):
        expected = (earlier.last or 0) + 1 if earlier.epoch == later.epoch else 1
        if later.first != expected:
            raise LogCorrupt(
                f"Between {earlier.path} and {later.path} the rows from {later.epoch}.{expected} on are "
                "missing: put the file back or restore a backup."
            )


def _finish(connection: apsw.Connection, path: Path) -> None:
    """Write a complete stretch back from its WAL and close it."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        pass  # a reader still holds it; opening writes it back
    except apsw.Error as error:
        raise store_error(error, path) from error
    finally:
        connection.close()


def _write_back(path: Path, vfs: str) -> None:
    """Write back from the WAL what can be without making a commit wait."""
    try:
        connection = connect(path, vfs=vfs)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        finally:
            connection.close()
    except apsw.BusyError:
        pass  # the rest, then, is all of it
    except apsw.Error as error:
        raise store_error(error, path) from error
