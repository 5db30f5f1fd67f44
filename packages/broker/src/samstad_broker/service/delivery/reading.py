"""Reading the log for all subscriptions: one reader at the tail, one for those that are behind.

The reader of those behind serves all of them in one pass from the oldest place, in slices, so that a
thousand subscriptions coming back cost one reading of the log and not a thousand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.service.delivery.lane import Lane
from samstad_broker.spi.store import Log

__all__ = ["Reader"]

_FRESH_ROWS = 20_000


class Reader:
    """Brings rows to lanes.

    Attributes:
        tail: the last row that was looked at for lanes that are live.
        lanes: all lanes by (tenant, subscription id).
    """

    def __init__(self, log: Log, kick: Callable[[Lane], None], *, read_rows: int) -> None:
        self._log = log
        self._kick = kick
        self._read_rows = read_rows
        self._fresh: deque[Sequence[Row]] = deque()
        self._fresh_rows = 0
        self._fresh_last = START
        self._woken = asyncio.Event()
        self._wanted = asyncio.Event()
        self._behind: set[Lane] = set()
        self.tail = START
        self.lanes: dict[tuple[str, str], Lane] = {}

    def wake(self, rows: Sequence[Row] | None = None) -> None:
        """Look for new rows; those just written may be handed over, which spares reading them."""
        if rows:
            self._take_fresh(rows)
        self._woken.set()

    def _take_fresh(self, rows: Sequence[Row]) -> None:
        epoch, number = self._fresh_last if self._fresh else self.tail
        if rows[0].position == (epoch, number + 1) and self._fresh_rows < _FRESH_ROWS:
            self._fresh.append(rows)
            self._fresh_rows += len(rows)
            self._fresh_last = rows[-1].position
        # What does not follow is read from the log when its turn comes.

    def catch_up(self, lane: Lane) -> None:
        """Read the log for a lane that is behind, as soon as its endpoint may be tried."""
        self._behind.add(lane)
        self._wanted.set()

    def drop(self, lane: Lane) -> None:
        """Read no more for a lane."""
        self._behind.discard(lane)

    async def follow(self) -> None:
        """Hand new rows to lanes that are live, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while rows := await self._next_rows():
                self._dispatch(rows)
                await asyncio.sleep(0)

    async def _next_rows(self) -> Sequence[Row]:
        while self._fresh:
            rows = self._fresh.popleft()
            self._fresh_rows -= len(rows)
            if rows[0].position == (self.tail.epoch, self.tail.number + 1):
                return rows
        return await self._log.read(self.tail, limit=self._read_rows)

    def _dispatch(self, rows: Sequence[Row]) -> None:
        kicked: dict[Lane, None] = {}
        lanes = self.lanes
        for row in rows:
            for subscription_id in row.matched:
                lane = lanes.get((row.tenant, subscription_id))
                if lane is None or row.snapshot:
                    continue
                if lane.offer(row, self.tail):
                    kicked[lane] = None
                else:
                    self.catch_up(lane)
            self.tail = row.position
        for lane in kicked:
            self._kick(lane)

    async def follow_behind(self) -> None:
        """Bring lanes that are behind up to the tail, until cancelled."""
        while True:
            await self._wanted.wait()
            lanes = {lane.key: lane for lane in self._behind if _may_read(lane)}
            if not lanes:
                self._wanted.clear()
                continue
            await self._read_for(lanes)
            await asyncio.sleep(0)

    async def _read_for(self, lanes: dict[tuple[str, str], Lane]) -> None:
        start = min(lane.read for lane in lanes.values())
        rows = await self._log.read(start, limit=self._read_rows)
        end = rows[-1].position if rows else max(start, self.tail)
        reading = {key: lane for key, lane in lanes.items() if lane.behind and start <= lane.read <= end}
        touched = set(reading.values())
        for row in rows:
            for subscription_id in row.matched:
                lane = reading.get((row.tenant, subscription_id))
                if lane is not None and not _feed(lane, row):
                    del reading[lane.key]
        self._moved(reading.values(), end)
        for lane in touched:
            self._kick(lane)

    def _moved(self, lanes: Iterable[Lane], end: Position) -> None:
        """Note that everything up to ``end`` was read for these lanes."""
        for lane in lanes:
            lane.read = max(lane.read, end)
            if not lane.queue:
                lane.cursor = max(lane.cursor, lane.read)
            if lane.read >= self.tail:
                lane.behind = False
                self._behind.discard(lane)


def _may_read(lane: Lane) -> bool:
    """Whether rows for a lane would be sent now: its endpoint is well, or it is the probe."""
    if not lane.has_room or not lane.behind:
        return False
    gate = lane.gate
    return not gate.failures or (gate.is_open and gate.next_probe() is lane)


def _feed(lane: Lane, row: Row) -> bool:
    """Give a row to a lane that is behind; False where it has no room."""
    if row.position <= lane.read or row.snapshot or row.time_us < lane.subscription.created_us:
        return True
    if not lane.has_room:
        return False
    lane.queue.append(row)
    lane.read = row.position
    return True
