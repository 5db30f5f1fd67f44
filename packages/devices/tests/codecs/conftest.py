from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from samstad_devices.domain.codec import Codec, Frame
from samstad_devices.gateway.codecs import CodecLimits, CodecPool


class Clock:
    """The wall, moved forward by ``ahead_s``."""

    ahead_s = 0.0

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + round(self.ahead_s * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool_of(clock) -> AsyncIterator[Callable[..., CodecPool]]:
    """Give a function that starts a pool with limits of its own."""
    tasks = []

    def start(**limits) -> CodecPool:
        pool = CodecPool(CodecLimits(**limits), now_us=clock.now_us)
        tasks.append(asyncio.create_task(pool.run_processes()))
        return pool

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def pool(pool_of) -> CodecPool:
    return pool_of()


@pytest.fixture
def decoded(pool) -> Callable[..., object]:
    """Give a function that decodes bytes with a source."""

    async def decode(source: str, payload: bytes = b"\x0c\xd4", **frame):
        return await pool.decode(Codec(source), Frame(payload=payload, **frame))

    return decode
