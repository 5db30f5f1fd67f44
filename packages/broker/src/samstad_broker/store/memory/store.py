"""Log, checkpoint, delivery ledger and temporal index of one shard, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from samstad_broker.spi.store import StoreError
from samstad_broker.store.memory.checkpoint import MemoryCheckpoint
from samstad_broker.store.memory.delivery import MemoryDeliveryLedger
from samstad_broker.store.memory.history import MemoryHistoryIndex
from samstad_broker.store.memory.log import MemoryLog

__all__ = ["MemoryStore"]


class MemoryStore:
    """A store that lives as long as its object; closed and opened again it holds what it held."""

    def __init__(self, *, epoch: int = 1, keeps_deleted: bool = False) -> None:
        self.log = MemoryLog(epoch=epoch)
        self.checkpoint = MemoryCheckpoint()
        self.delivery = MemoryDeliveryLedger()
        self.history = MemoryHistoryIndex(keeps_deleted=keeps_deleted)

    async def open(self) -> None:
        """Do nothing: everything is there."""

    async def close(self) -> None:
        """Do nothing: nothing is held that others want."""

    async def backup(self, target: Path) -> NoReturn:
        """Raise StoreError: there are no files to copy."""
        raise StoreError(f"This node keeps its data in memory only; nothing can be backed up to {target}.")

    def figures(self) -> Mapping[str, Any]:
        """Return how much the store holds."""
        return {
            "kind": "memory",
            "head": str(self.log.head),
            "cursor": str(self.checkpoint.cursor),
            "log_rows": self.log.head.number,
        }
