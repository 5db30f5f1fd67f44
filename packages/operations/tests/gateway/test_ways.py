"""Ways to people over real sockets: what arrives, what is refused, what no error gives away."""

from __future__ import annotations

import asyncio
import contextlib
from email import message_from_string, policy

import pytest
from aiohttp import web

from samstad_operations.domain.book import Contact
from samstad_operations.domain.errors import NotSent
from samstad_operations.gateway.egress import Egress
from samstad_operations.gateway.mail import Mail, MailServer
from samstad_operations.gateway.webhook import Webhook
from samstad_operations.spi.keeping import Message

LOOPBACK = ("127.0.0.0/8",)
ANNA = Contact(email="anna@city.example")


def message(**more) -> Message:
    told = {
        "rule": "faults",
        "group": ("type=lampFault",),
        "contact": "anna",
        "way": "email",
        "reason": "new",
        "severity": 4,
        "count": 1,
        "subject": "[Kritiskt] Lyktan är mörk",
        "text": "Lyktan är mörk\n.\nslut\n",
        "alerts": ("urn:a",),
        "made_us": 1_795_604_400_000_000,
        "due_us": 0,
        "id": 7,
        "state": "waiting",
        "tries": 0,
        "why": "",
        "ended_us": 0,
    }
    return Message(**(told | more))


class Post:
    """As much of SMTP as a client needs, with an answer of its own to one command."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.answers: dict[str, str] = {}
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self.open -= 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 city.example\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "DATA" and word not in self.answers:
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            if self.answers.get(word) == "hang up":
                break
            if self.answers.get(word) == "nothing":
                continue
            writer.write(
                self.answers.get(word, "221 bye" if word == "QUIT" else "250 good").encode() + b"\r\n"
            )
            if word == "QUIT":
                break


@pytest.fixture
async def post():
    found = Post()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found.mail = Mail(MailServer("127.0.0.1", port, "none", "node@city.example", timeout_s=10))
    yield found
    server.close()
    while found.open:  # noqa: ASYNC110 - a thread closes it
        await asyncio.sleep(0.01)


@pytest.fixture
async def hook():
    calls, status = [], [200]

    async def take(request: web.Request) -> web.Response:
        calls.append((await request.json(), dict(request.headers)))
        return web.Response(status=status[0], headers={"Location": "/other"})

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], calls, status
    await runner.cleanup()


async def test_a_mail_arrives_as_it_was_written_and_the_same_when_it_is_repeated(post):
    await post.mail.send(ANNA, message())
    await post.mail.send(ANNA, message())
    first, again = (message_from_string(one, policy=policy.default) for one in post.mails)
    assert first["Subject"] == "[Kritiskt] Lyktan är mörk"
    assert first["To"] == "anna@city.example"
    assert first["Importance"] == "high"
    assert first["Message-ID"] == again["Message-ID"]
    other = message(id=8, severity=3)
    await post.mail.send(ANNA, other)
    third = message_from_string(post.mails[2], policy=policy.default)
    assert third["Message-ID"] != first["Message-ID"]
    assert third["Importance"] is None


async def test_one_refused_address_does_not_hold_up_the_server(post):
    post.answers["RCPT"] = "550 nobody named anna@city.example"
    with pytest.raises(NotSent, match="550") as refused:
        await post.mail.send(ANNA, message())
    assert not refused.value.is_away
    assert "anna" not in str(refused.value)


@pytest.mark.parametrize("answer", ["hang up", "421 too busy"])
async def test_a_server_that_hangs_up_is_away(post, answer):
    post.answers["MAIL"] = answer
    with pytest.raises(NotSent) as refused:
        await post.mail.send(ANNA, message())
    assert refused.value.is_away
    assert post.mails == []


async def test_a_server_that_lets_one_wait_is_given_up(post):
    post.answers["MAIL"] = "nothing"
    port = int(post.mail.place(ANNA).rpartition(":")[2])
    slow = Mail(MailServer("127.0.0.1", port, "none", "node@city.example", timeout_s=1, whole_s=0.2))
    with pytest.raises(NotSent, match=r"within 0\.2 s") as refused:
        await slow.send(ANNA, message())
    assert refused.value.is_away
    assert post.mails == []


async def test_nothing_goes_in_clear_text_where_it_must_be_secured(post):
    port = post.mail.place(ANNA).rpartition(":")[2]
    secured = Mail(MailServer("127.0.0.1", int(port), "starttls", "node@city.example"))
    with pytest.raises(NotSent):
        await secured.send(ANNA, message())
    assert post.mails == []


async def test_a_webhook_carries_the_secret_and_a_key_of_repeats(hook):
    port, calls, _ = hook
    url = f"http://127.0.0.1:{port}/alerts"
    contact = Contact(webhook=url, secret_header="X-Secret", secret_file="file")
    await Webhook(Egress(LOOPBACK), {"file": "hush"}).send(contact, message(way="webhook"))
    body, headers = calls[0]
    assert headers["X-Secret"] == "hush"
    assert headers["Idempotency-Key"] == body["id"]
    assert body["severity"] == "critical"
    assert "anna@city.example" not in str(body)


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_what_is_not_taken_was_not_sent_and_redirects_are_not_followed(hook, status):
    port, calls, answer = hook
    answer[0] = status
    contact = Contact(webhook=f"http://127.0.0.1:{port}/alerts?token=hush")
    with pytest.raises(NotSent, match=f"answered {status}") as refused:
        await Webhook(Egress(LOOPBACK), {}).send(contact, message())
    assert len(calls) == 1
    assert "hush" not in str(refused.value)
    assert not refused.value.is_away


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]"])
async def test_a_webhook_goes_only_where_the_administrator_lets_it(hook, host):
    port, calls, _ = hook
    with pytest.raises(NotSent, match="may not reach") as refused:
        await Webhook(Egress(()), {}).send(Contact(webhook=f"http://{host}:{port}/?token=hush"), message())
    assert calls == []
    assert "hush" not in str(refused.value)


def test_metadata_is_closed_even_where_everything_private_is_opened():
    egress = Egress(["0.0.0.0/0", "::/0"])
    assert egress.permits("10.0.0.1")
    assert egress.permits("::ffff:10.0.0.1")
    closed = (
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "0.0.0.0",  # noqa: S104 - judged, not bound
        "224.0.0.1",
    )
    assert not [one for one in closed if egress.permits(one)]
    assert Egress(()).permits("192.0.2.1") is False
    assert Egress(()).permits("8.8.8.8")
