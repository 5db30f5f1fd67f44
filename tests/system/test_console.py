"""The console in a real browser: find what is wrong, take care of it; and what a stranger sees."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import aiohttp
import pytest

playwright = pytest.importorskip("playwright.async_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BUILT = Path(__file__).parents[2] / "packages/console/src/samstad_console/static/index.html"
AXE = Path(__file__).parents[2] / "packages/console/web/node_modules/axe-core/axe.min.js"
APP = "/console/v1/app/"
LAMP = "urn:ngsi-ld:Streetlight:roads:7"
ALERT = "urn:ngsi-ld:Alert:roads:1"
CITY = "https://w3id.org/samstad/context/v1/city.jsonld"
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(
        not BUILT.is_file(), reason="the console's pages are not built: make setup with Node.js"
    ),
]


def lamp(number: int, **more) -> dict:
    place = {"type": "Point", "coordinates": [16.53 + number / 1000, 59.61]}
    values = {"name": f"Lykta {number}", "status": "ok", **more}
    attributes = {name: {"type": "Property", "value": value} for name, value in values.items()}
    power = {
        "type": "Property",
        "value": 40 + number,
        "observedAt": "2026-11-25T10:00:00Z",
        "unitCode": "WTT",
    }
    location = {"type": "GeoProperty", "value": place}
    kept = {"location": location, "powerConsumption": power, **attributes}
    return {"id": f"urn:ngsi-ld:Streetlight:roads:{number}", "type": "Streetlight", **kept, "@context": CITY}


def alert() -> dict:
    values = {
        "alertType": "dark",
        "severity": "high",
        "active": True,
        "acknowledged": False,
        "suspended": False,
    }
    attributes = {name: {"type": "Property", "value": value} for name, value in values.items()}
    words = {"description": {"type": "Property", "value": "Lyktan är mörk"}}
    about = {"type": "Relationship", "object": LAMP}
    return {"id": ALERT, "type": "Alert", "alertSource": about, **attributes, **words, "@context": CITY}


@pytest.fixture
async def city(tmp_path, start_again, quick):
    running = start_again(tmp_path / "data", environment=quick("broker,console"))
    await running.until_ready()
    return running


@pytest.fixture
async def admin(city):
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key}) as session:
        yield session


@pytest.fixture
async def chromium():
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def write(admin, *entities: dict) -> None:
    headers = {"Content-Type": "application/ld+json"}
    path = "/ngsi-ld/v1/entityOperations/upsert"
    async with admin.post(path, json=list(entities), headers=headers) as answer:
        assert answer.status in {201, 204}, await answer.text()


async def opened(browser, city, admin, **how):
    """Open the console as who was given a link; note what the page complains of."""
    async with admin.post("/access/v1/links", json={"principal": "admin"}) as answer:
        link = city.url + (await answer.json())["path"]
    context = await browser.new_context(**how)
    page = await context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    await page.goto(link)
    await page.goto(city.url + APP)
    page.complaints.clear()
    return page


async def test_an_operator_finds_a_dark_lamp_and_acknowledges_its_alert(city, admin, chromium):
    await write(admin, *(lamp(number) for number in range(1, 6)), lamp(7, status="defectiveLamp"))
    page = await opened(chromium, city, admin, locale="sv-SE", viewport={"width": 1280, "height": 800})
    expect = playwright.expect
    worst = page.locator(".list tbody tr").first
    await expect(worst).to_contain_text("Lykta 7", timeout=20_000)
    await expect(worst).to_contain_text("fel")
    await expect(page.locator(".map canvas")).to_be_visible()

    await page.get_by_label("Sök namn eller id").fill("lykta 3")
    await expect(page.locator(".list tbody tr")).to_have_count(1)
    assert "text=lykta+3" in page.url
    await page.get_by_label("Sök namn eller id").fill("")

    await page.get_by_role("link", name="Lykta 7").click()
    detail = page.locator(".detail")
    await expect(detail.get_by_role("heading", name="Lykta 7")).to_be_focused()
    await expect(detail).to_contain_text("47 W")
    await detail.get_by_role("button", name="Visa historik").first.click()
    await expect(detail.locator("svg.chart, .history p").first).to_be_visible()

    await write(admin, alert())
    await page.get_by_role("link", name="Larm", exact=True).click()
    await expect(page.locator(".alerts")).to_contain_text("Lyktan är mörk")
    await page.get_by_role("button", name="Kvittera").click()
    await expect(page.locator(".alerts")).to_contain_text("Kvitterat")
    async with admin.get(f"/ngsi-ld/v1/entities/{ALERT}?format=simplified", headers=linked()) as answer:
        told = await answer.json()
    assert (told["acknowledged"], told["acknowledgedBy"]) == (True, "admin")
    assert await page.get_by_role("button", name="Kvittera").count() == 0
    assert page.complaints == []


def linked() -> dict[str, str]:
    return {"Link": f'<{CITY}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


async def test_what_changes_is_seen_without_asking_and_in_ones_own_language(city, admin, chromium):
    await write(admin, lamp(1))
    how = {"locale": "en-GB", "viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    page = await opened(chromium, city, admin, **how)
    expect = playwright.expect
    row = page.locator(".list tbody tr").first
    await expect(row).to_contain_text("in order", timeout=20_000)
    await write(admin, lamp(1, status="columnIssue"))
    await expect(row).to_contain_text("fault", timeout=20_000)
    wide = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide, "the page is wider than the phone"
    await page.get_by_role("button", name="På svenska").click()
    await expect(page.locator(".list tbody tr").first).to_contain_text("fel", timeout=20_000)
    assert await page.locator("html").get_attribute("lang") == "sv"
    assert page.complaints == []


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
FOUND = """async (rules) => (await axe.run({runOnly: rules}))
    .violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(" ")}`)"""
FOCUSED = "(({textContent, id, ariaLabel}) => textContent || id || ariaLabel)(document.activeElement)"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: make setup with Node.js")
async def test_no_page_keeps_anybody_out(city, admin, chromium):
    await write(admin, lamp(1), lamp(7, status="defectiveLamp"), alert())
    for colours in ("light", "dark"):
        page = await opened(chromium, city, admin, locale="sv-SE", color_scheme=colours)
        assert await barriers(page) == []
    await page.evaluate("document.querySelector('h1').remove()")
    assert await page.evaluate(FOUND, RULES) != [], "axe finds what is wrong"

    page = await opened(chromium, city, admin, locale="sv-SE")
    await playwright.expect(page.locator(".list tbody tr")).to_have_count(2, timeout=20_000)
    reached = []
    while len(reached) < 40 and "Lykta 7" not in reached:
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate(FOCUSED))
    assert (reached[0], reached[-1]) == ("Hoppa till innehållet", "Lykta 7"), reached
    await page.keyboard.press("Enter")
    await playwright.expect(page.get_by_role("heading", name="Lykta 7")).to_be_focused()


async def barriers(page) -> list[str]:
    """Return what axe finds on the list, on a thing with its history, and at the desk for alerts."""
    expect = playwright.expect
    await expect(page.locator(".list tbody tr")).to_have_count(2, timeout=20_000)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate(FOUND, RULES)
    await page.get_by_role("link", name="Lykta 7").click()
    await page.get_by_role("button", name="Visa historik").first.click()
    await expect(page.locator("tr.history")).to_be_visible()
    found += await page.evaluate(FOUND, RULES)
    await page.get_by_role("link", name="Larm", exact=True).click()
    await expect(page.locator(".alerts tbody tr")).to_have_count(1)
    return found + await page.evaluate(FOUND, RULES)


async def test_a_stranger_is_asked_to_log_in_and_sees_nothing(city, admin, chromium):
    await write(admin, lamp(1))
    page = await (await chromium.new_context(locale="sv-SE")).new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(city.url + APP)
    expect = playwright.expect
    await expect(page.get_by_role("heading", name="Logga in")).to_be_visible()
    assert "Lykta" not in await page.content()
    await page.get_by_label("Namn").fill("nobody")
    await page.get_by_label("Lösenord").fill("wrong")
    await page.get_by_role("button", name="Logga in").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    assert all(url.startswith((city.url, "data:", "blob:")) for url in asked)
    async with aiohttp.ClientSession(city.url) as stranger:
        for path in ("summary", "things", "stream", "tiles/0/0/0", f"things/{LAMP}"):
            async with stranger.get(f"/console/v1/{path}") as answer:
                assert answer.status == 401, path
        async with stranger.get(APP) as answer:
            policy = answer.headers["Content-Security-Policy"]
    assert not re.search("unsafe|http:|\\*", policy)
