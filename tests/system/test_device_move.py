"""A thousand devices go from one network server to another: places, history and rules stay as they are."""

from __future__ import annotations

import asyncio
import base64
import os

import aiohttp
import pytest

pytestmark = pytest.mark.system

COUNT = 1_000
IDENTIFIERS = "https://w3id.org/samstad/identifiers"
PROFILE = "https://w3id.org/samstad/deviceProfile"
CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
QUICK = {
    "SAMSTAD_DEMO": "1",
    "SAMSTAD_ROLES_RUN": "broker,devices",
    "SAMSTAD_DEVICES_COAP_PORT": "0",
    "SAMSTAD_DEVICES_MQTT_PORT": "0",
}
TYPE = "WasteContainer"


def place(number: int) -> str:
    return f"urn:ngsi-ld:{TYPE}:move:{number}"


def eui(number: int) -> str:
    return f"{0xCC00000000000000 + number:016X}"


def entities() -> list[dict]:
    field = {"path": "percentage_1", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
    profile = {"decoder": "cayenne-lpp", "fields": [field]}
    model = {
        "id": "urn:ngsi-ld:DeviceModel:move",
        "type": "DeviceModel",
        PROFILE: {"type": "JsonProperty", "json": profile},
    }
    boxes = [
        {
            "id": f"urn:ngsi-ld:Device:move:{number}",
            "type": "Device",
            "lifeCycle": {"type": "Property", "value": "inService"},
            "refDeviceModel": {"type": "Relationship", "object": model["id"]},
            "controlledAsset": {"type": "Relationship", "object": place(number)},
            IDENTIFIERS: {"type": "Property", "value": [f"devEUI:{eui(number)}"]},
        }
        for number in range(COUNT)
    ]
    return [model, *boxes, *({"id": place(number), "type": TYPE} for number in range(COUNT))]


def payload(level: int) -> str:
    return base64.b64encode(bytes([1, 120, level])).decode()


def by_chirpstack(number: int, level: int, counter: int) -> dict:
    return {
        "deduplicationId": f"c{number}-{counter}",
        "time": f"2026-11-25T02:{counter:02d}:00Z",
        "deviceInfo": {"devEui": eui(number).lower()},
        "devAddr": "01020304",
        "fCnt": counter,
        "fPort": 2,
        "data": payload(level),
    }


def by_the_things_stack(number: int, level: int, counter: int) -> dict:
    return {
        "end_device_ids": {"device_id": f"bin-{number}", "dev_eui": eui(number), "dev_addr": "26000000"},
        "received_at": f"2026-11-25T03:{counter:02d}:00Z",
        "uplink_message": {
            "f_port": 2,
            "f_cnt": counter,
            "frm_payload": payload(level),
            "received_at": f"2026-11-25T03:{counter:02d}:00Z",
        },
    }


async def answered(request, status):
    async with request as answer:
        text = await answer.text()
        assert answer.status == status, text
        return await answer.json() if text else None


async def connect(admin, name: str, network: str) -> tuple[str, dict]:
    async with asyncio.timeout(60):
        while True:  # the role may be starting
            async with admin.get("/devices/v1/silent") as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.1)
    told = await answered(admin.post("/devices/v1/connections", json={"name": name, "network": network}), 201)
    return told["path"], {"Authorization": f"Bearer {told['token']}"}


async def send(stranger, connection, bodies) -> None:
    path, headers = connection
    gate = asyncio.Semaphore(50)

    async def one(body):
        async with gate:
            await answered(stranger.post(path, json=body, headers=headers), 204)

    await asyncio.gather(*map(one, bodies))


async def levels(admin) -> dict[str, object]:
    """Return the present level of every place."""
    found = {}
    for offset in range(0, COUNT, 500):
        query = {"type": TYPE, "limit": "500", "offset": str(offset), "format": "simplified"}
        for entity in await answered(admin.get("/ngsi-ld/v1/entities", params=query), 200):
            found[entity["id"]] = entity.get("fillingLevel")
    return found


async def until_all(admin, expected: dict[str, float]) -> None:
    async with asyncio.timeout(60):
        while await levels(admin) != expected:  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.2)


async def past(admin, number: int) -> list[float]:
    query = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "attrs": "fillingLevel"}
    path = f"/ngsi-ld/v1/temporal/entities/{place(number)}"
    told = await answered(admin.get(path, params=query), 200)
    return sorted(one["value"] for one in told["fillingLevel"])


def rule() -> dict:
    return {
        "id": "urn:ngsi-ld:Subscription:full",
        "type": "Subscription",
        "entities": [{"type": TYPE}],
        "q": "fillingLevel>0.8",
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/gone", "accept": "application/json"}},
    }


async def kept_rule(admin) -> dict:
    """Return what its owner wrote: how often it was told is the broker's part."""
    told = await answered(admin.get(f"/ngsi-ld/v1/subscriptions/{rule()['id']}"), 200)
    return {name: told[name] for name in ("id", "q", "entities")}


def processes(node) -> dict[str, int]:
    return {name: role["pid"] for name, role in node.run["roles"].items()}


async def bring_in(admin) -> None:
    told = entities()
    for start in range(0, len(told), 500):
        batch = told[start : start + 500]
        await answered(admin.post("/ngsi-ld/v1/entityOperations/upsert", json=batch), 201)


async def test_a_thousand_devices_move_and_nothing_behind_them_notices(tmp_path, start_again):
    node = start_again(tmp_path / "data", environment={**os.environ, **QUICK})
    await node.until_ready()
    headers = {"X-API-Key": node.key, "Link": CITY}
    async with (
        aiohttp.ClientSession(node.url, headers=headers) as admin,
        aiohttp.ClientSession(node.url) as stranger,
    ):
        await bring_in(admin)
        await answered(admin.post("/ngsi-ld/v1/subscriptions", json=rule()), 201)
        before = await kept_rule(admin)
        old = await connect(admin, "old-net", "chirpstack")
        await send(
            stranger, (f"{old[0]}?event=up", old[1]), [by_chirpstack(n, n % 50, 7) for n in range(COUNT)]
        )
        await until_all(admin, {place(n): n % 50 / 100 for n in range(COUNT)})

        running = processes(node)
        new = await connect(admin, "new-net", "the-things-stack")
        # The devices join anew at the other network: other addresses, and counters that begin at the start.
        moved = [by_the_things_stack(n, 50 + n % 40, 1) for n in range(COUNT)]
        await send(stranger, new, moved)
        await send(stranger, new, moved[:100])  # said twice, kept once
        await until_all(admin, {place(n): (50 + n % 40) / 100 for n in range(COUNT)})
        async with admin.delete("/devices/v1/connections/old-net") as answer:
            assert answer.status == 204
        late = {"json": by_chirpstack(0, 1, 8), "headers": old[1]}
        await answered(stranger.post(f"{old[0]}?event=up", **late), 401)

        for number in (0, 499, 999):
            assert await past(admin, number) == [number % 50 / 100, (50 + number % 40) / 100]
        assert await kept_rule(admin) == before
        assert processes(node) == running
        assert len(await levels(admin)) == COUNT
        async with admin.get("/devices/v1/quarantine") as answer:
            assert (await answer.json())["messages"] == []
