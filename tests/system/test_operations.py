"""Alerts of a running node reach people: over real sockets, a kill, and a mail server that is away."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import aiohttp
import pytest
from aiohttp import web

pytestmark = pytest.mark.system

CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
RULES = """
[contacts.anna]
email = "anna@city.example"
[contacts.desk]
webhook = "http://127.0.0.1:{hook}/alerts?token=t"
secret_header = "X-Samstad-Secret"
secret_file = "{secret}"
[rules.faults]
severity = "high"
to = ["anna", "desk"]
gather_seconds = 1
"""


class MailServer:
    """As much of SMTP as a client needs to hand in a message."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.server: asyncio.Server | None = None

    async def open(self, port: int) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def close(self) -> None:
        if self.server:
            self.server.close()
            self.server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            await self._talk(reader, writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 city.example")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                say("354 go on")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            say("221 bye" if word == "QUIT" else "250 good")
            if word == "QUIT":
                break


class Hook:
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict, str]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.calls.append((await request.json(), request.headers.get("X-Samstad-Secret", "")))
        return web.Response()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
async def hook():
    found = Hook()
    app = web.Application()
    app.router.add_post("/alerts", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.port = runner.addresses[0][1]
    yield found
    await runner.cleanup()


@pytest.fixture
async def mail():
    found = MailServer()
    yield found
    await found.close()


async def until(condition, *, within_s: float = 40):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    return found


def alert(number: int, *, severity: str = "high", acknowledged: bool = False) -> dict:
    told = {
        "alertCategory": "power",
        "alertType": "lampFault",
        "severity": severity,
        "active": True,
        "acknowledged": acknowledged,
        "suspended": False,
        "description": f"Lykta {number} är mörk",
    }
    about = {"type": "Relationship", "object": f"urn:ngsi-ld:Streetlight:roads:{number}"}
    values = {name: {"type": "Property", "value": value} for name, value in told.items()}
    return {"id": f"urn:ngsi-ld:Alert:roads:{number}", "type": "Alert", "alertSource": about, **values}


async def upsert(admin, *entities):
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert?options=update", json=entities) as answer:
        assert answer.status in {201, 204}, await answer.text()


async def messages(admin, **query) -> dict:
    async with admin.get("/operations/v1/messages", params=query) as answer:
        return await answer.json() if answer.status == 200 else {}


async def checks(admin) -> str:
    with contextlib.suppress(aiohttp.ClientError):
        async with admin.get("/health") as answer:
            return await answer.text()
    return ""


@pytest.fixture
async def city(tmp_path, start_again, quick, hook):
    port = free_port()
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES.format(hook=hook.port, secret=secret))
    own = {
        "SAMSTAD_OPERATIONS_RULES_FILE": str(rules),
        "SAMSTAD_OPERATIONS_SMTP_HOST": "127.0.0.1",
        "SAMSTAD_OPERATIONS_SMTP_PORT": str(port),
        "SAMSTAD_OPERATIONS_SMTP_SECURITY": "none",
        "SAMSTAD_OPERATIONS_SENDER": "node@city.example",
        "SAMSTAD_OPERATIONS_ALLOW_NETWORKS": "127.0.0.0/8",
    }
    running = start_again(tmp_path / "data", environment={**quick("broker,operations"), **own})
    running.mail_port = port
    await running.until_ready()
    return running


@pytest.fixture
async def admin(city):
    headers = {"X-API-Key": city.key, "Link": CITY}
    async with aiohttp.ClientSession(city.url, headers=headers) as session:
        yield session


async def failed_mail(admin) -> list[dict]:
    found = (await messages(admin, state="waiting")).get("messages", [])
    return [one for one in found if one["way"] == "email" and one["tries"]]


async def all_sent(admin) -> list[dict]:
    found = await messages(admin)
    counts = found.get("counts", {})
    return found["messages"] if counts.get("sent") and not counts["waiting"] else []


async def is_in_health(admin) -> bool:
    return "could not be sent" in await checks(admin)


async def test_a_storm_is_told_once_over_a_kill_and_a_mail_server_that_was_away(city, admin, hook, mail):
    await upsert(admin, *(alert(number) for number in range(60)), alert(99, severity="low"))
    (waiting,) = await until(lambda: failed_mail(admin))
    assert "not reached" in waiting["why"]
    assert "anna@city.example" not in str(waiting)
    await until(lambda: is_in_health(admin))
    city.kill_role("operations")
    await mail.open(city.mail_port)
    sent = await until(lambda: all_sent(admin))
    body, header = hook.calls[0]
    assert (header, body["severity"], body["reason"]) == ("hush", "high", "new")
    assert "To: anna@city.example" in mail.mails[0]
    assert sorted((one["way"], one["count"]) for one in sent) == [("email", 60), ("webhook", 60)]
    assert (len(mail.mails), len(hook.calls)) == (1, 1)
    assert "Lykta 99" not in mail.mails[0] + str(hook.calls)


async def test_what_is_acknowledged_before_it_could_be_sent_is_not_sent(admin, hook, mail):
    await upsert(admin, alert(1))
    await until(lambda: failed_mail(admin))
    await upsert(admin, alert(1, acknowledged=True))

    async def dropped():
        return (await messages(admin, state="dropped")).get("messages")

    (one,) = await until(dropped)
    assert "acknowledged" in one["why"]
    assert (len(mail.mails), len(hook.calls)) == (0, 1)


async def test_a_stranger_learns_nothing(city, admin):
    async with aiohttp.ClientSession(city.url) as stranger, stranger.get("/operations/v1/messages") as answer:
        assert answer.status == 401
    async with admin.get("/operations/v1/messages", params={"state": "lost"}) as answer:
        assert answer.status == 400
        assert "waiting, sent, dropped" in (await answer.json())["detail"]
    async with admin.get("/operations/v1/duty") as answer:
        assert (await answer.json())["rotas"] == {}
