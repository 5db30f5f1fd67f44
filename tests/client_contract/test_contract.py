"""What a service may count on, whichever context source it speaks with."""

from __future__ import annotations

from typing import Any

import pytest

from samstad_ngsild.client import Client, Selection
from samstad_ngsild.errors import (
    AlreadyExists,
    BadRequestData,
    InvalidRequest,
    NgsiLdError,
    NonexistentTenant,
    ResourceNotFound,
)

LAMP = "urn:ngsi-ld:Lamp:roads:1"


def prop(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **members}


def lamp(number: int = 1, level: float = 50, **attributes: Any) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:Lamp:roads:{number}", "type": "Lamp", "level": prop(level), **attributes}


async def ids(client: Client, selection: Selection) -> list[str]:
    return [entity["id"].rpartition(":")[2] async for entity in client.query(selection)]


async def test_an_entity_is_created_read_and_deleted_once(source):
    client = source.client()
    await client.create(lamp())
    assert (await client.retrieve(LAMP))["level"] == prop(50)
    with pytest.raises(AlreadyExists):
        await client.create(lamp())
    await client.delete(LAMP)
    assert await client.find(LAMP) is None
    with pytest.raises(ResourceNotFound):
        await client.delete(LAMP)


async def test_names_are_those_of_the_context_and_not_of_the_texts(source):
    await source.client().create(lamp())
    bare = Client(source.transport)
    assert await ids(bare, Selection(type="Lamp")) == []
    found = await bare.retrieve(LAMP)
    assert found["https://lamps.example/level"] == prop(50)
    assert "level" not in found


async def test_a_body_may_bring_its_own_context(source):
    own = {"@context": {"level": "https://lamps.example/level", "Lamp": "https://lamps.example/Lamp"}}
    await Client(source.transport).create({**lamp(), **own})
    assert await ids(source.client(), Selection(type="Lamp")) == ["1"]
    assert "@context" not in await source.client().retrieve(LAMP)


async def test_what_is_wrong_is_told_by_the_same_error_with_its_place(source):
    with pytest.raises(BadRequestData) as caught:
        await source.client().create({"id": LAMP, "type": "Lamp", "level": {"type": "Property"}})
    assert caught.value.pointer.startswith("/level")
    assert await source.client().find(LAMP) is None


async def test_an_update_leaves_the_rest_and_a_replacement_does_not(source):
    client = source.client()
    await client.create(lamp(colour=prop("warm")))
    await client.update(LAMP, {"level": prop(60)})
    await client.append(LAMP, {"height": prop(8)})
    assert {"level", "colour", "height"} < set(await client.retrieve(LAMP))
    await client.replace(lamp(level=70))
    left = await client.retrieve(LAMP)
    assert left["level"]["value"] == 70
    assert {"colour", "height"}.isdisjoint(left)


async def test_a_merge_goes_into_attributes_and_null_deletes(source):
    client = source.client()
    await client.create(lamp(level=1, state=prop({"on": True, "by": "plan"})))
    await client.merge(LAMP, {"state": {"value": {"by": "hand"}}, "level": prop("urn:ngsi-ld:null")})
    left = await client.retrieve(LAMP)
    assert left["state"]["value"] == {"on": True, "by": "hand"}
    assert "level" not in left


async def test_one_attribute_is_changed_replaced_and_deleted(source):
    client = source.client()
    await client.create(lamp(level=1))
    await client.update_attribute(LAMP, "level", {"value": 2, "unitCode": "P1"})
    assert (await client.retrieve(LAMP))["level"] == prop(2, unitCode="P1")
    await client.replace_attribute(LAMP, "level", prop(3))
    assert (await client.retrieve(LAMP))["level"] == prop(3)
    await client.delete_attribute(LAMP, "level")
    with pytest.raises(ResourceNotFound):
        await client.delete_attribute(LAMP, "level")
    with pytest.raises(ResourceNotFound):
        await client.update_attribute(LAMP, "level", {"value": 4})


