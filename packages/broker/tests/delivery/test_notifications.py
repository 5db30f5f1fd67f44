"""What stands in a notification (clauses 5.3.1, 5.8.6 and 6.3.8)."""

from __future__ import annotations

from typing import Any

import orjson

from samstad_ngsild.document import NULL


async def last(world: Any) -> tuple[dict[str, Any], Any]:
    await world.clock.forward(1)
    _, body, notice = world.endpoints.sent[-1]
    return body, notice


async def test_json_names_its_context_in_a_link_and_has_none_inside(world: Any) -> None:
    world.subscribe()
    await world.write(1, level=1)
    body, notice = await last(world)
    assert set(body) == {"id", "type", "subscriptionId", "notifiedAt", "data"}
    assert body["id"].startswith("urn:ngsi-ld:Notification:")
    assert "@context" not in body["data"][0]
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in notice.link


async def test_json_ld_has_its_context_inside_and_no_link(world: Any) -> None:
    world.subscribe(endpoint={"accept": "application/ld+json"})
    await world.write(1, level=1)
    body, notice = await last(world)
    assert notice.content_type == "application/ld+json"
    assert notice.link is None
    assert body["@context"]
    assert body["data"][0]["@context"]


async def test_geojson_is_a_feature_collection_with_the_context_where_it_is_preferred(world: Any) -> None:
    world.subscribe("a", endpoint={"accept": "application/geo+json"})
    prefer = [{"key": "Prefer", "value": "body=json"}]
    world.subscribe("b", endpoint={"accept": "application/geo+json", "receiverInfo": prefer})
    await world.write(1, level=1)
    await world.clock.forward(1)
    found = {uri: (body, notice) for uri, body, notice in world.endpoints.sent}
    body, notice = found["http://a.example/"]
    assert body["data"]["type"] == "FeatureCollection"
    assert body["data"]["features"][0]["properties"]["level"]["value"] == 1
    assert body["data"]["@context"]
    assert notice.link is None
    body, notice = found["http://b.example/"]
    assert "@context" not in body["data"]
    assert notice.link is not None
    assert ("Prefer", "body=json") in notice.headers


async def test_formats_and_projections(world: Any) -> None:
    world.subscribe("s", notification={"format": "simplified", "pick": ["id", "level"]})
    world.subscribe("c", notification={"format": "concise", "omit": ["power"], "sysAttrs": True})
    world.subscribe("a", notification={"attributes": ["level"]})
    await world.write(1, level=1, power=2)
    await world.clock.forward(1)
    found = {uri: body["data"][0] for uri, body, _ in world.endpoints.sent}
    assert found["http://s.example/"] == {"id": "urn:ngsi-ld:Lamp:1", "level": 1}
    concise = found["http://c.example/"]
    assert concise["level"]["value"] == 1
    assert "createdAt" in concise
    assert "power" not in concise
    assert set(found["http://a.example/"]) == {"id", "type", "level"}


async def test_a_deleted_attribute_is_its_name_and_null(world: Any) -> None:
    trigger = ["attributeDeleted"]
    world.subscribe("s", notificationTrigger=trigger)
    world.subscribe("k", notificationTrigger=trigger, notification={"format": "simplified"})
    world.subscribe("c", notificationTrigger=trigger, notification={"showChanges": True})
    world.subscribe("y", notificationTrigger=trigger, notification={"sysAttrs": True})
    await world.write(1, level=1, power=2)
    await world.write(1, level=None)
    await world.clock.forward(1)
    found = {uri: body["data"][0] for uri, body, _ in world.endpoints.sent}
    assert found["http://s.example/"]["level"] == NULL
    assert found["http://s.example/"]["power"]["value"] == 2
    assert found["http://k.example/"]["level"] == NULL
    shown = found["http://c.example/"]["level"]
    assert (shown["value"], shown["previousValue"]) == (NULL, 1)
    assert found["http://y.example/"]["level"]["value"] == NULL
    assert "deletedAt" in found["http://y.example/"]["level"]


async def test_a_deleted_entity_is_told_by_its_time_alone_unless_changes_are_asked_for(world: Any) -> None:
    world.subscribe("s", notificationTrigger=["entityDeleted"])
    world.subscribe("c", notificationTrigger=["entityDeleted"], notification={"showChanges": True})
    await world.write(1, level=1)
    await world.delete(1)
    await world.clock.forward(1)
    found = {uri: body["data"][0] for uri, body, _ in world.endpoints.sent}
    assert set(found["http://s.example/"]) == {"id", "type", "deletedAt"}
    assert found["http://c.example/"]["level"]["previousValue"] == 1
    assert found["http://c.example/"]["level"]["value"] == NULL


async def test_changes_show_the_previous_value_where_there_was_one(world: Any) -> None:
    world.subscribe(notification={"showChanges": True})
    await world.write(1, level=1)
    body, _ = await last(world)
    assert "previousValue" not in body["data"][0]["level"]
    await world.write(1, level=2)
    body, _ = await last(world)
    assert body["data"][0]["level"]["previousValue"] == 1
    assert body["data"][0]["level"]["value"] == 2


async def test_linked_entities_are_joined_inline_or_flat(world: Any) -> None:
    link = "https://uri.etsi.org/ngsi-ld/default-context/isOn"
    world.subscribe("i", notification={"join": "inline"})
    world.subscribe("f", notification={"join": "flat"})
    world.state["urn:ngsi-ld:Pole:1"] = {
        "id": "urn:ngsi-ld:Pole:1",
        "type": ["https://uri.etsi.org/ngsi-ld/default-context/Pole"],
        "createdAt": "x",
        "modifiedAt": "x",
    }
    await world.write(1, level=1)
    await world.clock.forward(1)
    entity = world.state["urn:ngsi-ld:Lamp:1"]
    entity[link] = [{"type": "Relationship", "object": "urn:ngsi-ld:Pole:1"}]
    await world.write(1, level=2)
    await world.clock.forward(1)
    found = {uri: body["data"] for uri, body, _ in world.endpoints.sent}
    assert found["http://i.example/"][0]["isOn"]["entity"]["id"] == "urn:ngsi-ld:Pole:1"
    assert [entity["id"] for entity in found["http://f.example/"]] == [
        "urn:ngsi-ld:Lamp:1",
        "urn:ngsi-ld:Pole:1",
    ]


async def test_a_repeated_notification_has_the_id_of_the_first(world: Any) -> None:
    world.subscribe()
    await world.write(1, level=1)
    await world.clock.forward(0.05)
    await world.kill()
    await world.start()
    await world.clock.forward(1)
    ids = [body["id"] for _, body, _ in world.endpoints.sent]
    assert len(ids) == 2
    assert ids[0] == ids[1]


async def test_the_same_change_is_the_same_bytes_for_subscriptions_that_want_the_same(world: Any) -> None:
    for name in "abc":
        world.subscribe(name)
    await world.write(1, level=1)
    await world.clock.forward(1)
    bodies = [orjson.dumps(body["data"]) for _, body, _ in world.endpoints.sent]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
