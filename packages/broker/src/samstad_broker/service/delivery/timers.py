"""Things to do at a time, on the one Clock."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from samstad_broker.spi.clock import Clock

__all__ = ["Timers"]


class Timers:
    """A heap of times with what to do then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._earlier = asyncio.Event()

    def at(self, time_us: int, action: Callable[[], None]) -> None:
        """Do something when the clock reaches a time."""
        entry = (time_us, next(self._order), action)
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self._earlier.set()

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        while True:
            self._earlier.clear()
            if not self._heap:
                await self._earlier.wait()
            elif self._heap[0][0] <= self._clock.now_us():
                heapq.heappop(self._heap)[2]()
            else:
                await self._sleep(self._heap[0][0])

    async def _sleep(self, time_us: int) -> None:
        sleeper = asyncio.ensure_future(self._clock.sleep_until(time_us))
        earlier = asyncio.ensure_future(self._earlier.wait())
        try:
            await asyncio.wait((sleeper, earlier), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            earlier.cancel()
