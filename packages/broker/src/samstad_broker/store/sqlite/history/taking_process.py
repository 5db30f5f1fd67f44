"""Taking rows in by a process of its own, seen from outside."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import LogCorrupt, LogFull, LogUnavailable, StoreError, StoreTooNew
from samstad_broker.store.sqlite.history.taking_job import TakingAnswer, TakingJob

__all__ = ["ProcessTaking"]

_PATIENCE_S = 300.0
"""A redaction of a long history is one row."""
_FAREWELL_S = 10.0
_ERRORS: dict[str, type[StoreError]] = {
    kind.__name__: kind for kind in (LogCorrupt, LogFull, LogUnavailable, StoreTooNew)
}


class ProcessTaking:
    """Takes rows in, in a process that is started when it is needed, and again when it has ended.

    Args:
        path: the database file.
        keeps_deleted: whether the history of an entity that somebody deletes stays.
    """

    def __init__(self, path: Path, *, keeps_deleted: bool) -> None:
        self._job = TakingJob(str(path), keeps_deleted=keeps_deleted)
        self._path = path
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self.starts = 0

    async def open(self) -> Position:
        """Start the process, which opens or creates the file, and return the cursor."""
        async with self._turn:
            return await self._whole(self._started())

    async def take(self, rows: Sequence[Row]) -> Position:
        """Commit what rows after the cursor mean, or nothing of them; return the cursor."""
        async with self._turn:
            return await self._whole(self._taken(rows))

    async def _whole(self, work: asyncio.Future[Position] | object) -> Position:
        """Do one exchange to its end: half an answer that nobody read would be taken for the next one."""
        task: asyncio.Task[Position] = asyncio.ensure_future(work)  # type: ignore[arg-type]  # a coroutine
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            with suppress(Exception):
                await task
            raise

    async def _taken(self, rows: Sequence[Row]) -> Position:
        if self._process is None or self._process.returncode is not None:
            await self._started()
        return await self._exchange(msgspec.msgpack.encode(rows))

    async def _started(self) -> Position:
        await self._end()
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "samstad_broker.store.sqlite.history.taking_worker",
            stdin=PIPE,
            stdout=PIPE,
        )
        try:
            return await self._exchange(msgspec.msgpack.encode(self._job))
        except StoreError:
            await self._end()
            raise

    async def _exchange(self, message: bytes) -> Position:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise LogUnavailable(f"{self._path} is not open.")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                process.stdin.write(len(message).to_bytes(4, "big") + message)
                await process.stdin.drain()
                head = await process.stdout.readexactly(4)
                body = await process.stdout.readexactly(int.from_bytes(head, "big"))
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            await self._end()
            raise LogUnavailable(f"The process that writes {self._path} ended: {error!r}.") from error
        answer = msgspec.msgpack.decode(body, type=TakingAnswer)
        if answer.error:
            raise _ERRORS.get(answer.error, LogUnavailable)(answer.detail)
        return Position(answer.epoch, answer.number)

    async def close(self) -> None:
        """Let the process end; what it has committed is there."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _FAREWELL_S)
        except TimeoutError:
            process.kill()
            await process.wait()
