"""Notifications to a real MQTT broker over loopback."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import aiomqtt
import orjson
import pytest

from samstad_broker.gateway.egress import EgressRules
from samstad_broker.gateway.mqtt_notifier import MqttNotifier, mqtt_message
from samstad_broker.spi.notifier import Notice, Result

LOOPBACK = EgressRules.parse(["127.0.0.0/8"])


def notice(uri: str, **members: Any) -> Notice:
    values: dict[str, Any] = {
        "content_type": "application/json",
        "link": "<https://c.example/c.jsonld>",
        "headers": (("NGSILD-Tenant", "roads"),),
        "body": b'{"type":"Notification","data":[]}',
        "timeout_us": 3_000_000,
        "parameters": (("MQTT-QoS", "1"), ("MQTT-Version", "mqtt3.1.1")),
        **members,
    }
    return Notice(uri=uri, **values)


@pytest.fixture
async def mqtt_port():
    amqtt_broker = pytest.importorskip(
        "amqtt.broker", reason="amqtt, the MQTT broker of these tests, is absent"
    )
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    broker = amqtt_broker.Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    yield port
    await broker.shutdown()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
async def test_a_notification_arrives_with_its_metadata(mqtt_port: int) -> None:
    notifier = MqttNotifier(LOOPBACK)
    async with aiomqtt.Client("127.0.0.1", mqtt_port, protocol=aiomqtt.ProtocolVersion.V311) as subscriber:
        await subscriber.subscribe("city/lamps", qos=1)
        for _ in range(2):
            outcome = await notifier.send(notice(f"mqtt://127.0.0.1:{mqtt_port}/city/lamps"))
            assert outcome.result is Result.DELIVERED, outcome
        async with asyncio.timeout(5):
            message = await anext(aiter(subscriber.messages))
    await notifier.close()
    content = orjson.loads(message.payload)
    assert content["body"] == {"type": "Notification", "data": []}
    assert content["metadata"] == {
        "NGSILD-Tenant": "roads",
        "Content-Type": "application/json",
        "Link": "<https://c.example/c.jsonld>",
    }


async def test_a_broker_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    notifier = MqttNotifier(LOOPBACK)
    outcome = await notifier.send(notice(f"mqtt://127.0.0.1:{port}/t"))
    assert outcome.result is Result.UNREACHABLE
    await notifier.close()


async def test_a_broker_on_a_private_network_is_refused_where_it_is_not_opened() -> None:
    outcome = await MqttNotifier(EgressRules()).send(notice("mqtt://127.0.0.1:1883/t"))
    assert outcome.result is Result.REFUSED


def test_receiver_info_cannot_take_over_what_the_clause_fixes() -> None:
    message = orjson.loads(mqtt_message(notice("mqtt://h/t", headers=(("Content-Type", "evil"), ("a", "b")))))
    assert message["metadata"]["Content-Type"] == "application/json"
    assert message["metadata"]["a"] == "b"
