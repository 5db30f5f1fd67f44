"""History is given up by age where a decision says so, and by request with a reason."""

from __future__ import annotations

import asyncio
import time

import orjson
import pytest

from samstad_broker.domain.rows import START, RowKind
from samstad_broker.domain.state.shard import State
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.history import History
from samstad_broker.service.history_keeping import RetentionRule, RetentionTask, redact_history
from samstad_broker.service.writer import Writer, WriterLimits
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.history import HistoryWindow
from samstad_broker.spi.store import LogFull
from samstad_broker.store.memory import MemoryStore
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import BadRequestData, ResourceNotFound

DAY_US = 86_400 * 1_000_000


class Clock:
    """The wall, moved forward at once by whoever sleeps for more than a second."""

    ahead_us = 0

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + self.ahead_us

    async def sleep_until(self, time_us: int) -> None:
        wait_us = time_us - self.now_us()
        if wait_us > 1_000_000:
            self.ahead_us += wait_us
            wait_us = 2_000
        await asyncio.sleep(max(wait_us, 0) / 1e6)


class Rights:
    """Everybody may everything but what is named."""

    denied: frozenset[tuple[Operation, str]] = frozenset()

    def may(self, _caller, _tenant, operation, entity_type):
        return (operation, entity_type) not in self.denied

    def identify(self, _headers, *, now_us, peer=""):
        raise NotImplementedError

    def record(self, entry):
        raise NotImplementedError


class Person:
    id = "person:dpo"


@pytest.fixture
async def broker():
    store, clock = MemoryStore(), Clock()
    writer = Writer(store.log, clock, WriterLimits(group_us=500))
    made = Broker(state=State(), writer=writer, clock=clock)
    made.history = History(store.history, store.log, writer, clock)
    tasks = [asyncio.create_task(work) for work in (writer.run(), made.history.run())]
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def rights():
    return Rights()


@pytest.fixture
def call(broker, rights):
    return Call(caller=Person(), authorizer=rights, tenant="", now_us=broker.clock.now_us())


async def add(broker, call, entity_id="urn:x:1", kind="T"):
    now = iso(call.now_us)
    times = {"createdAt": now, "modifiedAt": now}
    document = {
        "id": entity_id, "type": [kind], **times,
        "name": [{"type": "Property", "value": "Anna", **times}],
        "level": [{"type": "Property", "value": 7, **times}],
    }  # fmt: skip
    await create_entity(broker, call, document)


async def values(broker, entity_id="urn:x:1"):
    index = await broker.history.caught_up()
    entity = await index.find("", "", entity_id)
    (found,) = await index.read([entity], HistoryWindow(timeproperty="modifiedAt"))
    return {name: [instance["value"] for instance in instances] for name, instances in found.items()}


async def turned(broker, *rules):
    task = RetentionTask(broker, rules)
    running = asyncio.create_task(task.run())
    head = broker.history._log.head
    for _ in range(500):
        await asyncio.sleep(0.002)
        if broker.history._log.head > head or task.failures:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return task


async def test_what_is_older_than_a_decision_allows_is_given_up(broker, call):
    await add(broker, call)
    await add(broker, call, "urn:x:2", kind="Bin")
    broker.clock.ahead_us += 40 * DAY_US
    await turned(broker, RetentionRule(tenant=None, types=("T",), days=30, decision="KS 2026/17"))
    assert await values(broker) == {}
    assert await values(broker, "urn:x:2") == {"name": ["Anna"], "level": [7]}
    rows = await broker.history._log.read(START, limit=10)
    purge = next(row for row in rows if row.kind is RowKind.PURGE)
    assert orjson.loads(purge.payload)["decision"] == "KS 2026/17"


async def test_what_is_younger_and_other_tenants_stay(broker, call):
    await add(broker, call)
    await turned(broker, RetentionRule(tenant=None, days=30, decision="d"))
    assert await values(broker) == {"name": ["Anna"], "level": [7]}
    broker.clock.ahead_us += 40 * DAY_US
    await turned(broker, RetentionRule(tenant="water", days=30, decision="d"))
    assert await values(broker) == {"name": ["Anna"], "level": [7]}


async def test_a_full_disk_leaves_it_for_the_next_turn(broker, call):
    await add(broker, call)
    broker.history._log.refuse_with = LogFull("full")
    task = await turned(broker, RetentionRule(tenant=None, days=30, decision="d"))
    assert task.failures > 0
    assert await values(broker) == {"name": ["Anna"], "level": [7]}


async def test_a_redacted_value_is_gone_from_the_history_and_the_reason_stays(broker, call):
    await add(broker, call)
    await redact_history(broker, call, "urn:x:1", ["name"], reason=" asked by the person ")
    assert await values(broker) == {"name": [NULL], "level": [7]}
    last = (await broker.history._log.read(START, limit=10))[-1]
    assert (last.kind, last.subject) == (RowKind.REDACT, "urn:x:1")
    said = {"by": "person:dpo", "reason": "asked by the person", "attributes": ["name"]}
    assert orjson.loads(last.payload) == said


async def test_everything_is_redacted_where_nothing_is_named(broker, call):
    await add(broker, call)
    await redact_history(broker, call, "urn:x:1", None, reason="x")
    assert await values(broker) == {"name": [NULL], "level": [NULL]}


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001])
async def test_a_redaction_needs_a_reason(broker, call, reason):
    await add(broker, call)
    with pytest.raises(BadRequestData):
        await redact_history(broker, call, "urn:x:1", None, reason=reason)
    assert await values(broker) == {"name": ["Anna"], "level": [7]}


async def test_what_is_not_there_is_not_redacted_in_silence(broker, call):
    await add(broker, call)
    with pytest.raises(ResourceNotFound, match="has no nmae"):
        await redact_history(broker, call, "urn:x:1", ["name", "nmae"], reason="x")
    with pytest.raises(ResourceNotFound):
        await redact_history(broker, call, "urn:x:9", None, reason="x")
    assert await values(broker) == {"name": ["Anna"], "level": [7]}


async def test_who_may_not_see_is_told_nothing_and_who_may_not_write_is_refused(broker, call, rights):
    await add(broker, call)
    rights.denied = frozenset({(Operation.WRITE_HISTORY, "T")})
    with pytest.raises(Forbidden):
        await redact_history(broker, call, "urn:x:1", None, reason="x")
    rights.denied = frozenset({(Operation.READ_HISTORY, "T")})
    with pytest.raises(ResourceNotFound):
        await redact_history(broker, call, "urn:x:1", None, reason="x")
