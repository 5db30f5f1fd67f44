"""One writer at a time for each entity, where a check and its write are apart in time."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

__all__ = ["EntityLocks"]


class EntityLocks:
    """Locks that are there as long as somebody holds or awaits them."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, tenant: str, snapshot: str, entity_id: str) -> asyncio.Lock:
        """Return the lock of an entity."""
        key = tenant, snapshot, entity_id
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock
