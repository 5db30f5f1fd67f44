"""The delivery ledger in memory."""

from __future__ import annotations

from collections.abc import Sequence

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import RetryEntry, SubscriptionProgress

__all__ = ["MemoryDeliveryLedger"]

_RetryKey = tuple[str, str, Position]


class MemoryDeliveryLedger:
    """Keeps progress and retries of subscriptions in dictionaries."""

    def __init__(self) -> None:
        self._progress: dict[tuple[str, str], SubscriptionProgress] = {}
        self._retries: dict[_RetryKey, RetryEntry] = {}

    async def progress(self) -> Sequence[SubscriptionProgress]:
        """Return the state of every subscription that has delivered or tried to."""
        return [self._progress[key] for key in sorted(self._progress)]

    async def retries(self) -> Sequence[RetryEntry]:
        """Return all open retries, oldest position first."""
        return sorted(self._retries.values(), key=lambda entry: (entry.position, *entry[:2]))

    async def commit(
        self,
        *,
        progress: Sequence[SubscriptionProgress],
        add: Sequence[RetryEntry],
        done: Sequence[tuple[str, str, Position]],
        forget: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Save cursors and counters, add and end retries, forget ended subscriptions."""
        self._progress.update((entry[:2], entry) for entry in progress)
        for key in done:
            self._retries.pop(key, None)
        self._retries.update(((entry[0], entry[1], entry.position), entry) for entry in add)
        for subscription in forget:
            self._progress.pop(subscription, None)
            for key in [key for key in self._retries if key[:2] == subscription]:
                del self._retries[key]
