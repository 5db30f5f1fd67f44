"""Clocks: the system's goes on, the virtual one goes where it is told and wakes sleepers in order."""

from __future__ import annotations

import asyncio
import time

import pytest

from samstad_broker.spi.clock import Clock
from samstad_node.clock import SystemClock, VirtualClock


def test_both_fill_the_port():
    clocks: list[Clock] = [SystemClock(), VirtualClock()]
    assert len(clocks) == 2


async def test_the_system_clock_waits_and_tells_the_wall_time():
    clock = SystemClock()
    before = time.time_ns() // 1000
    await clock.sleep_until(before + 20_000)
    assert before + 20_000 <= clock.now_us() < before + 20_000_000
    await asyncio.wait_for(clock.sleep_until(0), timeout=1)


async def test_a_virtual_day_passes_at_once_and_in_order():
    clock = VirtualClock(start_us=1_000_000)
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, until_us: int) -> None:
        await clock.sleep_until(until_us)
        woken.append((name, clock.now_us()))

    tasks = [
        asyncio.create_task(sleeper(name, until))
        for name, until in (("b", 30), ("c", 9_000_000), ("a", 2_000_000))
    ]
    await clock.advance(seconds=86_400)
    assert woken == [("b", 1_000_000), ("a", 2_000_000), ("c", 9_000_000)]
    assert clock.now_us() == 86_401_000_000
    await asyncio.gather(*tasks)


async def test_what_a_sleeper_does_next_happens_before_later_sleepers_wake():
    clock = VirtualClock()
    ticks: list[int] = []

    async def every_second() -> None:
        while True:
            await clock.sleep_until(clock.now_us() + 1_000_000)
            ticks.append(clock.now_us())

    task = asyncio.create_task(every_second())
    await clock.advance(seconds=3.5)
    assert ticks == [1_000_000, 2_000_000, 3_000_000]
    assert clock.next_us == 4_000_000
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.next_us is None


async def test_time_neither_goes_back_nor_moves_by_itself():
    clock = VirtualClock(start_us=10)
    with pytest.raises(ValueError, match="does not go back"):
        await clock.advance_to(9)
    await asyncio.sleep(0.01)
    assert clock.now_us() == 10
