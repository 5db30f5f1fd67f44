from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from samstad_broker.service.broker import Broker
from samstad_broker.service.checkpointing import Recovered, recover
from samstad_broker.service.documents import LogDocuments
from samstad_broker.service.writer import Writer
from samstad_broker.store.memory import MemoryStore

NOW_US = 1_764_036_897_000_000


class Clock:
    """Stands still; waiting ends at once."""

    def now_us(self) -> int:
        return NOW_US

    async def sleep_until(self, time_us: int) -> None:  # noqa: ARG002 - the port's signature
        await asyncio.sleep(0)


class Shard:
    """A broker over a memory store, that can be started again."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        recovered: Recovered = await recover(self.store)
        writer = Writer(self.store.log, Clock())
        self.broker = Broker(state=recovered.state, writer=writer, clock=Clock())
        self.documents = LogDocuments(self.broker)
        self._task = asyncio.ensure_future(writer.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def restart(self) -> None:
        await self.stop()
        await self.start()


@pytest.fixture
async def shard() -> AsyncIterator[Shard]:
    shard = Shard(MemoryStore())
    await shard.start()
    yield shard
    await shard.stop()
