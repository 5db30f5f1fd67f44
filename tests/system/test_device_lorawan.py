"""A LoRaWAN network whose server speaks MQTT upwards and HTTP downwards, and a node before its places."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess

import aiohttp
import paho.mqtt.publish as publishing
import pytest
from aiohttp import web

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto on this machine"),
]

CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
PROFILE = "https://w3id.org/samstad/deviceProfile"
IDENTIFIERS = "https://w3id.org/samstad/identifiers"
BIN = "urn:ngsi-ld:WasteContainer:street:l1"
EUI = "70b3d57ed0000001"
COMMAND = "urn:ngsi-ld:Command:street:l1"
CODEC = """
function decodeUplink(input) { return {data: {level: input.bytes[0]}}; }
function encodeDownlink(input) { return {bytes: [7, input.data.to * 100], fPort: 9}; }
"""


class NetworkServer:
    """Takes downlinks as ChirpStack does, and publishes uplinks to its broker."""

    def __init__(self, broker_port: int) -> None:
        self.queued: list[tuple[str, dict]] = []
        self.broker_port = broker_port
        self.port = 0

    async def queue(self, request: web.Request) -> web.Response:
        assert request.headers["Grpc-Metadata-Authorization"] == "Bearer t0ken"
        self.queued.append((request.match_info["eui"], (await request.json())["queueItem"]))
        return web.json_response({"id": "item-1"})

    async def say(self, event: str, counter: int, **told) -> None:
        body = {
            "deviceInfo": {"devEui": EUI},
            "devAddr": "01020304",
            "deduplicationId": f"d{counter}",
            **told,
        }
        await asyncio.to_thread(
            publishing.single,
            f"application/a/device/{EUI}/event/{event}",
            json.dumps(body),
            qos=1,
            hostname="127.0.0.1",
            port=self.broker_port,
        )

    async def uplink(self, counter: int, level: int) -> None:
        data = base64.b64encode(bytes([level])).decode()
        await self.say(
            "up", counter, fCnt=counter, fPort=2, data=data, rxInfo=[{"gatewayId": "aa", "snr": 5}]
        )


@pytest.fixture
async def network(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen(  # noqa: ASYNC220 - a child that lives as long as the test
        [MOSQUITTO, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    network = NetworkServer(port)
    app = web.Application()
    app.router.add_post("/api/devices/{eui}/queue", network.queue)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        await web.SockSite(runner, listening).start()
        network.port = listening.getsockname()[1]
        yield network
        await runner.cleanup()
    broker.terminate()
    broker.wait(20)


@pytest.fixture
async def admin(tmp_path, start_again, network):
    (tmp_path / "token").write_text("t0ken\n")
    environment = {
        **os.environ,
        "SAMSTAD_DEMO": "1",
        "SAMSTAD_ROLES_RUN": "broker,devices",
        "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
        "SAMSTAD_DEVICES_MQTT_PORT": "0",
        "SAMSTAD_DEVICES_MQTT_SOURCES": f"city-lora chirpstack mqtt://127.0.0.1:{network.broker_port}",
        "SAMSTAD_DEVICES_DOWNLINKS": f"city-lora chirpstack http://127.0.0.1:{network.port} {tmp_path}/token",
    }
    city = start_again(tmp_path / "data", environment=environment)
    await city.until_ready()
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key, "Link": CITY}) as session:
        yield session


async def until(condition, *, within_s: float = 60):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.1)
    return found


async def post(session, path, body) -> dict:
    async with session.post(path, json=body) as answer:
        text = await answer.text()
        assert answer.status == 201, text
        return json.loads(text) if text.startswith("{") else {}


def entities(digest: str) -> list[dict]:
    field = {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
    press = {
        "arguments": {"to": {"least": 0, "most": 0.5}},
        "data": {"to": "$to"},
        "acknowledged": True,
        "attribute": "fillingLevel",
        "equals": "$to",
    }
    profile = {"decoder": "javascript", "codec": digest, "fields": [field], "commands": {"press": press}}
    model = "urn:ngsi-ld:DeviceModel:l"
    return [
        {"id": BIN, "type": "WasteContainer"},
        {"id": model, "type": "DeviceModel", PROFILE: {"type": "JsonProperty", "json": profile}},
        {
            "id": "urn:ngsi-ld:Device:street:l1",
            "type": "Device",
            "lifeCycle": {"type": "Property", "value": "inService"},
            "refDeviceModel": {"type": "Relationship", "object": model},
            "controlledAsset": {"type": "Relationship", "object": BIN},
            IDENTIFIERS: {"type": "Property", "value": [f"devEUI:{EUI}"]},
        },
    ]


def command() -> dict:
    return {
        "id": COMMAND,
        "type": "Command",
        "target": {"type": "Relationship", "object": BIN},
        "commandName": {"type": "Property", "value": "press"},
        "commandArguments": {"type": "JsonProperty", "json": {"to": 0.2}},
        "status": {"type": "Property", "value": "queued"},
        "issuedBy": {"type": "Property", "value": "operator:anna"},
        "reason": {"type": "Property", "value": "it overflows"},
        "issuedAt": {"type": "Property", "value": {"@type": "DateTime", "@value": "2025-11-25T02:00:00Z"}},
        "validUntil": {"type": "Property", "value": {"@type": "DateTime", "@value": "2096-11-25T02:00:00Z"}},
    }


async def simple(admin, entity_id: str) -> dict:
    async with admin.get(f"/ngsi-ld/v1/entities/{entity_id}", params={"format": "simplified"}) as answer:
        return await answer.json()


async def test_uplinks_come_by_the_networks_broker_and_commands_go_by_its_interface(admin, network):
    codec = await post(admin, "/devices/v1/codecs", {"name": "c", "source": CODEC, "licence": "MIT"})
    await post(admin, "/ngsi-ld/v1/entityOperations/upsert", entities(codec["codec"]))

    async def level_is(level):
        return (await simple(admin, BIN)).get("fillingLevel") == level

    async def comes():
        # Before the node has its session at the broker, what is published goes to nobody.
        with contextlib.suppress(OSError):
            await network.uplink(1, 80)
        return await level_is(0.8)

    await until(comes)
    await post(admin, "/ngsi-ld/v1/entities", command())

    async def is_queued():
        return network.queued

    ((eui, item),) = await until(is_queued)
    assert (eui, base64.b64decode(item["data"]), item["fPort"], item["confirmed"]) == (
        EUI,
        b"\x07\x14",
        9,
        True,
    )

    async def status_is(status):
        return (await simple(admin, COMMAND))["status"] == status

    await until(lambda: status_is("sent"))
    await network.say("ack", 2, queueItemId="item-1", acknowledged=True, fCntDown=1)
    await until(lambda: status_is("delivered"))
    await network.uplink(3, 60)
    await until(lambda: level_is(0.6))
    assert await status_is("delivered"), "the device has it, and does not show it"
    await network.uplink(4, 20)
    await until(lambda: status_is("confirmed"))
    assert len(network.queued) == 1
