"""Having a stretch sealed by a worker process."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec

from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite.sealing_job import Job, Outcome, SealedFile
from samstad_broker.store.sqlite.stretch import Stretch

__all__ = ["SealedFile", "SealingFailed", "seal_stretch"]


class SealingFailed(StoreError):
    """A stretch could not be sealed; it stays as it is, and the next try begins anew."""


async def seal_stretch(stretch: Stretch, history: Path) -> list[SealedFile]:
    """Write a complete stretch to history files and return them once they are checked and on disk.

    Raises:
        SealingFailed: a row is damaged, or a file cannot be written or does not read back.
    """
    if stretch.last is None:
        raise ValueError(f"{stretch.path} is not complete")
    job = Job(str(stretch.path), stretch.epoch, stretch.first, stretch.last, str(history))
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "samstad_broker.store.sqlite.sealing_worker",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        answer, said = await worker.communicate(msgspec.json.encode(job))
    except asyncio.CancelledError:
        worker.kill()
        await worker.wait()
        raise
    if worker.returncode != 0:
        reason = said.decode(errors="replace").strip().splitlines() or [f"exit code {worker.returncode}"]
        raise SealingFailed(f"{stretch.path} could not be sealed: {reason[-1]}")
    return msgspec.json.decode(answer, type=Outcome).files
