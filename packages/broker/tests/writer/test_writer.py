"""Groups, order, failure and recovery of the one writer, over the store in memory."""

from __future__ import annotations

import asyncio
import time

import orjson
import pytest

from samstad_broker.domain.payload import creation_payload, end_payload
from samstad_broker.domain.rows import RowKind
from samstad_broker.domain.state.replay import apply_row
from samstad_broker.domain.state.shard import State
from samstad_broker.service.checkpointing import Checkpointer, recover
from samstad_broker.service.writer import Draft, Overloaded, Writer, WriterLimits
from samstad_broker.spi.store import LogFull, LogUnavailable
from samstad_broker.store.memory import MemoryStore


class Clock:
    """Real time: the tests here take milliseconds."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    async def sleep_until(self, time_us: int) -> None:
        await asyncio.sleep(max(0, time_us - self.now_us()) / 1e6)


@pytest.fixture
async def store():
    kept = MemoryStore()
    await kept.open()
    yield kept
    await kept.close()


@pytest.fixture
async def writer(store):
    made = Writer(store.log, Clock(), WriterLimits(group_us=500))
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def draft(number: int, undo=None) -> Draft:
    payload = creation_payload("test", {"id": f"urn:x:{number}", "type": ["T"], "n": [{"type": "Property"}]})
    return Draft(RowKind.CHANGE, number, "", "", f"urn:x:{number}", payload, undo)


async def test_rows_of_many_callers_are_durable_in_the_order_in_which_they_were_staged(store, writer):
    heard: list[str] = []
    writer.listen(lambda rows: heard.extend(row.subject for row in rows))
    last = [writer.stage(draft(n)) for n in range(50)][-1]
    assert await store.log.read(store.log.head, limit=10) == []
    await last
    assert heard == [f"urn:x:{n}" for n in range(50)]
    assert store.log.head == writer.last


async def test_a_caller_that_goes_away_does_not_take_the_answer_of_the_others(writer):
    async def wait() -> None:
        await writer.stage(draft(1))

    leaving, staying = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert leaving.cancelled()
    await writer.stage(draft(2))


async def test_a_full_disk_undoes_newest_first_tells_everybody_and_lets_later_writes_through(store, writer):
    undone: list[int] = []
    store.log.refuse_with = LogFull("no room")
    waiting = [writer.stage(draft(n, undo=lambda n=n: undone.append(n))) for n in range(3)]
    for one in waiting:
        with pytest.raises(LogFull):
            await one
    assert undone == [2, 1, 0]
    store.log.refuse_with = None
    await writer.stage(draft(9))
    assert writer.broken is None


async def test_a_failed_disk_stops_the_writer_for_good(store, writer):
    store.log.refuse_with = LogUnavailable("input/output error")
    with pytest.raises(LogUnavailable):
        await writer.stage(draft(1))
    store.log.refuse_with = None
    with pytest.raises(LogUnavailable):
        writer.check()


async def test_more_than_the_disk_takes_is_refused_before_the_state_changes(store):
    idle = Writer(store.log, Clock(), WriterLimits(staged_bytes=1000))
    for number in range(10):
        idle.stage(draft(number))
    with pytest.raises(Overloaded):
        idle.check()


async def test_checkpoint_and_later_rows_give_the_state_back_however_often_rows_are_applied(store, writer):
    recovered = await recover(store)
    checkpointer = Checkpointer(store, recovered, writer)
    state = recovered.state

    async def create(number: int) -> None:
        made = {"id": f"urn:x:{number}", "type": ["T"], "n": [{"type": "Property", "value": number}]}
        state.dataset("").add(made, state.sequence)
        state.sequence += 1
        payload = creation_payload("test", made)
        await writer.stage(Draft(RowKind.CHANGE, 1, "", "", made["id"], payload, None))

    for number in range(5):
        await create(number)
    await checkpointer.save()
    assert store.checkpoint.cursor == store.log.head
    for number in range(5, 8):
        await create(number)
    gone = state.dataset("").get("urn:x:2")
    state.dataset("").remove(gone, gone.parsed())
    ended = end_payload("test", gone.parsed(), "2026-01-01T00:00:00.000000Z")
    await writer.stage(Draft(RowKind.DELETE, 2, "", "", "urn:x:2", ended, None))
    assert store.checkpoint.cursor < store.log.head

    again = (await recover(store)).state
    assert documents(again) == documents(state)
    assert "urn:x:2" not in documents(again)
    for _ in range(2):
        for row in await store.log.read(store.log.oldest, limit=100):
            apply_row(again, row)
    assert documents(again) == documents(state)


async def test_overlapping_saves_lose_nothing_when_the_first_fails(store, writer):
    recovered = await recover(store)
    checkpointer = Checkpointer(store, recovered, writer)
    made = {"id": "urn:x:1", "type": ["T"]}
    recovered.state.dataset("").add(made, 1)
    payload = creation_payload("test", made)
    await writer.stage(Draft(RowKind.CHANGE, 1, "", "", "urn:x:1", payload, None))
    original, go_on = store.checkpoint.save, asyncio.Event()

    async def fail_once(*_args, **_named) -> None:
        store.checkpoint.save = original
        await go_on.wait()
        message = "no room for the checkpoint"
        raise LogFull(message)

    store.checkpoint.save = fail_once
    first, second = asyncio.create_task(checkpointer.save()), asyncio.create_task(checkpointer.save())
    await asyncio.sleep(0.01)
    go_on.set()
    await asyncio.gather(first, second)
    assert checkpointer.failures == 1
    assert store.checkpoint.cursor == store.log.head
    assert "urn:x:1" in documents((await recover(store)).state)


def documents(state: State) -> dict[str, object]:
    return {record.id: orjson.loads(record.document) for record in state.dataset("")}
