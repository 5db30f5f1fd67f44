"""A store in memory: for tests, simulations and nodes that need not outlive their process."""

from samstad_broker.store.memory.checkpoint import MemoryCheckpoint
from samstad_broker.store.memory.delivery import MemoryDeliveryLedger
from samstad_broker.store.memory.history import MemoryHistoryIndex
from samstad_broker.store.memory.log import MemoryLog
from samstad_broker.store.memory.store import MemoryStore

__all__ = ["MemoryCheckpoint", "MemoryDeliveryLedger", "MemoryHistoryIndex", "MemoryLog", "MemoryStore"]
