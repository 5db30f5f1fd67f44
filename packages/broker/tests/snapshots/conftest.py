"""A broker in memory with snapshots, which can be killed and started again on its log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from samstad_broker.domain.rows import START
from samstad_broker.service.attributes.update import update_attributes
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.checkpointing import recover
from samstad_broker.service.documents import LogDocuments
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entities.query import list_records
from samstad_broker.service.history import History
from samstad_broker.service.snapshots import (
    SnapshotNotices,
    Snapshots,
    SnapshotSettings,
    SnapshotTask,
    create_snapshot,
)
from samstad_broker.service.writer import Writer, WriterLimits
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.history import HistorySelection
from samstad_broker.spi.notifier import Outcome, Result
from samstad_broker.store.memory import MemoryStore
from samstad_ngsild.context import CORE
from samstad_ngsild.entities import expand_entity, expand_fragment
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.query import parse_query_params

START_US = 1_800_000_000_000_000
MINE = "urn:ngsi-ld:Snapshot:mine"
LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"


class Clock:
    """Time that a test moves; a group of the log closes at once."""

    def __init__(self) -> None:
        self.us = START_US
        self._moved = asyncio.Event()

    def now_us(self) -> int:
        self.us += 1
        return self.us

    async def sleep_until(self, time_us: int) -> None:
        if time_us - self.us <= 10_000:
            await asyncio.sleep(0)
            return
        while self.us < time_us:
            await self._moved.wait()

    def forward(self, seconds: float) -> None:
        self.us += round(seconds * 1_000_000)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class Person:
    def __init__(self, name: str, *, administers: bool = False) -> None:
        self.id = name
        self.administers = administers

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return operation is not Operation.ADMINISTER or self.administers

    def record(self, entry) -> None: ...


class Endpoint:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers = True
        self.refused = 0

    async def send(self, notice) -> Outcome:
        if not self.answers:
            self.refused += 1
            return Outcome(Result.UNREACHABLE, "refused")
        self.bodies.append(notice.body)
        return Outcome(Result.DELIVERED)

    async def close(self) -> None: ...


class World:
    def __init__(self, **settings: Any) -> None:
        self.clock, self.store, self.endpoint = Clock(), MemoryStore(keeps_deleted=True), Endpoint()
        self.settings = SnapshotSettings(**settings)
        self.person = Person("ada")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        writer = Writer(self.store.log, self.clock, WriterLimits(group_us=1))
        state = (await recover(self.store)).state
        self.broker = Broker(state=state, writer=writer, clock=self.clock, alias="city")
        documents = LogDocuments(self.broker)
        self.snapshots = Snapshots(broker=self.broker, documents=documents, settings=self.settings)
        self.task = SnapshotTask(self.snapshots)
        self.notices = SnapshotNotices(self.snapshots, {"http": self.endpoint}, new_id=lambda: "urn:n")
        self.broker.history = history = History(self.store.history, self.store.log, writer, self.clock)
        work = (history.run(), writer.run(), self.task.run(), self.notices.run())
        self._tasks = [asyncio.ensure_future(one) for one in work]

    async def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    def call(self, snapshot: str = "", *, person: Person | None = None) -> Call:
        who = person or self.person
        return Call(caller=who, authorizer=who, tenant="", now_us=self.clock.now_us(), snapshot=snapshot)

    async def lamps(self, count: int, level: int = 0) -> None:
        last = None
        for number in range(count):
            body = {
                "id": f"urn:ngsi-ld:Lamp:{number}",
                "type": "Lamp",
                "level": {"type": "Property", "value": level},
            }
            last = create_entity(
                self.broker, self.call(), expand_entity(body, CORE, now=iso(self.clock.now_us()))
            )
        await last

    async def set_level(self, number: int, level: int) -> None:
        body = {"level": {"type": "Property", "value": level}}
        fragment = expand_fragment(body, CORE, now=iso(self.clock.now_us()))
        await update_attributes(self.broker, self.call(), f"urn:ngsi-ld:Lamp:{number}", fragment)

    async def take(self, snapshot_id: str = MINE, *, person: Person | None = None, **members: Any) -> str:
        query = {"type": "Query", "entities": [{"type": "Lamp"}]}
        body = {"type": "Snapshot", "id": snapshot_id, "snapshotQueries": [query], **members}
        body = {name: value for name, value in body.items() if value is not None}
        return await create_snapshot(self.snapshots, self.call(person=person), body, CORE, new_id="urn:new")

    def status(self, snapshot_id: str = MINE) -> str:
        return str(self.snapshots.get(self.call(), snapshot_id)["status"])

    async def ready(self, snapshot_id: str = MINE) -> str:
        await until(lambda: self.status(snapshot_id) != "preparing")
        return self.status(snapshot_id)

    async def levels(self, snapshot_id: str = MINE) -> dict[int, int]:
        query = parse_query_params({"type": "Lamp"}, CORE)
        records = await list_records(self.broker, self.call(snapshot_id), query)
        return {int(one.id.rpartition(":")[2]): one.parsed()[LEVEL][0]["value"] for one in records}

    def held(self) -> dict[str, int]:
        """Return how many entities the state holds for each snapshot."""
        return {key[1]: len(data) for key, data in self.broker.state.datasets() if key[1]}

    async def past(self, snapshot_id: str = MINE) -> list[str]:
        """Return of which entities of a snapshot the history knows."""
        index = await self.broker.history.caught_up()
        return [
            one.entity_id
            for one in await index.list_entities("", snapshot_id, HistorySelection(), after=0, limit=10_000)
        ]

    async def rows(self) -> list[Any]:
        return list(await self.store.log.read(START, limit=100_000))


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError


@pytest.fixture
def wait_until():
    return until


@pytest.fixture
def person():
    return Person


@pytest.fixture
async def make():
    made: list[World] = []

    async def begin(**settings: Any) -> World:
        world = World(**settings)
        made.append(world)
        await world.start()
        return world

    yield begin
    for world in made:
        await world.kill()


@pytest.fixture
async def world(make):
    return await make()
