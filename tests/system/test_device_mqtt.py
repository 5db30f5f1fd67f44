"""Devices that publish by MQTT to a running node: what is acknowledged reaches the place."""

from __future__ import annotations

import asyncio
import json
import os
import threading

import aiohttp
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

pytestmark = pytest.mark.system

CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
OPEN = {
    "SAMSTAD_DEMO": "1",
    "SAMSTAD_ROLES_RUN": "broker,devices",
    "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
    "SAMSTAD_DEVICES_MQTT_PORT": "0",
}
PROFILE = "https://w3id.org/samstad/deviceProfile"
DEVICE = "urn:ngsi-ld:Device:street:m1"
BIN = "urn:ngsi-ld:WasteContainer:street:m1"
FIELD = {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
EMPTY = {
    "arguments": {"to": {"least": 0, "most": 0.5}},
    "data": {"empty": "$to"},
    "attribute": "fillingLevel",
    "equals": "$to",
}
ENTITIES = [
    {"id": BIN, "type": "WasteContainer"},
    {
        "id": "urn:ngsi-ld:DeviceModel:mqtt",
        "type": "DeviceModel",
        PROFILE: {
            "type": "JsonProperty",
            "json": {"decoder": "json", "fields": [FIELD], "commands": {"empty": EMPTY}},
        },
    },
    {
        "id": DEVICE,
        "type": "Device",
        "lifeCycle": {"type": "Property", "value": "inService"},
        "refDeviceModel": {"type": "Relationship", "object": "urn:ngsi-ld:DeviceModel:mqtt"},
        "controlledAsset": {"type": "Relationship", "object": BIN},
    },
]


class Device:
    """A device with a foreign client: it keeps what is not acknowledged, and connects again."""

    def __init__(self, city, token: str) -> None:
        self.city = city
        self.acknowledged: set[int] = set()
        self.refusals: list[str] = []
        self._lock = threading.Lock()
        self._values: dict[int, int] = {}
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="m1", clean_session=False, protocol=paho.MQTTv311
        )
        self.client.username_pw_set("m1", token)
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.on_publish = self._published
        self.client.on_connect = lambda _c, _u, _f, code, _p: (
            code.is_failure and self.refusals.append(str(code))
        )

    def start(self) -> None:
        self.client.connect("127.0.0.1", self.city.run["roles"]["devices"]["ports"]["mqtt"])
        self.client.loop_start()

    def send(self, value: int) -> None:
        with self._lock:
            self._values[self.client.publish("d/me/up", f'{{"level": {value}}}', qos=1).mid] = value

    def _published(self, _client, _user, number, _reason, _properties) -> None:
        with self._lock:
            self.acknowledged.add(self._values[number])

    async def stop(self) -> None:
        await asyncio.to_thread(self.client.disconnect)
        await asyncio.to_thread(self.client.loop_stop)


@pytest.fixture
async def city(tmp_path, start_again):
    running = start_again(tmp_path / "data", environment={**os.environ, **OPEN})
    await running.until_ready()
    return running


@pytest.fixture
async def admin(city):
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key, "Link": CITY}) as session:
        yield session


async def until(condition, *, within_s: float = 40):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    return found


async def history(admin) -> set[float]:
    query = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "attrs": "fillingLevel"}
    async with admin.get(f"/ngsi-ld/v1/temporal/entities/{BIN}", params=query) as answer:
        values = (await answer.json()).get("fillingLevel", [])
    return {one["value"] for one in (values if isinstance(values, list) else [values])}


async def port_of(city) -> int:
    role = city.run["roles"]["devices"]
    return role["ports"].get("mqtt", 0) if role["state"] == "ready" else 0


