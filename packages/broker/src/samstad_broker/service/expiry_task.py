"""Ending what has expired, in its own time (clause 4.22): asleep until the next expiry, then in slices.

After a restart everything that expired meanwhile is due at once. A log that takes no rows leaves it due:
readers are not shown it in any case.
"""

from __future__ import annotations

import asyncio

from samstad_broker.domain.expiry import NEVER_US
from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.service.broker import Broker
from samstad_broker.service.expiry import expire_entity
from samstad_broker.spi.store import StoreError

__all__ = ["ExpiryTask"]

_SLICE = 50
"""Entities between two chances for other requests: about 2 ms (I5)."""
_FIRST_WAIT_US = 1_000_000
_LONGEST_WAIT_US = 30_000_000


class ExpiryTask:
    """The task of one shard.

    Attributes:
        written: rows written so far: entities ended and entities whose attributes were taken out.
        failures: slices that the log did not take since the last one that it did.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._earlier = asyncio.Event()
        broker.state.expiry_bell.ring = self._earlier.set
        self.written = 0
        self.failures = 0

    @property
    def waiting(self) -> int:
        """How many entities have something that expires."""
        return sum(len(dataset.expiries) for _, dataset in self._broker.state.datasets())

    async def run(self) -> None:
        """Work until cancelled."""
        clock = self._broker.clock
        while True:
            self._earlier.clear()
            next_us = self._next_us()
            if next_us > clock.now_us():
                await self._sleep(next_us)
            elif not await self._turn(clock.now_us()):
                wait_us = min(_FIRST_WAIT_US << min(self.failures - 1, 10), _LONGEST_WAIT_US)
                await clock.sleep_until(clock.now_us() + wait_us)

    def _next_us(self) -> int:
        return min(
            (dataset.expiries.first_us for _, dataset in self._broker.state.datasets()), default=NEVER_US
        )

    async def _turn(self, now_us: int) -> bool:
        """Write a slice of what is due in each data set; False where the log did not take it."""
        try:
            for key, dataset in list(self._broker.state.datasets()):
                if dataset.expiries.first_us <= now_us:
                    await self._slice(key, dataset, now_us)
        except StoreError:
            self.failures += 1
            return False
        self.failures = 0
        return True

    async def _slice(self, key: tuple[str, str], dataset: Dataset, now_us: int) -> None:
        last, written = None, 0
        for sequence in dataset.expiries.due(now_us, most=_SLICE):
            last = expire_entity(self._broker, key, dataset.by_sequence[sequence], now_us)
            written += 1
        # Rows are durable in order, so the last one answers for all; others get their turn meanwhile.
        await (asyncio.sleep(0) if last is None else last)
        self.written += written

    async def _sleep(self, time_us: int) -> None:
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._earlier.wait())]
        if time_us < NEVER_US:
            waits.append(asyncio.ensure_future(self._broker.clock.sleep_until(time_us)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
