"""Transient entities and attributes end at their time, are never shown after it, and stay in the history."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from samstad_broker.service.attributes.append import append_attributes
from samstad_broker.service.batch.upsert import upsert_batch
from samstad_broker.service.entities.create import create_entity
from samstad_broker.service.entities.delete import delete_entity
from samstad_broker.service.entities.merge import merge_entity
from samstad_broker.service.entities.purge import purge_entities
from samstad_broker.service.entities.query import query_entities
from samstad_broker.spi.store import LogFull
from samstad_ngsild.context import CORE
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import AlreadyExists, ResourceNotFound
from samstad_ngsild.query import parse_query_params

ID = "urn:ngsi-ld:Alert:"


def prop(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **members}


async def queried(world: Any, **parameters: str) -> list[str]:
    query = parse_query_params({"type": "Alert", **parameters}, CORE)
    found = await query_entities(world.broker, world.call(), query, limit=100, count=True)
    assert found.total == len(found.records)
    return [record.id.removeprefix(ID) for record in found.records]


async def test_an_entity_ends_at_its_time_and_not_before(world):
    await world.create("a", expiresAt=world.at(60), level=prop(1))
    await world.create("b", level=prop(2))
    await world.clock.forward(59)
    assert world.seen("a") == {"level": 1}
    await world.clock.forward(1)
    assert world.seen("a") is None
    assert world.seen("b") == {"level": 2}
    row = (await world.rows())[-1]
    assert (row.kind, row.subject, iso(row.time_us)) == ("expire", ID + "a", world.at(60))
    payload = orjson.loads(row.payload)
    assert payload["by"] == "city"
    assert payload["before"]
    assert payload["was"]["expiresAt"] == world.at(60)


async def test_an_expired_attribute_leaves_its_entity_behind(world):
    await world.create("a", level=prop(1, expiresAt=world.at(5)), name=prop("x"))
    await world.clock.forward(6)
    assert world.seen("a") == {"name": "x"}
    row = (await world.rows())[-1]
    assert row.kind == "change"
    assert list(orjson.loads(row.payload)["set"].values()) == [[]]
    assert world.task.written == 1
    await world.clock.forward(1_000)
    assert len(await world.rows()) == 2


async def test_of_several_instances_and_sub_attributes_only_the_expired_go(world):
    await world.create(
        "a",
        level=[prop(1, datasetId="urn:x:1", expiresAt=world.at(5)), prop(2, quality=prop(3))],
        name=prop("x", trust=prop(9, expiresAt=world.at(7)), unit=prop("u")),
    )
    await world.clock.forward(6)
    record = world.broker.state.dataset("").get(ID + "a").parsed()
    (level,) = (value for key, value in record.items() if key.endswith("/level"))
    assert [instance["value"] for instance in level] == [2]
    await world.clock.forward(2)
    record = world.broker.state.dataset("").get(ID + "a").parsed()
    (name,) = (value for key, value in record.items() if key.endswith("/name"))
    assert sorted(key.rpartition("/")[2] for key in name[0]) == [
        "createdAt",
        "modifiedAt",
        "type",
        "unit",
        "value",
    ]


@pytest.mark.parametrize(("moved_to", "ends_at"), [(20, 20), (300, 300), (None, None)])
async def test_the_latest_word_on_expires_at_counts(world, moved_to, ends_at):
    await world.create("a", expiresAt=world.at(60))
    expires_at = "urn:ngsi-ld:null" if moved_to is None else world.at(moved_to)
    await world.wait(
        merge_entity(world.broker, world.call(), ID + "a", world.fragment(expiresAt=expires_at), CORE)
    )
    await world.clock.forward((ends_at or 100_000) - 1)
    assert world.seen("a") is not None
    if ends_at is not None:
        await world.clock.forward(1)
        assert world.seen("a") is None
        assert (await world.kinds())[-1] == "expire"
    else:
        assert "expire" not in await world.kinds()


async def test_an_entity_that_is_refreshed_all_the_time_costs_no_memory(world):
    await world.create("a", expiresAt=world.at(600))
    for second in range(500):
        fragment = world.fragment(expiresAt=world.at(700 + second))
        await world.wait(merge_entity(world.broker, world.call(), ID + "a", fragment, CORE))
    expiries = world.broker.state.dataset("").expiries
    assert len(expiries._heap) < 100
    await world.clock.forward(1190)
    assert world.seen("a") == {}
    await world.clock.forward(10)
    assert world.seen("a") is None


async def test_what_expired_while_the_node_was_down_ends_at_its_start(world):
    await world.create("a", expiresAt=world.at(60))
    await world.create("b", level=prop(1, expiresAt=world.at(60)))
    await world.create("c", expiresAt=world.at(7_200))
    await world.kill()
    await world.clock.forward(3_600)
    await world.start()
    await world.clock.forward(0.1)
    assert (world.seen("a"), world.seen("b"), world.seen("c")) == (None, {}, {})
    assert (await world.kinds())[3:] == ["expire", "change"]
    await world.kill()
    await world.start()
    await world.clock.forward(0.1)
    assert len(await world.rows()) == 5


async def test_many_that_expire_at_once_end_in_slices(world):
    for number in range(130):
        await world.create(str(number), expiresAt=world.at(100))
    await world.clock.forward(101)
    assert await queried(world) == []
    assert (await world.kinds()).count("expire") == 130
    assert world.task.written == 130
    assert len(world.broker.state.dataset("").expiries) == 0


async def test_a_reader_before_the_tasks_turn_is_not_shown_what_expired(sleepy):
    world = sleepy
    await world.create("a", expiresAt=world.at(60))
    await world.create("b", level=prop(1, expiresAt=world.at(60)), name=prop("x"))
    await world.create("c")
    assert await queried(world) == ["a", "b", "c"]
    await world.clock.forward(60)
    assert world.seen("a") is None
    assert world.seen("b") == {"name": "x"}
    assert await queried(world) == ["b", "c"]
    assert await queried(world, q="level==1") == []
    assert await queried(world, q='name=="x"') == ["b"]
    assert "expire" not in await world.kinds()


async def test_a_write_before_the_tasks_turn_meets_no_expired_entity(sleepy):
    world = sleepy
    for name in "abcd":
        await world.create(name, expiresAt=world.at(60), level=prop(1))
    with pytest.raises(AlreadyExists):
        create_entity(world.broker, world.call(), world.expanded("a"))
    await world.clock.forward(60)
    await world.create("a", name=prop("new"))
    assert world.seen("a") == {"name": "new"}
    with pytest.raises(ResourceNotFound):
        delete_entity(world.broker, world.call(), ID + "b")
    with pytest.raises(ResourceNotFound):
        merge_entity(world.broker, world.call(), ID + "b", world.fragment(level=prop(2)), CORE)
    outcome = await world.wait(upsert_batch(world.broker, world.call(), [world.expanded("c")]))
    assert outcome.created == [ID + "c"]
    assert (await world.kinds())[4:] == ["expire", "change", "expire", "expire", "change"]


async def test_a_write_before_the_tasks_turn_does_not_bring_an_expired_attribute_back(sleepy):
    world = sleepy
    await world.create("a", level=prop(1, expiresAt=world.at(60)), name=prop("x"))
    await world.clock.forward(60)
    change = append_attributes(world.broker, world.call(), ID + "a", world.fragment(extra=prop(1)))
    await world.wait(change)
    assert world.seen("a") == {"name": "x", "extra": 1}
    assert len(await world.rows()) == 3


async def test_a_purge_before_the_tasks_turn_takes_the_rest(sleepy):
    world = sleepy
    await world.create("a", expiresAt=world.at(60))
    await world.create("b", level=prop(1, expiresAt=world.at(60)))
    await world.clock.forward(60)
    query = parse_query_params({"type": "Alert"}, CORE)
    assert await world.wait(purge_entities(world.broker, world.call(), query)) == [ID + "b"]
    assert await queried(world) == []


async def test_an_entity_that_comes_expired_is_acknowledged_kept_in_the_history_and_never_shown(world):
    await world.create("late", expiresAt=world.at(-5), level=prop(1))
    assert world.seen("late") is None
    assert await world.kinds() == ["change", "expire"]


async def test_subscribers_are_told_as_of_deletes(world):
    subscription = world.subscribe("entityDeleted", "attributeDeleted")
    await world.create("a", expiresAt=world.at(60), level=prop(1, expiresAt=world.at(30)))
    await world.create("b", level=prop(1))
    await world.clock.forward(100)
    matched = [(row.kind.value, row.matched) for row in await world.rows()]
    assert matched == [
        ("change", ()),
        ("change", ()),
        ("change", (subscription,)),
        ("expire", (subscription,)),
    ]


async def test_a_full_disk_shows_nothing_expired_and_ends_it_when_there_is_room(world, monkeypatch):
    await world.create("a", expiresAt=world.at(60))
    append = world.store.log.append

    async def refuse(rows, *, expected_version):  # noqa: ARG001 - the port's signature
        raise LogFull("no room")

    monkeypatch.setattr(world.store.log, "append", refuse)
    await world.clock.forward(65)
    assert world.task.failures > 0
    assert world.seen("a") is None
    assert await queried(world) == []
    monkeypatch.setattr(world.store.log, "append", append)
    await world.clock.forward(60)
    assert world.task.failures == 0
    assert (await world.kinds()) == ["change", "expire"]


async def test_a_snapshot_keeps_what_it_was_taken_with(world):
    dataset = world.broker.state.dataset("", "urn:ngsi-ld:Snapshot:1")
    dataset.add(world.expanded("a", expiresAt=world.at(5)), 99)
    await world.clock.forward(10)
    assert dataset.get(ID + "a") is not None
    assert await world.kinds() == []


async def test_expiry_goes_by_the_moment_not_by_the_text(world):
    await world.create("a", expiresAt="2027-01-15T08:01:00,5Z")
    await world.create("b", expiresAt="2027-01-15T08:01:00Z")
    await world.clock.forward(60.2)
    assert world.seen("b") is None
    assert world.seen("a") == {}
    await world.clock.forward(0.4)
    assert world.seen("a") is None
