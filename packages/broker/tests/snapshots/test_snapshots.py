"""The bad days of snapshots: kills, full disks, many at once, deletion on the way, others' ids."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from samstad_broker.domain.rows import RowKind
from samstad_broker.service.history_keeping import redact_history
from samstad_broker.service.snapshots import clone_snapshot, delete_snapshot, update_snapshot
from samstad_broker.spi.store import LogFull
from samstad_ngsild.errors import AlreadyExists, Conflict, ResourceNotFound, TooManyResults

MINE = "urn:ngsi-ld:Snapshot:mine"
LAMP = "urn:ngsi-ld:Lamp:0"
EARLY = "2020-01-01T00:00:00Z"


async def test_of_two_who_create_the_same_snapshot_at_once_one_is_told_that_it_exists(world):
    await world.lamps(3)
    results = await asyncio.gather(world.take(), world.take(), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["AlreadyExists", "str"]
    assert await world.ready() == "success"
    assert await world.levels() == {0: 0, 1: 0, 2: 0}
    assert world.task.filled == 1


async def test_a_snapshot_holds_one_instant_though_writes_go_on_all_the_while(world, wait_until):
    """A writer turns lamp after lamp up: at any instant those that are up come before those that are not."""
    count = 1_500
    await world.lamps(count)
    turned = 0

    async def turn_up() -> None:
        nonlocal turned
        while turned < count:
            await world.set_level(turned, 1)
            turned += 1

    writing = asyncio.ensure_future(turn_up())
    await wait_until(lambda: turned >= 100)
    await world.take()
    assert await world.ready() == "success"
    levels = await world.levels()
    await writing
    ups = sum(levels.values())
    assert 100 <= ups < count, "the writer was to be at work meanwhile"
    assert [levels[number] for number in range(count)] == [1] * ups + [0] * (count - ups)
    assert await world.levels() == levels


async def test_nobody_is_shown_a_snapshot_that_is_not_ready(world):
    await world.lamps(500)
    await world.take()
    with pytest.raises(Conflict) as refused:
        await world.levels()
    assert "being prepared" in refused.value.detail
    with pytest.raises(Conflict):
        await clone_snapshot(world.snapshots, world.call(), MINE, {"type": "Snapshot"}, new_id="urn:x")
    await world.ready()
    assert len(await world.levels()) == 500


async def test_a_node_that_is_killed_half_way_marks_the_snapshot_failed_and_gives_back_its_memory(
    world, wait_until
):
    await world.lamps(1_000)
    await world.take(endpoint="http://somebody.example/")
    await wait_until(lambda: world.held().get(MINE, 0) > 100)
    await world.restart()
    assert 0 < world.held()[MINE] < 1_000
    assert await world.ready() == "failure"
    [details] = world.snapshots.get(world.call(), MINE)["details"]
    assert "ended while it took" in details["problemDetails"]["detail"]
    with pytest.raises(Conflict):
        await world.levels()
    await wait_until(lambda: not world.held())
    await wait_until(lambda: world.endpoint.bodies != [])
    assert orjson.loads(world.endpoint.bodies[0])["snapshotStatus"] == "failure"
    await world.restart()
    await wait_until(lambda: not world.held())
    assert world.status() == "failure"
    assert world.task.filled == 0, "what may have ended the node is not tried again"


async def test_a_ready_snapshot_survives_a_restart_and_its_endpoint_is_told_once_it_answers(
    world, wait_until
):
    await world.lamps(10)
    world.endpoint.answers = False
    await world.take(endpoint="http://somebody.example/")
    await world.ready()
    await wait_until(lambda: world.endpoint.refused > 0)
    await world.set_level(0, 5)
    world.endpoint.answers = True
    await world.restart()
    assert await world.levels() == dict.fromkeys(range(10), 0)
    await wait_until(lambda: len(world.endpoint.bodies) == 1)
    await wait_until(lambda: world.snapshots.get(world.call(), MINE)["told"])
    await world.broker.writer.flushed()
    await world.restart()
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(world.endpoint.bodies) == 1


async def test_a_full_disk_fails_the_snapshot_and_nothing_else(world, monkeypatch, wait_until):
    await world.lamps(600)
    append, full = world.store.log.append, False

    async def maybe_full(rows, *, expected_version):
        nonlocal full
        full = full or any(row.snapshot for row in rows)
        if full:
            raise LogFull("no space left")
        await append(rows, expected_version=expected_version)

    monkeypatch.setattr(world.store.log, "append", maybe_full)
    await world.take()
    await wait_until(lambda: full)
    assert await world.levels("") == dict.fromkeys(range(600), 0)
    assert world.status() == "preparing"
    with pytest.raises(LogFull):
        await world.take("urn:another")
    with pytest.raises(ResourceNotFound):
        world.status("urn:another")
    monkeypatch.setattr(world.store.log, "append", append)
    world.clock.forward(60)
    assert await world.ready() == "failure"
    [details] = world.snapshots.get(world.call(), MINE)["details"]
    assert "disk is nearly full" in details["problemDetails"]["detail"]
    await wait_until(lambda: not world.held())
    await world.take("urn:another")
    assert await world.ready("urn:another") == "success"


async def test_one_that_is_deleted_while_it_fills_leaves_nothing_and_its_id_is_free(world, wait_until):
    await world.lamps(2_000)
    await world.take()
    await wait_until(lambda: world.held().get(MINE, 0) > 100)
    await delete_snapshot(world.snapshots, world.call(), MINE)
    with pytest.raises(ResourceNotFound):
        world.status()
    with pytest.raises(ResourceNotFound):
        await world.levels()
    await world.set_level(0, 7)
    await world.take()
    assert await world.ready() == "success"
    assert await world.levels() == {0: 7} | dict.fromkeys(range(1, 2_000), 0)
    await delete_snapshot(world.snapshots, world.call(), MINE)
    await wait_until(lambda: not world.held())
    await wait_until(lambda: not world.snapshots.documents.list("", "snapshotSweeps"))
    assert await world.past() == []
    await world.restart()
    await wait_until(lambda: not world.held())


async def test_time_ends_a_snapshot_for_readers_at_once_and_for_memory_soon(world, wait_until):
    await world.lamps(200)
    await world.take(snapshotLifetime="PT1M")
    await world.ready()
    world.clock.us += 61_000_000
    with pytest.raises(ResourceNotFound):
        await world.levels()
    world.clock.forward(0)
    await wait_until(lambda: not world.held())
    assert world.snapshots.documents.list("", "snapshots") == []


async def test_no_wish_makes_a_snapshot_outlive_the_nodes_bound(make):
    world = await make(most_lifetime_us=3_600_000_000, lifetime_us=60_000_000)
    await world.take("urn:long", snapshotLifetime="P1Y")
    await world.take("urn:plain")
    bounds = {one: world.snapshots.get(world.call(), one) for one in ("urn:long", "urn:plain")}
    lives = {one: stored["expiresUs"] - stored["createdUs"] for one, stored in bounds.items()}
    assert lives == {"urn:long": 3_600_000_000, "urn:plain": 60_000_000}
    await world.ready("urn:long")
    changed = await update_snapshot(world.snapshots, world.call(), "urn:long", {"snapshotLifetime": "PT1S"})
    assert changed["expiresUs"] - changed["modifiedUs"] == 1_000_000


async def test_where_there_are_too_many_the_least_important_one_goes_and_its_endpoint_is_told(
    make, wait_until
):
    world = await make(most=2)
    await world.lamps(1)
    await world.take("urn:low", snapshotPriority=2, endpoint="http://somebody.example/")
    await world.take("urn:high", snapshotPriority=8)
    await world.ready("urn:high")
    await wait_until(lambda: len(world.endpoint.bodies) == 1)
    await world.take("urn:new", snapshotPriority=5)
    with pytest.raises(ResourceNotFound):
        world.status("urn:low")
    await wait_until(lambda: len(world.endpoint.bodies) == 2)
    told = orjson.loads(world.endpoint.bodies[1])
    assert told["expiresAt"] <= told["notifiedAt"]
    assert await world.ready("urn:new") == "success"
    with pytest.raises(TooManyResults):
        await world.take("urn:least", snapshotPriority=1)
    assert await world.ready("urn:high") == "success"


async def test_nobody_pushes_anothers_snapshot_out_by_the_same_priority(make, person):
    world = await make(most=1)
    await world.take()
    bob = person("bob")
    with pytest.raises(TooManyResults):
        await world.take("urn:bobs", person=bob)
    await world.take("urn:again")
    with pytest.raises(ResourceNotFound):
        world.status()
    await world.take("urn:bobs", person=bob, snapshotPriority=6)
    assert world.snapshots.get(world.call(person=bob), "urn:bobs")["owner"] == "bob"


async def test_only_its_maker_and_administrators_see_a_snapshot(world, person):
    await world.lamps(1)
    await world.take()
    await world.ready()
    bob, chief = person("bob"), person("chief", administers=True)
    assert world.snapshots.get(world.call(person=chief), MINE)["owner"] == "ada"
    assert world.broker.data(world.call(MINE, person=chief)).entities
    with pytest.raises(ResourceNotFound):
        world.snapshots.get(world.call(person=bob), MINE)
    with pytest.raises(ResourceNotFound) as foreign:
        world.broker.data(world.call(MINE, person=bob))
    with pytest.raises(ResourceNotFound) as nothing:
        world.broker.data(world.call("urn:nothing", person=bob))
    assert foreign.value.detail.replace(MINE, "") == nothing.value.detail.replace("urn:nothing", "")
    with pytest.raises(AlreadyExists):
        await world.take(person=bob)


async def test_more_entities_than_a_tenants_snapshots_may_hold_fail_the_snapshot(make):
    world = await make(entities=15)
    await world.lamps(10)
    await world.take()
    assert await world.ready() == "success"
    await world.take("urn:second")
    assert await world.ready("urn:second") == "failure"
    [details] = world.snapshots.get(world.call(), "urn:second")["details"]
    assert details["problemDetails"]["type"].endswith("TooManyResults")
    assert world.held() == {MINE: 10}


async def test_a_use_is_noted_at_once_and_written_down_once_a_minute(world, wait_until):
    await world.lamps(1)
    await world.take()
    await world.ready()
    made_us = world.snapshots.get(world.call(), MINE)["usedUs"]
    for _ in range(5):
        await world.levels()
    rows = len(await world.rows())
    used_us = world.snapshots.used_us("", world.snapshots.get(world.call(), MINE))
    assert used_us > made_us
    world.snapshots.wake.set()
    await asyncio.sleep(0)
    world.clock.forward(61)
    await wait_until(lambda: world.snapshots.get(world.call(), MINE)["usedUs"] == used_us)
    assert len(await world.rows()) == rows + 1


async def test_a_redaction_ends_the_snapshots_that_hold_the_entity_and_no_others(world, wait_until):
    await world.lamps(3)
    await world.take()
    await world.take(
        "urn:one", snapshotQueries=[{"type": "Query", "entities": [{"type": "Lamp", "id": LAMP}]}]
    )
    past = {
        "type": "Query",
        "entities": [{"type": "Lamp"}],
        "temporalQ": {"timerel": "after", "timeAt": EARLY},
    }
    await world.take("urn:past", snapshotQueries=None, snapshotTemporalQueries=[past])
    for snapshot_id in (MINE, "urn:one", "urn:past"):
        await world.ready(snapshot_id)
    other = "urn:ngsi-ld:Lamp:2"
    await redact_history(world.broker, world.call(), other, None, reason="a person asked")
    with pytest.raises(ResourceNotFound):
        world.status()
    assert world.status("urn:one") == "success"
    await wait_until(lambda: not world.snapshots.documents.list("", "snapshotSweeps"))
    assert await world.past() == []
    await redact_history(world.broker, world.call(), LAMP, None, reason="another asked")
    with pytest.raises(ResourceNotFound):
        world.status("urn:one")
    assert await world.levels("") == {0: 0, 1: 0, 2: 0}


async def test_a_redaction_while_a_snapshot_fills_leaves_no_copy_behind_it(world, wait_until):
    await world.lamps(1_000)
    await world.take()
    await wait_until(lambda: world.held().get(MINE, 0) > 100)
    await redact_history(world.broker, world.call(), LAMP, None, reason="a person asked")
    rows = await world.rows()
    redacted_at = next(row.position for row in rows if row.kind is RowKind.REDACT)
    copies = [row for row in rows if row.snapshot == MINE and row.kind is RowKind.CHANGE]
    assert copies
    assert all(row.position < redacted_at for row in copies)
    with pytest.raises(ResourceNotFound):
        world.status()


async def test_nobody_fills_the_disk_by_taking_and_deleting_snapshots(make):
    world = await make(copies=25)
    await world.lamps(10)
    for _ in range(2):
        await world.take()
        assert await world.ready() == "success"
        await delete_snapshot(world.snapshots, world.call(), MINE)
    await world.take()
    assert await world.ready() == "failure"
    [details] = world.snapshots.get(world.call(), MINE)["details"]
    assert "tomorrow" in details["problemDetails"]["detail"]
    world.clock.forward(86_400)
    await world.take("urn:tomorrow")
    assert await world.ready("urn:tomorrow") == "success"
