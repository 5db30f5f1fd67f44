"""Bins in a running node: from a sensor's distance over real sockets to level, emptying and alert."""

from __future__ import annotations

import asyncio
import os

import aiohttp
import pytest

pytestmark = pytest.mark.system

OURS = "https://w3id.org/samstad/"
BIN = "urn:ngsi-ld:WasteContainer:street:1"
MODEL = "urn:ngsi-ld:WasteContainerModel:city:m"
CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
QUICK = {"SAMSTAD_DEMO": "1", "SAMSTAD_ROLES_RUN": "broker,waste", "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3"}


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


async def until(condition, *, within_s: float = 30):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    return found


async def upsert(admin, *entities):
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert?options=update", json=entities) as answer:
        assert answer.status in {201, 204}, await answer.text()


def sensed(minute: int, distance: float) -> dict:
    reading = {"type": "Property", "value": distance, "observedAt": f"2026-11-25T02:{minute:02}:00Z"}
    return {"id": BIN, "type": "WasteContainer", OURS + "sensedDistance": reading}


async def found(admin, entity_id: str) -> dict:
    async with admin.get(f"/ngsi-ld/v1/entities/{entity_id}", params={"format": "simplified"}) as answer:
        return await answer.json() if answer.status == 200 else {}


async def test_distances_become_levels_an_emptying_and_alerts_over_a_kill(city, admin):
    geometry = {"type": "JsonProperty", "json": {"sensorHeight": 1.2, "fullHeight": 1.0}}
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [16.5, 59.6]}}
    model = {"type": "Relationship", "object": MODEL}
    await upsert(
        admin,
        {"id": MODEL, "type": "WasteContainerModel", OURS + "fillGeometry": geometry},
        {**sensed(1, 0.9), "location": place, "refWasteContainerModel": model},
    )

    async def is_level(level):
        return abs((await found(admin, BIN)).get("fillingLevel", 9) - level) < 1e-6

    await until(lambda: is_level(0.3))
    for minute, distance in ((2, 0.7), (3, 0.5), (4, 0.22)):
        await upsert(admin, sensed(minute, distance))
    await until(lambda: is_level(0.98))
    alert = "urn:ngsi-ld:Alert:waste:WasteContainer-street-1-overflowNow"

    async def is_active(wanted):
        return (await found(admin, alert)).get("active") is wanted

    await until(lambda: is_active(wanted=True))
    city.kill_role("waste")
    minutes = iter(range(5, 60))

    async def sensor_goes_on():
        await upsert(admin, sensed(next(minutes), 1.17))
        await asyncio.sleep(0.5)
        return await is_level(0.03)

    await until(sensor_goes_on)
    await until(lambda: is_active(wanted=False))

    async def bins():
        async with admin.get("/waste/v1/bins?hours=24") as answer:
            return (await answer.json())["bins"] if answer.status == 200 else None

    (row,) = await until(bins)
    assert (row["id"], row["level"], "overflowNow" in row["alerts"]) == (BIN, 0.03, False)
    async with admin.get("/waste/v1/bins?hours=soon") as answer:
        assert answer.status == 400
        assert (await answer.json())["type"] == "/problems/waste-refused"
    async with admin.get(f"/waste/v1/bins/{BIN}9/forecast") as answer:
        assert answer.status == 404
    async with aiohttp.ClientSession(city.url) as stranger, stranger.get("/waste/v1/bins") as answer:
        assert answer.status == 401
