"""The kernel as an ASGI app, told message by message."""

from __future__ import annotations

import asyncio

import pytest

from samstad_broker.http.asgi import AsgiAdapter
from samstad_broker.http.messages import Request, Response


class Client:
    """What a server says to an ASGI app, and what it hears."""

    def __init__(self, *parts: bytes, method: str = "POST", path: str = "/a") -> None:
        self.scope = {
            "type": "http", "method": method, "path": path, "raw_path": b"/a%2Fb",
            "query_string": b"q=%C3%A5",
            "headers": [(b"x", b"1"), (b"x", b"2"), (b"host", b"\xe5")], "client": ("192.0.2.7", 5),
        }  # fmt: skip
        self.messages = [
            {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
            for index, part in enumerate(parts)
        ]
        self.leaves = asyncio.Event()
        self.heard: list = []

    async def receive(self):
        if self.messages:
            return self.messages.pop(0)
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message) -> None:
        self.heard.append(message)

    async def ask(self, application, **given) -> list:
        await AsgiAdapter(application, **given)(self.scope, self.receive, self.send)
        return self.heard


async def test_a_request_arrives_whole():
    seen: list[Request] = []

    def application(request):
        seen.append(request)
        return Response(200, [("X-Name", "value")], b"hello")

    start, body = await Client(b"ab", b"", b"cd").ask(application)
    assert seen == [Request("POST", "/a%2Fb", "q=%C3%A5", {"x": "1, 2", "host": "å"}, b"abcd", "192.0.2.7")]
    assert start["headers"] == [(b"x-name", b"value"), (b"content-length", b"5")]
    assert body["body"] == b"hello"
    assert not body.get("more_body")


@pytest.mark.parametrize(
    ("method", "status", "length", "body"),
    [
        ("GET", 200, b"5", b"hello"),
        ("HEAD", 200, b"5", b""),
        ("DELETE", 204, None, b""),
        ("GET", 304, None, b""),
    ],
)
async def test_lengths_and_bodies(method, status, length, body):
    start, content = await Client(b"", method=method).ask(lambda _: Response(status, [], b"hello"))
    assert dict(start["headers"]).get(b"content-length") == length
    assert content["body"] == body


async def test_a_body_is_refused_while_it_comes():
    client = Client(b"x" * 60, b"x" * 60, b"never read")
    start, _ = await client.ask(lambda _: Response(200, []), body_bytes=100)
    assert start["status"] == 413
    assert client.messages


async def test_a_client_that_goes_cancels_its_request():
    cancelled = asyncio.Event()

    async def waits(_):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    client = Client(b"")
    asked = asyncio.ensure_future(client.ask(waits))
    await asyncio.sleep(0)
    client.leaves.set()
    assert await asked == []
    assert cancelled.is_set()


async def test_a_client_that_goes_before_its_body_ends_is_not_answered():
    client = Client()
    client.leaves.set()
    assert await client.ask(lambda _: Response(200, [])) == []


async def test_a_stream_is_sent_in_parts_and_closed_when_nobody_listens():
    closed: list[bool] = []

    def application(request):
        async def parts():
            try:
                yield b"1"
                yield b"2"
                if request.method == "POST":
                    await asyncio.Event().wait()
            finally:
                closed.append(True)

        return Response(200, [], stream=parts())

    heard = await Client(b"", method="GET").ask(application)
    assert [message.get("body") for message in heard[1:]] == [b"1", b"2", b""]
    client = Client(b"")
    asked = asyncio.ensure_future(client.ask(application))
    await asyncio.sleep(0.02)
    client.leaves.set()
    await asyncio.wait_for(asked, 2)
    assert len(closed) == 2
    assert client.heard[-1]["more_body"], "nothing pretends that it came to its end"


async def test_lifespan_is_answered_and_websockets_are_not():
    client = Client()
    client.scope = {"type": "lifespan"}
    client.messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    heard = await client.ask(lambda _: Response(200, []))
    assert [message["type"] for message in heard] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    client = Client()
    client.scope = {"type": "websocket"}
    assert [message["type"] for message in await client.ask(lambda _: Response(200, []))] == [
        "websocket.close"
    ]
