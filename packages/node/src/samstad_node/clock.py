"""The clocks (invariant I7): the system's own, and one whose time only moves when it is told to.

Both fill the broker's port ``samstad_broker.spi.clock.Clock``.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time

__all__ = ["SystemClock", "VirtualClock"]

MICROSECONDS = 1_000_000
LONGEST_SLEEP_S = 60.0
"""Wake at least this often: a wall clock that is set forward must not be slept through."""


class SystemClock:
    """The wall clock of the machine."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000

    async def sleep_until(self, time_us: int) -> None:
        """Return when ``now_us()`` has reached the time; at once when it has passed."""
        while (left_us := time_us - self.now_us()) > 0:  # noqa: ASYNC110  # nothing but time ends it
            await asyncio.sleep(min(left_us / MICROSECONDS, LONGEST_SLEEP_S))


class VirtualClock:
    """A clock for tests and simulations: time stands still until ``advance`` moves it.

    Sleepers wake in the order of their times, each at exactly its own time, and what they do in turn
    (sleep again, wake others) happens before later sleepers wake.
    """

    def __init__(self, start_us: int = 0) -> None:
        self._now_us = start_us
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return self._now_us

    @property
    def next_us(self) -> int | None:
        """The time of the next sleeper, None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def sleep_until(self, time_us: int) -> None:
        """Return when ``advance`` has moved the time there; at once when it has passed."""
        if time_us <= self._now_us:
            await asyncio.sleep(0)
            return
        waiting = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (time_us, next(self._order), waiting))
        await waiting

    async def advance_to(self, time_us: int) -> None:
        """Move to a time, waking everybody on the way; going back is refused with ValueError."""
        if time_us < self._now_us:
            raise ValueError(f"time does not go back: {time_us} is before {self._now_us}")
        await _settle()
        while (due_us := self.next_us) is not None and due_us <= time_us:
            self._now_us = due_us
            heapq.heappop(self._sleepers)[2].set_result(None)
            await _settle()
        self._now_us = time_us

    async def advance(self, *, seconds: float) -> None:
        """Move by some seconds."""
        await self.advance_to(self._now_us + round(seconds * MICROSECONDS))


async def _settle(turns: int = 20) -> None:
    """Let tasks that are ready run until, for all that can be seen from here, none is."""
    for _ in range(turns):
        await asyncio.sleep(0)
