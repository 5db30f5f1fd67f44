"""What a broker tells by itself is what the node's AsyncAPI document says of it."""

from __future__ import annotations

import jsonschema
import orjson
import pytest

from samstad_broker.gateway.mqtt_notifier import mqtt_message
from samstad_node.pages.asyncapi import build_asyncapi

DOCUMENT = build_asyncapi(version="0.test")
LAMP = "urn:ngsi-ld:Lamp:1"


def fits(message: str, payload: object) -> bool:
    found = DOCUMENT["components"]["messages"][message]["payload"]
    schema = {**found, "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(schema).is_valid(payload)


def subscription(accept: str = "application/json", **notification) -> dict:
    endpoint = {"uri": "https://a.example/in", "accept": accept}
    return {
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": endpoint, **notification},
    }


def lamp() -> dict:
    place = {"type": "Point", "coordinates": [13.0, 55.6]}
    return {
        "id": LAMP,
        "type": ["Lamp", "Pole"],
        "location": {"type": "GeoProperty", "value": place},
        "level": {"type": "Property", "value": 10},
    }


WANTED = [
    pytest.param(subscription(), id="normalized"),
    pytest.param(subscription(format="concise"), id="concise"),
    pytest.param(subscription(format="simplified"), id="simplified"),
    pytest.param(subscription("application/ld+json", showChanges=True), id="with changes"),
    pytest.param(subscription("application/geo+json"), id="GeoJSON"),
    pytest.param(subscription(pick=["level"]), id="one attribute"),
    pytest.param(subscription(sysAttrs=True, join="flat"), id="system attributes"),
]


@pytest.mark.parametrize("wanted", WANTED)
async def test_notifications_are_as_they_are_described(city, wanted):
    assert (await city.ask("POST", "/subscriptions", wanted)).status == 201
    await city.put(lamp())
    (told,) = await city.until_told(1)
    assert fits("notification", told)
    assert not fits("contextSourceNotification", told)
    assert not fits("notification", {**told, "notifiedat": "later"})
    assert not fits("notification", {name: told[name] for name in told if name != "subscriptionId"})


async def test_notifications_of_sources_are_as_they_are_described(city):
    source = {
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Lamp"}]}],
        "endpoint": "https://b.example",
    }
    assert (await city.ask("POST", "/csourceRegistrations", source)).status == 201
    assert (await city.ask("POST", "/csourceSubscriptions", subscription())).status == 201
    (told,) = await city.until_told(1)
    assert fits("contextSourceNotification", told)
    assert not fits("notification", told)
    assert not fits("contextSourceNotification", {**told, "triggerReason": "because"})


async def test_messages_over_mqtt_are_as_they_are_described(city):
    assert (await city.ask("POST", "/subscriptions", subscription())).status == 201
    await city.put(lamp())
    await city.until_told(1)
    message = orjson.loads(mqtt_message(city.endpoint.notices[0]))
    assert fits("notificationOverMqtt", message)
    assert not fits("notificationOverMqtt", message["body"])
    assert not fits("contextSourceNotificationOverMqtt", message)


async def test_what_is_told_of_a_snapshot_is_as_it_is_described(city):
    await city.put(lamp())
    past = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}
    body = {
        "type": "Snapshot",
        "id": "urn:s",
        "endpoint": "https://a.example/in",
        "snapshotQueries": [{"type": "Query", "entities": [{"type": "Lamp"}]}],
        "snapshotTemporalQueries": [{"type": "Query", "entities": [{"type": "Bin"}], "temporalQ": past}],
    }
    assert (await city.ask("POST", "/snapshots", body)).status == 201
    (told,) = await city.until_told(1)
    assert fits("snapshotNotification", told)
    assert not fits("notification", told)
    assert not fits("snapshotNotification", {**told, "data": []})
    assert fits("snapshotNotificationOverMqtt", orjson.loads(mqtt_message(city.endpoint.notices[0])))
