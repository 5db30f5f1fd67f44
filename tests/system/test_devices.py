"""Devices in a running node: webhooks and pushes over real sockets reach places, and their history."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import shutil
import time

import aiocoap
import aiocoap.resource
import aiohttp
import orjson
import pytest

pytestmark = pytest.mark.system

IDENTIFIERS = "https://w3id.org/samstad/identifiers"
PROFILE = "https://w3id.org/samstad/deviceProfile"
CONTRACT = "https://w3id.org/samstad/contract"
BIN = "urn:ngsi-ld:WasteContainer:street:1"
CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
QUICK = {
    "SAMSTAD_DEMO": "1",
    "SAMSTAD_ROLES_RUN": "broker,devices",
    "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
    "SAMSTAD_DEVICES_COAP_PORT": "0",
    "SAMSTAD_DEVICES_COAPS_PORT": "0",
}
CODEC = "function decodeUplink(input) { return {data: {level: input.bytes[0]}}; }"


@pytest.fixture
async def city(tmp_path, start_again):
    running = start_again(tmp_path / "data", environment={**os.environ, **QUICK})
    await running.until_ready()
    return running


@pytest.fixture
async def admin(city):
    headers = {"X-API-Key": city.key, "Link": CITY}
    async with aiohttp.ClientSession(city.url, headers=headers) as session:
        yield session


@pytest.fixture
async def stranger(city):
    async with aiohttp.ClientSession(city.url) as session:
        yield session


async def until(condition, *, within_s: float = 60):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    return found


async def post(session, path, body, *, status=201, headers=None):
    async with session.post(path, json=body, headers=headers) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return await answer.json() if text else None


def device(number: int, model: str, **told) -> dict:
    return {
        "id": f"urn:ngsi-ld:Device:street:{number}",
        "type": "Device",
        "lifeCycle": {"type": "Property", "value": told.pop("life", "inService")},
        "refDeviceModel": {"type": "Relationship", "object": model},
        IDENTIFIERS: {"type": "Property", "value": [f"devEUI:{number:016X}"]},
        CONTRACT: {"type": "Property", "value": "C-1"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [18.0, 59.3]}},
        **told,
    }


def model(name: str, decoder: dict) -> dict:
    field = {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
    profile = {"type": "JsonProperty", "json": {"fields": [field], **decoder}}
    return {"id": f"urn:ngsi-ld:DeviceModel:{name}", "type": "DeviceModel", PROFILE: profile}


async def furnish(admin) -> None:
    digest = (await post(admin, "/devices/v1/codecs", {"name": "a", "source": CODEC, "licence": "MIT"}))[
        "codec"
    ]
    asset = {"type": "Relationship", "object": BIN}
    entities = [
        {"id": BIN, "type": "WasteContainer"},
        model("lora", {"decoder": "javascript", "codec": digest}),
        model("http", {"decoder": "json"}),
        device(1, "urn:ngsi-ld:DeviceModel:lora", controlledAsset=asset),
        device(2, "urn:ngsi-ld:DeviceModel:http", life="received"),
    ]
    await post(admin, "/ngsi-ld/v1/entityOperations/upsert", entities)


def chirpstack(level: int, counter: int, number: int = 1) -> dict:
    return {
        "deduplicationId": f"d{counter}",
        "time": f"2026-11-25T02:00:{counter:02d}Z",
        "deviceInfo": {"devEui": f"{number:016x}"},
        "fCnt": counter,
        "fPort": 2,
        "data": base64.b64encode(bytes([level])).decode(),
        "rxInfo": [{"gatewayId": "aa", "rssi": -90}],
    }


async def level(admin):
    async with admin.get(f"/ngsi-ld/v1/entities/{BIN}", params={"format": "simplified"}) as answer:
        return (await answer.json()).get("fillingLevel")


async def history(admin) -> set[float]:
    query = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "attrs": "fillingLevel"}
    async with admin.get(f"/ngsi-ld/v1/temporal/entities/{BIN}", params=query) as answer:
        values = (await answer.json()).get("fillingLevel", [])
    return {one["value"] for one in (values if isinstance(values, list) else [values])}


async def test_a_webhook_and_a_push_reach_the_place_and_the_box_is_changed(admin, stranger):  # noqa: PLR0915 - one story
    await furnish(admin)
    lora = await post(admin, "/devices/v1/connections", {"name": "city-lora", "network": "chirpstack"})
    network = {"Authorization": f"Bearer {lora['token']}"}
    hook = lora["path"] + "?event=up"
    await post(stranger, hook, chirpstack(62, 1), status=204, headers=network)

    async def is_62():
        return await level(admin) == 0.62

    await until(is_62)
    await post(stranger, hook, chirpstack(10, 1), status=401)
    await post(stranger, hook, chirpstack(10, 1), status=401, headers={"Authorization": "Bearer sd_x"})
    wrong = {"deviceInfo": {"devEui": "zz"}}
    problem = await post(stranger, hook, wrong, status=400, headers=network)
    assert problem["type"] == "/problems/devices-message-refused"
    await post(stranger, hook, chirpstack(9, 2, number=77), status=204, headers=network)

    async def in_quarantine():
        async with admin.get("/devices/v1/quarantine") as answer:
            return (await answer.json())["messages"]

    (stray,) = await until(in_quarantine)
    assert (stray["reason"], stray["payload"]) == ("unknown-device", "09")

    box = "urn:ngsi-ld:Device:street:1"
    swap = {"by": "urn:ngsi-ld:Device:street:2", "reason": "the old one broke"}
    await post(admin, f"/devices/v1/devices/{box}/swap", swap, status=204)
    token = (await post(admin, "/devices/v1/devices/urn:ngsi-ld:Device:street:2/tokens", {}))["token"]
    own = {"Authorization": f"Bearer {token}"}
    await post(stranger, "/devices/v1/push", {"level": 33}, status=204, headers=own)

    async def is_33():
        return await level(admin) == 0.33

    await until(is_33)

    async def both_in_history():
        return await history(admin) == {0.33, 0.62}

    await until(both_in_history)
    gone = {"state": "decommissioned", "reason": "sold"}
    await post(admin, "/devices/v1/devices/urn:ngsi-ld:Device:street:2/life", gone, status=200)
    await post(stranger, "/devices/v1/push", {"level": 1}, status=401, headers=own)
    back = {"state": "inService", "reason": "no"}
    problem = await post(admin, "/devices/v1/devices/urn:ngsi-ld:Device:street:2/life", back, status=409)
    assert "the end" in problem["detail"]


async def test_a_kill_loses_nothing_that_was_acknowledged(city, admin, stranger):
    await furnish(admin)
    lora = await post(admin, "/devices/v1/connections", {"name": "city-lora", "network": "chirpstack"})
    network = {"Authorization": f"Bearer {lora['token']}"}
    pid = city.run["roles"]["devices"]["pid"]
    acknowledged = []
    for counter in range(1, 41):
        if counter == 25:
            os.kill(pid, 9)
        async with stranger.post(
            lora["path"] + "?event=up", json=chirpstack(counter, counter), headers=network
        ) as answer:
            assert answer.status in {204, 503}
            if answer.status == 204:
                acknowledged.append(counter / 100)
    assert len(acknowledged) >= 24

    async def all_there():
        return set(acknowledged) <= await history(admin)

    await until(all_there)


async def test_a_table_of_a_thousand_devices_is_brought_in_and_known_at_once(admin, stranger):
    await furnish(admin)
    lines = [f"urn:ngsi-ld:Device:lot:{n},{0xAA00000000000000 + n:016X},received,C-2" for n in range(1_000)]
    table = "\n".join(["id,devEUI,state,contract", *lines, "lamp,zz,,"])
    for dry, outcome in (("true", "would-create"), ("false", "created"), ("false", "known")):
        async with admin.post(f"/devices/v1/onboarding?dryRun={dry}", data=table.encode()) as answer:
            assert answer.status == 200, await answer.text()
            report = await answer.json()
        assert {row["outcome"] for row in report["rows"][:-1]} == {outcome}
        assert report["rows"][-1]["outcome"] == "refused"

        async def counts(dry=dry):
            query = {"type": "Device", "limit": "0", "count": "true"}
            async with admin.get("/ngsi-ld/v1/entities", params=query) as answer:
                return answer.headers["NGSILD-Results-Count"] == ("2" if dry == "true" else "1002")

        await until(counts)
        if outcome == "created":
            life = {"state": "lost", "reason": "never came"}
            device = "/devices/v1/devices/urn:ngsi-ld:Device:lot:999/life"

            async def is_known(device=device, life=life):
                async with admin.post(device, json=life) as answer:
                    return answer.status == 200

            await until(is_known)
    async with stranger.post("/devices/v1/onboarding", data=table.encode()) as answer:
        assert answer.status == 401


async def test_a_device_speaks_coap_and_its_place_shows_it(city, admin):
    box = "urn:ngsi-ld:Device:street:3"
    asset = {"type": "Relationship", "object": BIN}
    await furnish(admin)
    await post(
        admin,
        "/ngsi-ld/v1/entityOperations/upsert",
        [device(3, "urn:ngsi-ld:DeviceModel:http", controlledAsset=asset)],
    )

    async def token():
        async with admin.post(f"/devices/v1/devices/{box}/tokens", json={}) as answer:
            return (await answer.json()).get("token")

    secret = await until(token)
    port = city.run["roles"]["devices"]["ports"]["coap"]
    context = await aiocoap.Context.create_client_context(transports=["simple6"])
    try:
        for query, code in (("token=" + secret, "2.04"), ("token=sd_x", "4.01")):
            uri = f"coap://127.0.0.1:{port}/push?{query}"
            request = aiocoap.Message(code=aiocoap.POST, uri=uri, payload=b'{"level": 71}')
            assert (await context.request(request).response).code.dotted == code
    finally:
        await context.shutdown()

    async def is_71():
        return await level(admin) == 0.71

    await until(is_71)


def signed(key: dict, body: bytes, *, time_s: int) -> dict:
    digest = hashlib.sha256(body).hexdigest()
    line = "\n".join(("POST", "/devices/v1/push", str(time_s), "", digest)).encode()
    signature = hmac.new(bytes.fromhex(key["secret"]), line, hashlib.sha256).hexdigest()
    told = f"key={key['key']}, time={time_s}, signature={signature}"
    return {"Authorization": f"samstad-hmac-sha256 {told}"}


async def speaks_dtls(admin, city, path: str) -> None:
    """Open a session by another implementation of DTLS, and push."""
    if shutil.which("openssl") is None:
        return
    key = await post(admin, path, {"kind": "psk"})
    port = city.run["roles"]["devices"]["ports"]["coaps"]
    client = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-quiet"),
        *("-psk", key["secret"], "-psk_identity", key["key"], "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        client.stdin.write(bytes.fromhex("40020001") + b"\xb4push\xff" + b'{"level": 48}')

        async def is_48():
            return await level(admin) == 0.48

        await until(is_48)
    finally:
        client.kill()
        await client.wait()
    async with admin.delete(f"{path}/{key['key']}") as answer:
        assert answer.status == 204


async def test_a_signed_push_is_taken_once_and_keys_overlap_until_they_are_ended(city, admin, stranger):  # noqa: PLR0915 - one story
    await furnish(admin)
    asset = {"type": "Relationship", "object": BIN}
    box = "urn:ngsi-ld:Device:street:4"
    there = device(4, "urn:ngsi-ld:DeviceModel:http", controlledAsset=asset)
    await post(admin, "/ngsi-ld/v1/entityOperations/upsert", [there])
    path = f"/devices/v1/devices/{box}/keys"

    async def key():
        async with admin.post(path, json={"kind": "hmac"}) as answer:
            return await answer.json() if answer.status == 201 else None

    old = await until(key)
    now_s, body = int(time.time()), b'{"level": 44}'  # noqa: TID251 - the node has the same clock
    headers = signed(old, body, time_s=now_s)
    for data, told, status in (
        (b'{"level": 45}', headers, 401),
        (body, signed({**old, "secret": "00" * 32}, body, time_s=now_s), 401),
        (body, signed(old, body, time_s=now_s - 400), 401),
        (body, headers, 204),
        (body, headers, 409),
    ):
        async with stranger.post("/devices/v1/push", data=data, headers=told) as answer:
            assert answer.status == status, await answer.text()

    async def is_44():
        return await level(admin) == 0.44

    await until(is_44)
    await post(admin, path, {"kind": "hmac", "days": 1e300}, status=400)
    await post(admin, path, {"kind": "hmac", "secret": "00"}, status=400)
    new = await key()
    async with admin.delete(f"{path}/{old['key']}") as answer:
        assert answer.status == 204
    for one, status in ((old, 401), (new, 204)):
        told = signed(one, b'{"level": 46}', time_s=now_s)
        async with stranger.post("/devices/v1/push", data=b'{"level": 46}', headers=told) as answer:
            assert answer.status == status
    async with admin.get(path) as answer:
        (listed,) = (await answer.json())["keys"]
    assert listed["key"] == new["key"]
    assert "secret" not in listed
    await speaks_dtls(admin, city, path)
    assert (city.data / "devices-keys.key").stat().st_mode & 0o777 == 0o600
    await post(admin, f"/devices/v1/devices/{box}/life", {"state": "lost", "reason": "stolen"}, status=200)
    told = signed(new, b'{"level": 47}', time_s=now_s)
    async with stranger.post("/devices/v1/push", data=b'{"level": 47}', headers=told) as answer:
        assert answer.status == 401


class Bin(aiocoap.resource.ObservableResource):
    """Filling level of uCIFI (3435) as a client of LwM2M serves it."""

    percent = 0.0

    async def render_get(self, _):
        payload = orjson.dumps([{"n": "/3435/0/2", "v": self.percent}])
        return aiocoap.Message(payload=payload, content_format=110)


async def test_a_client_of_lwm2m_registers_and_its_place_follows_what_it_observes(city, admin):
    await furnish(admin)
    field = {"path": "/3435/0/2", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
    there = device(
        5, "urn:ngsi-ld:DeviceModel:lwm2m", controlledAsset={"type": "Relationship", "object": BIN}
    )
    there[IDENTIFIERS] = {"type": "Property", "value": ["lwm2mEndpoint:bin-5"]}
    lwm2m = model("lwm2m", {"decoder": "lwm2m"})
    lwm2m[PROFILE]["json"]["fields"] = [field]
    await post(admin, "/ngsi-ld/v1/entityOperations/upsert", [lwm2m, there])

    async def token():
        async with admin.post(f"/devices/v1/devices/{there['id']}/tokens", json={}) as answer:
            return (await answer.json()).get("token")

    secret = await until(token)
    server = f"coap://127.0.0.1:{city.run['roles']['devices']['ports']['coap']}"
    site, level_of_bin = aiocoap.resource.Site(), Bin()
    site.add_resource(("3435", "0"), level_of_bin)
    context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", 0), transports=["udp6"])
    try:
        links = b'</>;rt="oma.lwm2m";ct=110,</1/0>,</3435/0>'
        for query, code in (("ep=bin-5", "4.03"), (f"ep=bin-5&lt=60&lwm2m=1.1&b=U&token={secret}", "2.01")):
            request = aiocoap.Message(code=aiocoap.POST, uri=f"{server}/rd?{query}", payload=links)
            assert (await context.request(request).response).code.dotted == code
        for percent in (0.0, 83.0):
            level_of_bin.percent = percent
            level_of_bin.updated_state()

            async def is_shown(expected=percent / 100):
                return await level(admin) == expected

            await until(is_shown)
    finally:
        await context.shutdown()
