"""Alerts about devices in a running node, and the life cycle's rules for who writes past them."""

from __future__ import annotations

import asyncio
import os

import aiohttp
import pytest

pytestmark = pytest.mark.system

CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
OPEN = {
    "SAMSTAD_DEMO": "1",
    "SAMSTAD_ROLES_RUN": "broker,devices",
    "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
    "SAMSTAD_DEVICES_MQTT_PORT": "0",
    "SAMSTAD_DEVICES_HEALTH_EVERY_S": "1",
}
PROFILE = "https://w3id.org/samstad/deviceProfile"
DEVICE = "urn:ngsi-ld:Device:street:h1"
MODEL = "urn:ngsi-ld:DeviceModel:h"
BIN = "urn:ngsi-ld:WasteContainer:street:h1"
FIELD = {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
ENTITIES = [
    {"id": BIN, "type": "WasteContainer"},
    {
        "id": MODEL,
        "type": "DeviceModel",
        PROFILE: {
            "type": "JsonProperty",
            "json": {"decoder": "json", "fields": [FIELD], "expectedIntervalS": 1, "grace": 2},
        },
    },
    {
        "id": DEVICE,
        "type": "Device",
        "lifeCycle": {"type": "Property", "value": "inService"},
        "refDeviceModel": {"type": "Relationship", "object": MODEL},
        "controlledAsset": {"type": "Relationship", "object": BIN},
    },
]


@pytest.fixture
async def admin(tmp_path, start_again):
    city = start_again(tmp_path / "data", environment={**os.environ, **OPEN})
    await city.until_ready()
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key, "Link": CITY}) as session:
        yield session


async def until(condition, *, within_s: float = 40):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.1)
    return found


async def alerts(admin) -> dict[str, bool]:
    """Return the alerts about the device: which, and whether it is active."""
    query = {"type": "Alert", "format": "simplified"}
    async with admin.get("/ngsi-ld/v1/entities", params=query) as answer:
        return {
            one["alertType"]: one["active"] for one in await answer.json() if one["alertSource"] == DEVICE
        }


async def life(admin) -> str:
    async with admin.get(f"/ngsi-ld/v1/entities/{DEVICE}", params={"format": "simplified"}) as answer:
        return (await answer.json())["lifeCycle"]


async def test_a_silent_device_is_told_and_cleared_and_a_forbidden_step_is_set_back(admin):
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert", json=ENTITIES) as answer:
        assert answer.status == 201, await answer.text()

    async def is_told():
        return await alerts(admin) == {"silentDevice": True}

    await until(is_told)
    path = f"/ngsi-ld/v1/entities/{MODEL}/attrs"
    slow = {
        PROFILE: {
            "type": "JsonProperty",
            "json": {"decoder": "json", "fields": [FIELD], "expectedIntervalS": 3600},
        }
    }
    async with admin.patch(path, json=slow) as answer:
        assert answer.status == 204, await answer.text()

    async def is_cleared():
        return await alerts(admin) == {"silentDevice": False}

    await until(is_cleared)
    past_the_rules = {"lifeCycle": {"type": "Property", "value": "planned"}}
    async with admin.patch(f"/ngsi-ld/v1/entities/{DEVICE}/attrs", json=past_the_rules) as answer:
        assert answer.status == 204, await answer.text()

    async def is_set_back():
        return await life(admin) == "inService" and "lifeCycleBypassed" in await alerts(admin)

    await until(is_set_back)
    async with admin.post(f"/devices/v1/devices/{DEVICE}/tokens", json={}) as answer:
        token = (await answer.json())["token"]
    async with admin.patch(
        f"/ngsi-ld/v1/entities/{DEVICE}/attrs", json={"lifeCycle": {"type": "Property", "value": "lost"}}
    ) as answer:
        assert answer.status == 204, await answer.text()

    async def is_worthless():
        headers = {"Authorization": f"Bearer {token}"}
        async with admin.post("/devices/v1/push", json={"level": 1}, headers=headers) as answer:
            return answer.status == 401

    await until(is_worthless)
    assert await life(admin) == "lost"
