"""Progress and retries on their way to the ledger: many changes in one commit.

A commit is a picture of one moment: a cursor never passes a change that is neither told nor in the
retry table of the same commit. What a crash loses is therefore told again, never left out (I4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from samstad_broker.domain.rows import Position
from samstad_broker.service.delivery.lane import Lane
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.store import DeliveryLedger, RetryEntry, StoreError

__all__ = ["Recorder"]

_RETRY_US = 1_000_000
_RetryKey = tuple[str, str, Position]


class Recorder:
    """Collects what changed and commits it every now and then.

    Attributes:
        failures: commits in a row that the store refused.
    """

    def __init__(
        self, ledger: DeliveryLedger, clock: Clock, tail: Callable[[], Position], *, commit_us: int
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._tail = tail
        self._commit_us = commit_us
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._add: dict[_RetryKey, RetryEntry] = {}
        self._done: set[_RetryKey] = set()
        self._forget: set[tuple[str, str]] = set()
        self._changed = asyncio.Event()
        self.failures = 0

    def note(self, lane: Lane) -> None:
        """Save a lane's progress with the next commit."""
        self._lanes[lane.key] = lane
        self._changed.set()

    def hold(self, entry: RetryEntry) -> None:
        """Put a change into the retry table, or renew its entry."""
        key = (entry.tenant, entry.subscription_id, entry.position)
        self._done.discard(key)
        self._add[key] = entry
        self._changed.set()

    def release(self, key: _RetryKey) -> None:
        """Take a change out of the retry table."""
        self._add.pop(key, None)
        self._done.add(key)
        self._changed.set()

    def forget(self, key: tuple[str, str]) -> None:
        """Drop everything about an ended subscription."""
        self._lanes.pop(key, None)
        self._add = {retry: entry for retry, entry in self._add.items() if retry[:2] != key}
        self._done = {retry for retry in self._done if retry[:2] != key}
        self._forget.add(key)
        self._changed.set()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._changed.wait()
            wait_us = _RETRY_US if self.failures else self._commit_us
            await self._clock.sleep_until(self._clock.now_us() + wait_us)
            await self.commit()

    async def commit(self) -> None:
        """Commit everything noted so far; what the store refuses is kept for the next time."""
        self._changed.clear()
        lanes, add, done, forget = self._lanes, self._add, self._done, self._forget
        if not (lanes or add or done or forget):
            return
        self._lanes, self._add, self._done, self._forget = {}, {}, set(), set()
        tail = self._tail()
        # A subscription that ended and came again within one commit is forgotten first, then saved.
        again = forget & lanes.keys()
        try:
            if again:
                await self._ledger.commit(progress=(), add=(), done=(), forget=sorted(again))
            await self._ledger.commit(
                progress=[lane.progress(tail) for lane in lanes.values()],
                add=list(add.values()),
                done=sorted(done),
                forget=sorted(forget - again),
            )
        except StoreError:
            self.failures += 1
            self._lanes = {**lanes, **self._lanes}
            self._add = {**{key: entry for key, entry in add.items() if key not in self._done}, **self._add}
            self._done = (done | self._done) - self._add.keys()
            self._forget |= forget
            self._changed.set()
        else:
            self.failures = 0
