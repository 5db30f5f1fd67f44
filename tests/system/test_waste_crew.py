"""A day of collection in a running node: planned, changed, told of in a crew's browser, followed up."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect

pytestmark = pytest.mark.system

OURS = "https://w3id.org/samstad/"
CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
# Midnight to midnight, so that the day can be planned at any hour at which the test runs.
QUICK = {
    "SAMSTAD_DEMO": "1",
    "SAMSTAD_ROLES_RUN": "broker,waste",
    "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
    "SAMSTAD_WASTE_PLAN_SECONDS": "0.3",
}
QUICK["SAMSTAD_WASTE_OVERFLOW_M"] = "20000"
PHONE = {"width": 390, "height": 844}
BINS = 6


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


def prop(value) -> dict:
    return {"type": "Property", "value": value}


def at(number: int) -> dict:
    return {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [16.54 + number / 500, 59.61 + (number % 3) / 500]},
    }


def bin_id(number: int) -> str:
    return f"urn:ngsi-ld:WasteContainer:street:{number}"


def street() -> list[dict]:
    depot, lorry = "urn:ngsi-ld:WasteDepot:waste:1", "urn:ngsi-ld:WasteVehicle:waste:1"
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")  # noqa: TID251 - the node runs in real time
    shift = {"type": "JsonProperty", "json": {"from": "00:00", "to": "24:00"}}
    bins = [
        {
            "id": bin_id(number),
            "type": "WasteContainer",
            "name": prop(f"Korg {number}"),
            "location": at(number or 150),
            "fillingLevel": {**prop(0.97 if number else 0.01), "observedAt": now},
        }
        for number in range(BINS)
    ]
    nowhere = {"id": bin_id(99), "type": "WasteContainer", "fillingLevel": {**prop(0.97), "observedAt": now}}
    return [
        {"id": depot, "type": OURS + "WasteDepot", "location": at(9)},
        {
            "id": lorry,
            "type": OURS + "WasteVehicle",
            "name": prop("Bil 1"),
            OURS + "capacityByStream": {"type": "JsonProperty", "json": {"other": 9000}},
            OURS + "refWasteDepot": {"type": "Relationship", "object": depot},
            OURS + "shift": shift,
        },
        *bins,
        nowhere,
    ]


async def post(admin, path, body=None, *, status=200):
    async with admin.post(path, json=body or {}) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def planned(admin) -> dict:
    """Return a plan in force for tomorrow, made once the service knows the street."""
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert", json=street()) as answer:
        assert answer.status in {201, 204}, await answer.text()

    async def known():
        async with admin.get("/waste/v1/bins") as answer:
            return answer.status == 200 and (await answer.json())["all"] == BINS + 1

    await until(known)
    day = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()  # noqa: TID251 - real time

    async def made():
        async with admin.post("/waste/v1/plans", json={"day": day}) as answer:
            return await answer.json() if answer.status == 201 else None

    plan = await until(made)
    return await post(admin, f"/waste/v1/plans/{plan['id']}/activate")


def stops(plan) -> list[dict]:
    return [stop for route in plan["routes"] for stop in route["stops"] if stop["kind"] == "stop"]


async def figures(admin) -> dict:
    async with admin.get("/waste/v1/followup") as answer:
        assert answer.status == 200, await answer.text()
        return (await answer.json())["period"]["figures"]


async def entity(admin, entity_id):
    async with admin.get(f"/ngsi-ld/v1/entities/{entity_id}", params={"format": "simplified"}) as answer:
        return await answer.json() if answer.status == 200 else {}


async def test_a_plan_is_explained_changed_and_goes_on_after_a_kill(city, admin):
    plan = await planned(admin)
    assert {stop["subject"] for stop in stops(plan)} == {bin_id(number) for number in range(1, BINS)}
    far = {"notNeeded", "distance"}
    for number, reasons in ((0, far), (99, {"noPlace"}), (1, {"full", "risk"})):
        async with admin.get(f"/waste/v1/plans/{plan['id']}/bins/{bin_id(number)}") as answer:
            told = await answer.json()
        assert told["reason"] in reasons
        assert told["isPlanned"] is (number == 1)
    report = {
        "id": "r-00000001",
        "stop": stops(plan)[0]["id"],
        "outcome": "emptied",
        "at_us": plan["made_us"],
    }
    for outcome in ("taken", "known"):
        told = await post(admin, "/waste/v1/crew/reports", {"reports": [report]})
        assert told["outcomes"] == {"r-00000001": outcome}
    wrong = {**report, "id": "r-00000002", "outcome": "skipped", "reason": ""}
    told = await post(admin, "/waste/v1/crew/reports", {"reports": [wrong]})
    assert "needs a reason" in told["outcomes"]["r-00000002"]["refused"]
    changed = await post(
        admin, f"/waste/v1/plans/{plan['id']}/change", {"pinned": {bin_id(0): True, bin_id(2): False}}
    )
    assert changed["version"] == 2
    open_bins = {stop["subject"] for stop in stops(changed) if stop["status"] == "planned"}
    assert bin_id(0) in open_bins
    assert bin_id(2) not in open_bins
    assert len([stop for stop in stops(changed) if stop["status"] == "emptied"]) == 1
    city.kill_role("waste")

    async def as_before():
        async with admin.get(f"/waste/v1/plans/{plan['id']}") as answer:
            return await answer.json() if answer.status == 200 else None

    assert await until(as_before) == changed
    lorry = "urn:ngsi-ld:WasteVehicle:waste:1"
    async with admin.post(f"/waste/v1/plans/{plan['id']}/change", json={"out": [lorry]}) as answer:
        assert answer.status == 400
        assert "No vehicle" in (await answer.json())["detail"]
    assert (await figures(admin))["emptyings"]["of"] == 1


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")
async def test_a_crew_works_offline_and_everything_arrives_once(city, admin):  # noqa: PLR0915 - one story
    plan = await planned(admin)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = await browser.new_context(viewport=PHONE, has_touch=True)
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"{city.url}/waste/v1/crew")
        await expect(page.locator("#login")).to_be_visible()
        await page.fill("#key", city.key)
        await page.click("#login button")
        await expect(page.locator("#stops li button").first).to_be_visible()
        await expect(page.locator("#progress")).to_have_text("0 av 5 klara")
        overflow = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not overflow, "the page is wider than the phone"
        await page.get_by_role("button", name=f"Tömd: {stops(plan)[0]['name']}", exact=True).click()
        await expect(page.locator("#state")).to_have_text("Allt är skickat")

        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await context.set_offline(True)
        await page.get_by_role("button", name=f"Tömd: {stops(plan)[1]['name']}", exact=True).click()
        await page.get_by_role("button", name=f"Hoppa över: {stops(plan)[2]['name']}", exact=True).click()
        await page.select_option("#reason", "blocked")
        await page.fill("#note", "en bil i vägen")
        await page.get_by_role("button", name="Spara").last.click()
        await page.fill("#gross", "9400")
        await page.fill("#tare", "9000")
        await page.click("#weigh button")
        await expect(page.locator("#state")).to_contain_text("3 väntar")
        await expect(page.locator("#progress")).to_have_text("3 av 5 klara")
        assert (await figures(admin))["emptyings"]["of"] == 1, "nothing came while there was no network"
        await page.reload()
        await expect(page.locator("#state")).to_contain_text("3 väntar")
        await expect(page.locator("#progress")).to_have_text("3 av 5 klara")

        await context.set_offline(False)
        await page.fill("#key", city.key)
        await page.evaluate("document.getElementById('login').requestSubmit()")
        await expect(page.locator("#state")).to_have_text("Allt är skickat")
        assert not faults
        await browser.close()

    async def arrived():
        found = await figures(admin)
        return found if found["emptyings"]["of"] == 2 and found["tonnes"]["of"] == 1 else None

    found = await until(arrived)
    assert found["tonnes"]["value"] == 0.4
    assert len(found["emptyings"]["events"]) == 2
    skipped = await entity(admin, stops(plan)[2]["id"])
    assert skipped[OURS + "stopStatus"] == "skipped"
    assert skipped[OURS + "stopReason"] == "blocked"
    untouched = await entity(admin, stops(plan)[3]["id"])
    assert untouched[OURS + "stopStatus"] == "planned"


async def test_the_page_holds_no_data_and_strangers_get_none(city, admin):
    await planned(admin)
    async with aiohttp.ClientSession(city.url) as stranger:
        async with stranger.get("/waste/v1/crew") as answer:
            text = await answer.text()
            assert answer.status == 200
            assert "Korg" not in text
            assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for path in ("/waste/v1/crew/routes", "/waste/v1/plans", "/waste/v1/followup"):
            async with stranger.get(path) as answer:
                assert answer.status == 401, path
        async with stranger.post("/waste/v1/crew/reports", json={}) as answer:
            assert answer.status == 401
        async with stranger.get("/waste/v1/crew/..%2f..%2fsettings.py") as answer:
            assert answer.status == 404
