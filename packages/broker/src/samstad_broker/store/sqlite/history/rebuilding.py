"""Having a temporal index brought up from history files by a worker process."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path

import msgspec

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import StoreError
from samstad_broker.store.history_files.sealed import HistoryGap, find_sealed, sealed_between
from samstad_broker.store.sqlite.history.rebuilding_job import RebuildJob

__all__ = ["RebuildFailed", "is_sealed_after", "rebuild"]


class RebuildFailed(StoreError):
    """The index could not be brought up to where the log begins; the next try goes on from where it is."""


def is_sealed_after(history: Path, *, after: Position, until: Position) -> bool:
    """Whether there are history files of rows after a position, up to and with another.

    Raises:
        RebuildFailed: some are missing that must be there.
    """
    try:
        return bool(sealed_between(find_sealed(history), after=after, until=until))
    except HistoryGap as gap:
        raise RebuildFailed(str(gap)) from gap


async def rebuild(job: RebuildJob, reached: Callable[[Position], None]) -> None:
    """Bring an index up, which nobody else may write, and call back with each position that it has reached.

    Raises:
        RebuildFailed: history files are missing or damaged, or the disk fails.
    """
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "samstad_broker.store.sqlite.history.rebuilding_worker",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        said = await _follow(worker, msgspec.json.encode(job), reached)
    except BaseException:
        worker.kill()
        await worker.wait()
        raise
    if worker.returncode != 0:
        reason = said.decode(errors="replace").strip() or f"exit code {worker.returncode}"
        raise RebuildFailed(f"{job.path} could not be brought up from {job.history}: {reason}")


async def _follow(worker: Process, job: bytes, reached: Callable[[Position], None]) -> bytes:
    """Return what the worker says of its failure. Its input stays open: it ends when that does."""
    if worker.stdin is None or worker.stdout is None or worker.stderr is None:
        raise RuntimeError("a worker was started without pipes")
    errors = asyncio.ensure_future(worker.stderr.read())
    try:
        worker.stdin.write(job + b"\n")
        async for line in worker.stdout:
            reached(Position.parse(line.decode()))
        await worker.wait()
        return await errors
    finally:
        errors.cancel()
