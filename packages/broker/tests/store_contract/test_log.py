"""The append-only change log."""

from __future__ import annotations

import asyncio

import pytest

from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.spi.store import StaleVersion


async def everything(log, after=START, *, until=None):
    rows = []
    while part := await log.read(after, limit=1_000, until=until):
        rows.extend(part)
        after = part[-1].position
    return rows


async def test_a_new_log_is_at_the_start_of_its_epoch_and_empty(store):
    assert store.log.head.number == 0
    assert store.log.oldest == store.log.head
    assert not await store.log.read(START, limit=10)


async def test_appended_rows_come_back_in_order_and_move_the_head(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 5)
    await store.log.append(rows[:2], expected_version=start)
    await store.log.append(rows[2:], expected_version=rows[1].position)
    assert store.log.head == rows[-1].position
    assert await everything(store.log) == rows
    assert await everything(store.log, rows[-1].position) == []


async def test_an_empty_group_changes_nothing(store):
    await store.log.append([], expected_version=store.log.head)
    assert store.log.head.number == 0


async def test_every_member_of_a_row_is_kept(store):
    row = Row(
        position=Position(store.log.head.epoch, 1),
        time_us=1_795_574_400_123_456,
        kind=RowKind.DOCUMENT,
        tenant="västerås",
        snapshot="urn:ngsi-ld:Snapshot:1",
        subject="urn:ngsi-ld:Subscription:å\u2028ä",
        payload=b'{"content":{"a":[1,2.5,null]}}',
        matched=("urn:ngsi-ld:Subscription:1", 'urn:"2"'),
        document=b'{"id":"urn:x"}',
    )
    await store.log.append([row], expected_version=store.log.head)
    (back,) = await store.log.read(START, limit=10)
    assert back == row
    assert back.kind is RowKind.DOCUMENT
    assert back.matched != (row.matched[0],)


@pytest.mark.parametrize("kind", list(RowKind))
async def test_every_kind_of_row_is_kept(store, reopen, kind):
    head = store.log.head
    row = Row(Position(head.epoch, 1), 1, kind, "", "", "urn:x", b"{}")
    await store.log.append([row], expected_version=head)
    store = await reopen(store)
    (back,) = await store.log.read(START, limit=1)
    assert back == row
    assert back.document is None
    assert back.matched == ()
    await store.close()


async def test_a_read_is_bounded_by_its_limit_and_its_end(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 30)
    await store.log.append(rows, expected_version=start)
    part = await store.log.read(rows[4].position, limit=3)
    assert 1 <= len(part) <= 3
    assert part == rows[5 : 5 + len(part)]
    assert await everything(store.log, rows[4].position, until=rows[8].position) == rows[5:9]
    assert not await store.log.read(rows[4].position, limit=100, until=rows[4].position)
    assert not await store.log.read(rows[4].position, limit=100, until=rows[2].position)


async def test_an_answer_shorter_than_the_limit_is_never_empty_before_the_end(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 40, size=100_000)
    await store.log.append(rows, expected_version=start)
    assert await everything(store.log) == rows


async def test_a_writer_that_does_not_know_the_head_is_refused_and_writes_nothing(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 3)
    await store.log.append(rows[:2], expected_version=start)
    with pytest.raises(StaleVersion, match="expected"):
        await store.log.append(rows[2:], expected_version=start)
    assert store.log.head == rows[1].position
    assert await everything(store.log) == rows[:2]


async def test_of_two_appends_at_once_one_is_refused(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 2)
    results = await asyncio.gather(
        store.log.append(rows[:1], expected_version=start),
        store.log.append(rows[:1], expected_version=start),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), StaleVersion]
    assert await everything(store.log) == rows[:1]


async def test_rows_that_do_not_follow_the_head_are_a_fault_of_the_writer(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 3)
    for wrong in (rows[1:], [rows[0], rows[2]], lamp_rows(Position(start.epoch + 1, 0), 1)):
        with pytest.raises(ValueError, match="cannot follow"):
            await store.log.append(wrong, expected_version=start)
    assert store.log.head == start
    assert await everything(store.log) == []


async def test_the_log_survives_closing_and_goes_on(store, reopen, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 7)
    await store.log.append(rows[:4], expected_version=start)
    store = await reopen(store)
    assert store.log.head == rows[3].position
    await store.log.append(rows[4:], expected_version=rows[3].position)
    assert await everything(store.log) == rows
    assert await everything(store.log, rows[5].position) == rows[6:]
    await store.close()


async def test_a_position_of_another_epoch_is_before_or_after_everything(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 3)
    await store.log.append(rows, expected_version=start)
    assert await everything(store.log, Position(start.epoch - 1, 99)) == rows
    assert not await store.log.read(Position(start.epoch + 1, 0), limit=9)
    assert await everything(store.log, until=Position(start.epoch + 1, 0)) == rows
    assert not await store.log.read(START, limit=9, until=Position(start.epoch - 1, 99))


async def test_a_caller_that_gives_up_does_not_take_its_rows_back(store, lamp_rows):
    start = store.log.head
    rows = lamp_rows(start, 2)
    append = asyncio.ensure_future(store.log.append(rows[:1], expected_version=start))
    await asyncio.sleep(0)
    append.cancel()
    for _ in range(400):
        if store.log.head != start:
            break
        await asyncio.sleep(0.005)
    assert store.log.head == rows[0].position
    await store.log.append(rows[1:], expected_version=store.log.head)
    assert await everything(store.log) == rows