async def test_what_an_update_left_alone_is_told_and_not_passed_over(source):
    client = source.client()
    await client.create(lamp(level=1))
    left = await client.append(LAMP, {"level": prop(2), "height": prop(8)}, overwrite=False)
    assert [one.attribute.rpartition("/")[2] for one in left] == ["level"]
    assert left[0].reason
    found = await client.retrieve(LAMP)
    assert (found["level"]["value"], found["height"]["value"]) == (1, 8)
    assert await client.append(LAMP, {"level": prop(3)}) == []
    assert await client.update(LAMP, {"level": prop(4)}) == []


async def test_a_query_yields_every_match_over_many_pages_and_none_else(source):
    client = source.client(page=4)
    await client.create_many(lamp(number, level=number) for number in range(11))
    await client.create({"id": "urn:ngsi-ld:Bin:1", "type": "Bin", "level": prop(9)})
    assert sorted(map(int, await ids(client, Selection(type="Lamp", q="level>2")))) == list(range(3, 11))
    assert await client.count(Selection(type="Lamp")) == 11
    assert await client.count(Selection(type="Lamp", q="level>99")) == 0
    assert sorted(await client.types()) == sorted(["Lamp", "Bin"])


async def test_a_selection_says_what_is_shown_and_where(source):
    client = source.client()
    here = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [16.5, 59.6]}}
    await client.create(lamp(1, location=here))
    await client.create(lamp(2))
    near = {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": "[16.5,59.6]"}
    selection = Selection(type="Lamp", geo=near, pick=("id", "level"), format="simplified")
    found = [entity async for entity in client.query(selection)]
    assert found == [{"id": LAMP, "level": 50}]
    chosen = Selection(type="Lamp", ids=("urn:ngsi-ld:Lamp:roads:2", "urn:ngsi-ld:Lamp:roads:3"))
    assert await ids(client, chosen) == ["2"]


async def test_a_query_that_cannot_be_read_is_refused_at_its_place(source):
    with pytest.raises(NgsiLdError) as caught:
        await source.client().count(Selection(type="Lamp", q="level>>"))
    assert isinstance(caught.value, (BadRequestData, InvalidRequest))
    assert caught.value.pointer == "q"


async def test_a_batch_tells_what_became_of_each(source):
    client = source.client(batch=2)
    await client.create(lamp(1))
    outcome = await client.create_many([lamp(1), lamp(2), lamp(3)])
    assert sorted(outcome.created) == ["urn:ngsi-ld:Lamp:roads:2", "urn:ngsi-ld:Lamp:roads:3"]
    assert [(one.entity_id, type(one.error)) for one in outcome.failed] == [(LAMP, AlreadyExists)]
    outcome = await client.upsert([lamp(3, level=9), lamp(4)])
    assert (outcome.created, outcome.updated) == (["urn:ngsi-ld:Lamp:roads:4"], ["urn:ngsi-ld:Lamp:roads:3"])
    gone = await client.delete_many([LAMP, "urn:ngsi-ld:Lamp:roads:99"])
    assert gone.updated == [LAMP]
    assert [type(one.error) for one in gone.failed] == [ResourceNotFound]


async def test_ensure_says_the_same_twice_and_keeps_what_others_wrote(source):
    client = source.client()
    await client.ensure(lamp(level=1))
    await client.append(LAMP, {"colour": prop("warm")})
    await client.ensure(lamp(level=2))
    left = await client.retrieve(LAMP)
    assert (left["level"]["value"], left["colour"]["value"]) == (2, "warm")
    assert await client.count(Selection(type="Lamp")) == 1


async def test_many_fragments_change_only_what_is_there(source):
    client = source.client()
    await client.create_many([lamp(1), lamp(2)])
    updated = await client.update_many([{"id": LAMP, "type": "Lamp", "level": prop(7)}])
    assert (updated.updated, updated.failed) == ([LAMP], [])
    merged = await client.merge_many([{"id": "urn:ngsi-ld:Lamp:roads:9", "type": "Lamp", "level": prop(7)}])
    assert [type(one.error) for one in merged.failed] == [ResourceNotFound]
    assert await ids(client, Selection(type="Lamp", q="level==7")) == ["1"]


async def test_tenants_know_nothing_of_each_other(source):
    roads = source.client(tenant="roads")
    await roads.create(lamp())
    assert await source.client().find(LAMP) is None
    assert await roads.find(LAMP) is not None
    with pytest.raises(NonexistentTenant):
        await source.client(tenant="unknown").retrieve(LAMP)


async def test_a_subscriber_is_told_of_what_concerns_it_alone(source, following):
    client, service = source.client(), source.service
    subscription = following(q="level>50")
    service.notified.on(subscription["id"], service.take)
    await client.ensure_subscription(subscription)
    await client.create(lamp(1, level=10))
    await client.create(lamp(2, level=60))
    await client.update(LAMP, {"level": prop(70)})
    told = await source.told(2)
    assert [(one["id"][-1], one["level"]["value"]) for one in told] == [("2", 60), ("1", 70)]


async def test_a_subscription_is_ensured_twice_and_then_is_the_new_one(source, following):
    client, service = source.client(), source.service
    subscription = following()
    service.notified.on(subscription["id"], service.take)
    await client.ensure_subscription(subscription)
    await client.ensure_subscription(following(q="level>50"))
    await client.create(lamp(1, level=10))
    await client.create(lamp(2, level=60))
    assert [one["id"][-1] for one in await source.told(1)] == ["2"]
    await client.delete_subscription(subscription["id"])
    with pytest.raises(ResourceNotFound):
        await client.delete_subscription(subscription["id"])


async def test_a_handler_that_fails_is_told_again(source, following):
    client, service = source.client(), source.service
    endpoint = {"uri": "http://127.0.0.1:9/told", "accept": "application/json", "cooldown": 1}
    subscription = following(notification={"endpoint": endpoint})
    service.notified.on(subscription["id"], service.take)
    await client.ensure_subscription(subscription)
    service.fails = 1
    await client.create(lamp())
    assert [one["id"] for one in await source.told(1)] == [LAMP]
    assert service.fails == 0
    counted = (await client.retrieve_subscription(subscription["id"]))["notification"]
    assert counted["timesFailed"] == 1
    with pytest.raises(ResourceNotFound):
        await client.retrieve_subscription("urn:ngsi-ld:Subscription:lamps:none")


async def test_a_deletion_is_told_to_who_asks_for_it(source, following):
    client, service = source.client(), source.service
    await client.create(lamp())
    subscription = following(notificationTrigger=["entityDeleted"])
    service.notified.on(subscription["id"], service.take)
    await client.ensure_subscription(subscription)
    await client.update(LAMP, {"level": prop(51)})
    await client.delete(LAMP)
    [told] = await source.told(1)
    assert told["id"] == LAMP
    assert "deletedAt" in told
    assert "level" not in told


async def test_the_past_is_kept_and_late_observations_join_it(source):
    client = source.client()
    await client.create(lamp(level=1) | {"level": prop(1, observedAt="2026-11-25T12:00:00Z")})
    await client.append(LAMP, {"level": prop(3, observedAt="2026-11-25T12:02:00Z")})
    late = [prop(2, observedAt="2026-11-25T12:01:00Z")]
    await client.append_temporal({"id": LAMP, "type": "Lamp", "level": late})
    assert (await client.retrieve(LAMP))["level"]["value"] == 3
    after = [("timerel", "after"), ("timeAt", "2026-11-25T12:00:30Z")]
    found = await client.retrieve_temporal(LAMP, query=[*after, ("format", "temporalValues")])
    assert [value for value, _ in found["level"]["values"]] == [2, 3]
    everything = [("timerel", "after"), ("timeAt", "2026-11-25T11:00:00Z"), ("format", "aggregatedValues")]
    [whole] = await client.query_temporal([("type", "Lamp"), *everything, ("aggrMethods", "max,totalCount")])
    assert whole["level"]["max"][0][0] == 3
    assert whole["level"]["totalCount"][0][0] == 3
    with pytest.raises(ResourceNotFound):
        await client.retrieve_temporal("urn:ngsi-ld:Lamp:roads:99")