async def test_what_a_node_acknowledged_by_mqtt_survives_its_death_and_a_revoked_device_is_sent_away(
    city, admin
):
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert", json=ENTITIES) as answer:
        assert answer.status == 201, await answer.text()

    async def token():
        async with admin.post(f"/devices/v1/devices/{DEVICE}/tokens", json={}) as answer:
            return (await answer.json()).get("token")

    device = Device(city, await until(token))
    device.start()
    for value in range(1, 21):
        device.send(value)

    async def half_is_acknowledged():
        return len(device.acknowledged) >= 10

    await until(half_is_acknowledged)
    was = city.run["roles"]["devices"]["pid"]
    city.kill_role("devices")

    async def is_back():
        return city.run["roles"]["devices"]["pid"] != was and await port_of(city)

    # The port is any free one, so the device has to be told where the node is now.
    device.client.connect_async("127.0.0.1", await until(is_back))
    for value in range(21, 41):
        device.send(value)

    async def all_acknowledged():
        return device.acknowledged == set(range(1, 41))

    await until(all_acknowledged)

    async def all_in_history():
        return await history(admin) == {value / 100 for value in range(1, 41)}

    await until(all_in_history)
    lost = {"state": "lost", "reason": "stolen from its pole"}
    async with admin.post(f"/devices/v1/devices/{DEVICE}/life", json=lost) as answer:
        assert answer.status == 200, await answer.text()

    async def is_refused():
        return "Not authorized" in device.refusals or "Bad user name or password" in device.refusals

    await until(is_refused)
    device.send(99)
    await device.stop()
    assert 99 not in device.acknowledged
    assert 0.99 not in await history(admin)


def command(number: int, **told) -> dict:
    return {
        "id": f"urn:ngsi-ld:Command:street:m{number}",
        "type": "Command",
        "target": {"type": "Relationship", "object": BIN},
        "commandName": {"type": "Property", "value": "empty"},
        "commandArguments": {"type": "JsonProperty", "json": {"to": told.pop("to", 0.25)}},
        "status": {"type": "Property", "value": "queued"},
        "issuedBy": {"type": "Property", "value": "operator:anna"},
        "reason": {"type": "Property", "value": "it smells"},
        "issuedAt": {"type": "Property", "value": {"@type": "DateTime", "@value": "2025-11-25T02:00:00Z"}},
        "validUntil": {"type": "Property", "value": {"@type": "DateTime", "@value": "2096-11-25T02:00:00Z"}},
    }


async def test_a_command_waits_for_its_device_and_is_confirmed_by_what_the_place_shows(city, admin):
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert", json=ENTITIES) as answer:
        assert answer.status == 201, await answer.text()

    async def token():
        async with admin.post(f"/devices/v1/devices/{DEVICE}/tokens", json={}) as answer:
            return (await answer.json()).get("token")

    device = Device(city, await until(token))
    told: list[dict] = []

    def obey(client, _user, message):
        told.append(json.loads(message.payload))
        client.publish("d/me/up", json.dumps({"level": told[-1]["empty"] * 100}), qos=1)

    device.client.on_message = obey
    device.client.on_publish = None
    async with admin.post("/ngsi-ld/v1/entities", json=command(1)) as answer:
        assert answer.status == 201, await answer.text()
    async with admin.post("/ngsi-ld/v1/entities", json=command(2, to=0.75)) as answer:
        assert answer.status == 201, await answer.text()

    async def status(number):
        async with admin.get(
            f"/ngsi-ld/v1/entities/urn:ngsi-ld:Command:street:m{number}", params={"format": "simplified"}
        ) as answer:
            found = await answer.json()
            return found["status"], found.get("statusCause")

    async def is_refused():
        return await status(2) == ("rejected", "safetyLimit")

    await until(is_refused)
    assert (await status(1))[0] == "queued", "the device is not there yet"
    device.start()
    device.client.subscribe("d/me/down", qos=1)

    async def is_confirmed():
        return (await status(1))[0] == "confirmed"

    await until(is_confirmed)
    assert told == [{"command": "urn:ngsi-ld:Command:street:m1", "empty": 0.25}]
    assert await history(admin) == {0.25}
    await device.stop()
