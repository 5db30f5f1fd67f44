"""What one shard keeps on disk, under one directory.

lock                        held by the process that has the store open
log/<epoch>-<first>.db      the change log, one file per stretch
state.db  delivery.db       projections, each with its own cursor
temporal.db                 the temporal index, a projection too
history/                    sealed stretches as Parquet
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import LogCorrupt, LogUnavailable
from samstad_broker.store.sqlite.backup import backup_directory
from samstad_broker.store.sqlite.checkpoint import SqliteCheckpoint
from samstad_broker.store.sqlite.delivery import SqliteDeliveryLedger
from samstad_broker.store.sqlite.history import SqliteHistoryIndex
from samstad_broker.store.sqlite.keeping import keeping
from samstad_broker.store.sqlite.log import SqliteLog
from samstad_broker.store.sqlite.ownership import Ownership
from samstad_broker.store.sqlite.sealing import seal_stretch
from samstad_broker.store.sqlite.sealing_job import SealedFile
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.space import DiskSpace, FreeSpace
from samstad_broker.store.sqlite.stretch import Stretch
from samstad_broker.store.sqlite.verification import Verification, verify_files

__all__ = ["SqliteStore"]


class SqliteStore:
    """Log, checkpoint, delivery ledger and temporal index in SQLite files.

    The process should call ``sys.setswitchinterval(0.0005)``: with the default of 5 ms a busy event loop
    keeps the log's thread from the interpreter for longer than a commit takes.

    Args:
        directory: the broker's own under the node's data directory; made when it is not there.
        settings: sizes and bounds.
        free_space: where the figures of the disk come from, for tests and quotas.
    """

    def __init__(
        self, directory: Path, settings: SqliteSettings | None = None, *, free_space: FreeSpace | None = None
    ) -> None:
        self.directory = directory
        self.settings = settings or SqliteSettings()
        self._space = DiskSpace(directory, self.settings, free_space)
        self._ownership = Ownership(directory)
        self._keeping = asyncio.Lock()
        self._sealing_held_by: tuple[str, ...] = ()
        vfs = self.settings.vfs
        self.log = SqliteLog(directory / "log", self.settings, self._space)
        self.checkpoint = SqliteCheckpoint(directory / "state.db", vfs=vfs)
        self.delivery = SqliteDeliveryLedger(directory / "delivery.db", vfs=vfs)
        self.history = SqliteHistoryIndex(
            directory / "temporal.db",
            sealed=directory / "history",
            keeps_deleted=self.settings.keeps_deleted,
            vfs=vfs,
            in_process=not self.settings.history_process,
        )

    async def open(self) -> None:
        """Open or create everything and take the writer's lock.

        Raises:
            StoreInUse: another process has the directory.
            StoreTooNew: a newer release wrote it.
            LogCorrupt, LogUnavailable: files are damaged, missing, or of different age; the disk fails.
        """
        async with AsyncExitStack() as opened:
            self._take_directory()
            opened.callback(self._ownership.release)
            for part in (self.log, self.checkpoint, self.delivery, self.history):
                opened.push_async_callback(part.close)
                await part.open()
            self._check_ages()
            opened.pop_all()

    def _take_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._ownership.take()
        except OSError as error:
            raise LogUnavailable(
                f"{self.directory} cannot be used: {error}. "
                "It must be a directory that the broker may write in."
            ) from error

    def _check_ages(self) -> None:
        oldest, head = self.log.oldest, self.log.head
        for name, held in (("state.db", self.checkpoint.cursor), ("temporal.db", self.history.cursor)):
            if held > head:
                raise LogCorrupt(
                    f"{self.directory / name} holds rows up to {held}, the log ends at {head}: files of "
                    "different backups were mixed, or log files are missing. Restore one whole backup."
                )
        cursor = self.checkpoint.cursor
        if cursor < oldest and oldest.number > 0:
            raise LogCorrupt(
                f"{self.directory / 'state.db'} ends at {cursor}, the log begins after {oldest}: "
                "log files are missing. Restore one whole backup."
            )

    async def close(self) -> None:
        """Flush and release everything; the store can be opened again."""
        for part in (self.history, self.delivery, self.checkpoint, self.log):
            await part.close()
        self._ownership.release()

    async def backup(self, target: Path) -> Position:
        """Write a consistent copy at one log position while the log goes on, and return that position.

        Args:
            target: a directory that does not exist or is empty; ``restore`` reads it.

        Raises:
            StoreError: the target is not empty, or the disk fails; a copy without a manifest is unfinished.
        """
        async with self._keeping:
            settings = self.settings
            copy = partial(backup_directory, self.directory, target, node=settings.node, vfs=settings.vfs)
            return await asyncio.to_thread(copy)

    async def seal(self, cursors: Mapping[str, Position]) -> Sequence[SealedFile]:
        """Turn complete stretches that everybody has read into history files, and drop them from the log.

        Args:
            cursors: by name, how far each projection beside those of the store itself has read; also
                where delivery begins for subscriptions of which the ledger knows nothing yet.

        Raises:
            StoreError: a stretch could not be sealed; it stays, with all that follow it.
            KeepingBusy: a backup is being made by another process.
        """
        sealed: list[SealedFile] = []
        async with self._keeping:
            # Not waited for: the lock is taken and left on the loop, and a backup leaves it soon.
            with keeping(self.directory, patience_s=0):
                await self._seal(sealed, cursors)
        return sealed

    async def _seal(self, sealed: list[SealedFile], cursors: Mapping[str, Position]) -> None:
        for stretch in self.log.stretches[:-1]:
            if not await self._is_read(stretch, cursors):
                break
            sealed.extend(await seal_stretch(stretch, self.directory / "history"))
            await self.log.drop(stretch)

    async def _is_read(self, stretch: Stretch, cursors: Mapping[str, Position]) -> bool:
        """Whether nobody needs a complete stretch any more; notes who does."""
        known = {**cursors, "checkpoint": self.checkpoint.cursor, "history": self.history.cursor}
        delivery = await self.delivery.oldest_need()
        if delivery is not None:
            known["delivery"] = delivery
        last = Position(stretch.epoch, stretch.last or 0)
        self._sealing_held_by = tuple(sorted(name for name, cursor in known.items() if cursor < last))
        return not self._sealing_held_by

    async def verify(self) -> Verification:
        """Read everything back and tell what is not as it was written."""
        async with self._keeping:
            return await asyncio.to_thread(
                verify_files,
                self.directory,
                self.settings,
                stretches=self.log.stretches,
                head=self.log.head,
            )

    def figures(self) -> Mapping[str, Any]:
        """Return positions, sizes, latencies and free space."""
        free, reserve = self._space.free()
        return {
            "kind": "sqlite",
            "directory": str(self.directory),
            "cursor": str(self.checkpoint.cursor),
            "free_bytes": free,
            "reserve_bytes": reserve,
            "sealing_held_by": self._sealing_held_by,
            **self.log.figures(),
        }
