"""The history of a shard: its index follows the log, and a reader waits until it has passed what it knows.

The index is a projection: it may lag behind the log by some tenths of a second, and a write never waits for
it. A reader does: it is shown everything that was acknowledged before it asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.service.entity_locks import EntityLocks
from samstad_broker.service.writer import Writer
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.history import HistoryIndex
from samstad_broker.spi.store import Log, StoreError

__all__ = ["History", "HistoryBehind"]

_SLICE = 2_000
_GATHER_US = 250_000
"""How long rows gather when nobody waits for them: fewer commits of the index."""
_LONGEST_WAIT_US = 10_000_000
_FIRST_PAUSE_US = 500_000
_LONGEST_PAUSE_US = 30_000_000


class HistoryBehind(StoreError):
    """The index has not come up to the log in time: the caller should come again (503, Retry-After)."""


class History:
    """Brings rows from the log to the index.

    Args:
        index: what they are brought to.
        log: where they are read; a restart goes on after the index's cursor.
        writer: tells of new rows.
        clock: for pauses.

    Attributes:
        index: for readers, after ``caught_up``.
        locks: held by who writes into the history of an entity, from the check until the row is durable.
        failures: attempts that the index has refused since the last that it took.
        failure: what it said to the last of them; None when there are none.
    """

    def __init__(self, index: HistoryIndex, log: Log, writer: Writer, clock: Clock) -> None:
        self.index = index
        self.locks = EntityLocks()
        self.failures = 0
        self.failure: str | None = None
        self._log = log
        self._clock = clock
        self._new_rows = asyncio.Event()
        self._wanted = asyncio.Event()
        self._advanced = asyncio.Condition()
        self._passed = START
        self._new_rows.set()
        writer.listen(self._note)

    def _note(self, _rows: Sequence[Row]) -> None:
        self._new_rows.set()

    async def caught_up(self, position: Position | None = None) -> HistoryIndex:
        """Return the index once it holds the row at a position; None: everything acknowledged until now.

        Raises:
            HistoryBehind: it has not come there within ten seconds.
        """
        wanted = self._log.head if position is None else position
        if not self._holds(wanted):
            self._wanted.set()
            deadline = asyncio.ensure_future(self._clock.sleep_until(self._clock.now_us() + _LONGEST_WAIT_US))
            reached = asyncio.ensure_future(self._reached(wanted))
            try:
                await asyncio.wait((reached, deadline), return_when=asyncio.FIRST_COMPLETED)
            finally:
                reached.cancel()
                deadline.cancel()
            if not self._holds(wanted):
                raise HistoryBehind(
                    "The history has not yet taken in what was written before; ask again in some seconds."
                )
        return self.index

    async def _reached(self, position: Position) -> None:
        async with self._advanced:
            await self._advanced.wait_for(lambda: self._holds(position))

    def _holds(self, position: Position) -> bool:
        """Whether the index has passed a position: the start of an epoch is one without a row."""
        return max(self.index.cursor, self._passed) >= position

    async def run(self) -> None:
        """Follow the log until cancelled; an index that refuses rows is asked again after a pause.

        Raises:
            LogCorrupt: the log does not read back as it was written.
        """
        while not await self._attempt(self.index.recover(self._log.oldest)):
            pass
        while True:
            await self._new_rows.wait()
            await self._gather()
            self._new_rows.clear()
            head = self._log.head
            while rows := await self._log.read(self.index.cursor, limit=_SLICE):
                await self._take(rows)
            self._passed = head
            await self._tell()

    async def _gather(self) -> None:
        """Let rows come together, unless a reader waits."""
        timer = asyncio.ensure_future(self._clock.sleep_until(self._clock.now_us() + _GATHER_US))
        wanted = asyncio.ensure_future(self._wanted.wait())
        try:
            await asyncio.wait((timer, wanted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            wanted.cancel()
        self._wanted.clear()

    async def _take(self, rows: Sequence[Row]) -> None:
        if await self._attempt(self.index.apply(rows)):
            await self._tell()

    async def _attempt(self, work: Awaitable[None]) -> bool:
        """Return whether the index did something; False after a pause that grows with each failure."""
        try:
            await work
        except StoreError as error:
            self.failures += 1
            self.failure = str(error)
            pause_us = min(_FIRST_PAUSE_US << min(self.failures - 1, 10), _LONGEST_PAUSE_US)
            await self._clock.sleep_until(self._clock.now_us() + pause_us)
            return False
        self.failures, self.failure = 0, None
        return True

    async def _tell(self) -> None:
        async with self._advanced:
            self._advanced.notify_all()

    def figures(self) -> Mapping[str, Any]:
        """Return the index's figures and how far it lags behind the log."""
        lag = self._log.head.number - self.index.cursor.number
        return {
            **self.index.figures(),
            "lag_rows": max(lag, 0),
            "failures": self.failures,
            "failure": self.failure,
        }
