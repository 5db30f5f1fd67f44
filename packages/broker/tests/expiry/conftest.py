"""A broker in memory whose time is moved, and which can be killed and started again on its log."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import Any

import pytest

from samstad_broker.domain.rows import START
from samstad_broker.domain.subscriptions import TenantIndexes, parse_subscription
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.checkpointing import recover
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entities.lookup import found_for_reading
from samstad_broker.service.expiry_task import ExpiryTask
from samstad_broker.service.writer import Writer
from samstad_broker.store.memory import MemoryStore
from samstad_ngsild.context import CORE
from samstad_ngsild.entities import expand_entity, expand_fragment
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import ResourceNotFound

START_US = 1_800_000_000_000_000
SECOND = 1_000_000
V = "https://uri.etsi.org/ngsi-ld/default-context/"


class MovedClock:
    """Time stands still until ``forward`` moves it."""

    def __init__(self) -> None:
        self._now_us = START_US
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def now_us(self) -> int:
        return self._now_us

    async def sleep_until(self, time_us: int) -> None:
        if time_us <= self._now_us:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (time_us, next(self._order), future))
        await future

    async def forward(self, seconds: float) -> None:
        end = self._now_us + round(seconds * SECOND)
        await settled()
        while self._sleepers and self._sleepers[0][0] <= end:
            time_us, _, future = heapq.heappop(self._sleepers)
            self._now_us = max(self._now_us, time_us)
            if not future.done():
                future.set_result(None)
                await settled()
        self._now_us = end
        await settled()


async def settled() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


class Anybody:
    id = "tester"

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return True

    def record(self, entry) -> None: ...


class World:
    """One shard, with its expiry task."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.store = MemoryStore()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, *, task: bool = True) -> None:
        await self.store.open()
        writer = Writer(self.store.log, self.clock)
        state = (await recover(self.store)).state
        self.indexes = TenantIndexes()
        self.broker = Broker(state=state, writer=writer, clock=self.clock, matcher=self.indexes, alias="city")
        self.task = ExpiryTask(self.broker)
        self._tasks = [asyncio.ensure_future(writer.run())]
        if task:
            self._tasks.append(asyncio.ensure_future(self.task.run()))
        await settled()

    async def kill(self) -> None:
        for running in self._tasks:
            running.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def call(self, tenant: str = "", snapshot: str = "") -> Call:
        person = Anybody()
        return Call(
            caller=person, authorizer=person, tenant=tenant, snapshot=snapshot, now_us=self.clock.now_us()
        )

    def at(self, seconds: float) -> str:
        """Return the DateTime some seconds from the start of the world."""
        return iso(START_US + round(seconds * SECOND))

    def expanded(self, name: str, /, **members: Any) -> dict[str, Any]:
        body = {"id": f"urn:ngsi-ld:Alert:{name}", "type": "Alert", **members}
        return expand_entity(body, CORE, now=iso(self.clock.now_us()))

    def fragment(self, **members: Any) -> dict[str, Any]:
        return expand_fragment(members, CORE, now=iso(self.clock.now_us()), allow_null=True)

    async def wait(self, durable: Any) -> Any:
        waiting = asyncio.ensure_future(_await(durable))
        await self.clock.forward(0.01)
        return await waiting

    async def create(self, name: str, /, **members: Any) -> None:
        await self.wait(create_entity(self.broker, self.call(), self.expanded(name, **members)))

    def seen(self, name: str) -> dict[str, Any] | None:
        """Return what a reader is shown: values by short name, or None."""
        try:
            document = found_for_reading(self.broker, self.call(), f"urn:ngsi-ld:Alert:{name}").parsed()
        except ResourceNotFound:
            return None
        return {
            key.removeprefix(V): value[0]["value"] for key, value in document.items() if key.startswith(V)
        }

    def subscribe(self, *triggers: str) -> str:
        body = {
            "id": "urn:ngsi-ld:Subscription:s",
            "type": "Subscription",
            "entities": [{"type": "Alert"}],
            "notificationTrigger": list(triggers),
            "notification": {"endpoint": {"uri": "http://s.example/"}},
        }
        subscription = parse_subscription(body, CORE, now_us=self.clock.now_us(), subscription_id=body["id"])
        self.indexes.tenant("").add(subscription)
        return subscription.id

    async def rows(self) -> list[Any]:
        return list(await self.store.log.read(START, limit=10_000))

    async def kinds(self) -> list[str]:
        return [row.kind.value for row in await self.rows()]


async def _await(durable: Any) -> Any:
    return await durable


@pytest.fixture
async def world():
    made = World()
    await made.start()
    yield made
    await made.kill()
    await made.store.close()


@pytest.fixture
async def sleepy():
    """A world whose expiry task never gets its turn."""
    made = World()
    await made.start(task=False)
    yield made
    await made.kill()
    await made.store.close()
