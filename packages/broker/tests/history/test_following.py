"""The index follows the log, and readers see what was acknowledged before they asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import Position, RowKind
from samstad_broker.service.history import History, HistoryBehind
from samstad_broker.service.writer import Draft, Writer, WriterLimits
from samstad_broker.spi.store import StoreError
from samstad_broker.store.memory import MemoryHistoryIndex, MemoryLog


class QuickClock:
    """Runs twenty times as fast as the wall: ten seconds of patience are half a second."""

    def now_us(self) -> int:
        return time.monotonic_ns() // 1_000 * 20

    async def sleep_until(self, time_us: int) -> None:
        await asyncio.sleep(max(0, time_us - self.now_us()) / 20e6)


class FailingIndex(MemoryHistoryIndex):
    """Refuses rows as long as ``fails`` says."""

    fails = 0

    async def apply(self, rows):
        if self.fails:
            self.fails -= 1
            raise StoreError("The disk of the index is full.")
        await super().apply(rows)


def draft(number: int) -> Draft:
    payload = creation_payload("test", {"id": f"urn:x:{number}", "type": ["T"], "n": []})
    return Draft(RowKind.CHANGE, number, "", "", f"urn:x:{number}", payload, None)


class Rig:
    def __init__(self, index=None) -> None:
        self.clock = QuickClock()
        self.log = MemoryLog()
        self.writer = Writer(self.log, self.clock, WriterLimits(group_us=500))
        self.index = index or FailingIndex()
        self.history = History(self.index, self.log, self.writer, self.clock)
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.tasks = [asyncio.create_task(work) for work in (self.writer.run(), self.history.run())]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    made.start()
    yield made
    await made.stop()


async def test_a_reader_sees_what_was_acknowledged_before_it_asked(rig):
    for number in range(20):
        await rig.writer.stage(draft(number))
        index = await rig.history.caught_up()
        assert await index.find("", "", f"urn:x:{number}") is not None
        assert index.cursor == rig.log.head
    assert await index.find("", "", "urn:x:20") is None


async def test_a_reader_of_an_empty_log_does_not_wait_for_ever(rig):
    assert (await asyncio.wait_for(rig.history.caught_up(), 2)).cursor == Position(0, 0)


async def test_without_readers_the_index_comes_up_by_itself(rig):
    await rig.writer.stage(draft(1))
    for _ in range(200):
        if rig.index.cursor == rig.log.head:
            break
        await asyncio.sleep(0.005)
    assert rig.index.cursor == rig.log.head
    assert rig.history.figures()["lag_rows"] == 0


async def test_many_rows_come_in_bounded_slices(rig):
    slices = []
    take = rig.index.apply

    async def counted(rows):
        slices.append(len(rows))
        await take(rows)

    rig.index.apply = counted
    last = [rig.writer.stage(draft(number)) for number in range(3_000)][-1]
    await last
    await rig.history.caught_up()
    assert sum(slices) == 3_000
    assert max(slices) <= 2_000


async def test_an_index_that_refuses_is_asked_again_and_nothing_is_left_out(rig):
    rig.index.fails = 3
    await rig.writer.stage(draft(1))
    index = await rig.history.caught_up()
    assert await index.find("", "", "urn:x:1") is not None
    assert rig.history.failures == 0


async def test_a_reader_is_told_when_the_index_stays_behind(rig):
    await rig.writer.stage(draft(1))
    await rig.history.caught_up()
    rig.index.fails = 10**9
    await rig.writer.stage(draft(2))
    with pytest.raises(HistoryBehind, match="again in some seconds"):
        await rig.history.caught_up()
    assert rig.history.failures > 0
    assert rig.history.figures()["lag_rows"] == 1
    # What it holds can still be waited for.
    assert await rig.history.caught_up(Position(1, 1)) is rig.index


async def test_a_new_index_begins_with_the_rows_that_are_there_already():
    first = Rig()
    first.start()
    await first.writer.stage(draft(1))
    await first.stop()
    second = Rig()
    second.log = first.log
    second.writer = Writer(first.log, second.clock)
    second.history = History(second.index, first.log, second.writer, second.clock)
    second.start()
    index = await second.history.caught_up()
    assert await index.find("", "", "urn:x:1") is not None
    await second.stop()
