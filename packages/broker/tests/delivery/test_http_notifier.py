"""Notifications to a real receiver over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.gateway.answers import outcome_of_status
from samstad_broker.gateway.egress import EgressRules, ResolutionFailed
from samstad_broker.gateway.http_connection import BrokenAnswer, parse_answer
from samstad_broker.gateway.http_notifier import HttpNotifier
from samstad_broker.spi.notifier import Notice, Result

LOOPBACK = EgressRules.parse(["127.0.0.0/8"])


def notice(uri: str, **members: Any) -> Notice:
    values: dict[str, Any] = {
        "content_type": "application/json",
        "link": '<https://c.example/c.jsonld>; rel="http://www.w3.org/ns/json-ld#context"',
        "headers": (("NGSILD-Tenant", "roads"), ("Authorization", "Bearer t")),
        "body": b'{"type":"Notification"}',
        "timeout_us": 500_000,
        **members,
    }
    return Notice(uri=uri, **values)


class Receiver:
    """An HTTP server of another make."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Any = lambda _request: web.Response(status=200)
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path_qs, dict(request.headers), await request.read()))
        answer = self.answer(request)
        return await answer if asyncio.iscoroutine(answer) else answer

    def uri(self, path: str = "/notify") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
async def receiver():
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture
async def notifier():
    made = HttpNotifier(LOOPBACK)
    yield made
    await made.close()


async def test_a_notification_arrives_as_the_binding_says(receiver: Receiver, notifier: HttpNotifier) -> None:
    outcome = await notifier.send(notice(receiver.uri("/a b/ö?x=1&y=å")))
    assert outcome.result is Result.DELIVERED
    [(path, headers, body)] = receiver.requests
    assert path == "/a%20b/%C3%B6?x=1&y=%C3%A5"
    assert headers["Content-Type"] == "application/json"
    assert headers["Link"].startswith("<https://c.example")
    assert headers["NGSILD-Tenant"] == "roads"
    assert headers["Authorization"] == "Bearer t"
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert body == b'{"type":"Notification"}'
    assert "Transfer-Encoding" not in headers


async def test_a_connection_is_kept_and_a_closed_one_replaced(
    receiver: Receiver, notifier: HttpNotifier
) -> None:
    peers = []

    def answer(request: web.Request) -> web.Response:
        peers.append(request.transport.get_extra_info("peername")[1])
        response = web.Response(status=200, text="thank you" * 100)
        if len(peers) == 2:
            response.force_close()
        return response

    receiver.answer = answer
    for _ in range(3):
        assert (await notifier.send(notice(receiver.uri()))).result is Result.DELIVERED
    assert peers[0] == peers[1] != peers[2]


async def test_chunked_answers_are_understood(receiver: Receiver, notifier: HttpNotifier) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"x" * 10)
        await response.write_eof()
        return response

    receiver.answer = stream
    assert (await notifier.send(notice(receiver.uri()))).result is Result.DELIVERED
    assert (await notifier.send(notice(receiver.uri()))).result is Result.DELIVERED


async def test_redirects_are_not_followed(receiver: Receiver, notifier: HttpNotifier) -> None:
    receiver.answer = lambda _request: web.Response(status=307, headers={"Location": "/other"})
    assert (await notifier.send(notice(receiver.uri()))).result is Result.REFUSED
    assert len(receiver.requests) == 1


async def test_a_receiver_that_never_answers_is_unreachable_in_time(
    receiver: Receiver, notifier: HttpNotifier
) -> None:
    async def sleep(_request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    receiver.answer = sleep
    outcome = await notifier.send(notice(receiver.uri(), timeout_us=100_000))
    assert outcome.result is Result.UNREACHABLE
    assert "0.1 s" in outcome.reason


async def test_a_port_nobody_listens_on_and_a_name_nobody_knows_are_unreachable(
    receiver: Receiver, unused_port: int
) -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise ResolutionFailed(f"{host}:{port} is not known")

    notifier = HttpNotifier(LOOPBACK)
    assert (await notifier.send(notice(f"http://127.0.0.1:{unused_port}/"))).result is Result.UNREACHABLE
    lost = HttpNotifier(LOOPBACK, resolve=unknown)
    outcome = await lost.send(notice("http://gone.example/"))
    assert outcome.result is Result.UNREACHABLE
    assert "gone.example" in outcome.reason
    assert receiver.requests == []


@pytest.fixture
def unused_port() -> int:
    import socket  # noqa: PLC0415 - only this fixture opens a socket by hand

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_loopback_is_refused_under_every_name_where_it_is_not_opened(
    receiver: Receiver, host: str
) -> None:
    notifier = HttpNotifier(EgressRules())
    outcome = await notifier.send(notice(f"http://{host}:{receiver.port}/"))
    assert outcome.result is not Result.DELIVERED
    assert receiver.requests == []


async def test_a_name_that_changes_its_address_reaches_only_what_was_judged(receiver: Receiver) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        del host, port
        return next(answers)

    notifier = HttpNotifier(LOOPBACK, resolve=rebinding)
    uri = f"http://changing.example:{receiver.port}/"
    receiver.answer = lambda _request: web.Response(status=200, headers={"Connection": "close"})
    assert (await notifier.send(notice(uri))).result is Result.DELIVERED
    assert (await notifier.send(notice(uri))).result is Result.REFUSED
    assert len(receiver.requests) == 1
    await notifier.close()


async def test_a_header_with_a_line_break_never_reaches_the_wire(
    receiver: Receiver, notifier: HttpNotifier
) -> None:
    outcome = await notifier.send(notice(receiver.uri(), headers=(("X", "a\r\nEvil: 1"),)))
    assert outcome.result is Result.REFUSED
    assert receiver.requests == []


async def test_garbage_in_answer_is_no_success() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    notifier = HttpNotifier(LOOPBACK)
    outcome = await notifier.send(notice(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    assert outcome.result is Result.UNREACHABLE
    await notifier.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.DELIVERED),
        (204, Result.DELIVERED),
        (301, Result.REFUSED),
        (400, Result.REFUSED),
        (404, Result.REFUSED),
        (408, Result.FAILED),
        (425, Result.FAILED),
        (429, Result.UNREACHABLE),
        (500, Result.FAILED),
        (503, Result.UNREACHABLE),
    ],
)
def test_each_status_means_one_thing(status: int, result: Result) -> None:
    assert outcome_of_status(status).result is result


def test_retry_after_is_honoured_and_bounded() -> None:
    assert outcome_of_status(503, "120").retry_after_us == 120_000_000
    assert outcome_of_status(503, "9" * 30).retry_after_us == 3_600_000_000
    assert outcome_of_status(503, "Wed, 21 Oct 2026 07:28:00 GMT").retry_after_us == 0


WHOLE = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
]


@pytest.mark.parametrize("whole", WHOLE)
def test_an_answer_is_complete_at_its_last_byte_and_not_before(whole: bytes) -> None:
    for end in range(len(whole)):
        assert parse_answer(whole[:end]) is None
    answer = parse_answer(whole)
    assert answer is not None
    assert answer.keeps
    more = parse_answer(whole + b"HTTP/1.1 200 OK\r\n")
    assert more is not None
    assert not more.keeps  # what follows was not asked for


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([b"", *WHOLE, b"HTTP/1.1 200 OK\r\nContent-Length: "]))
def test_no_bytes_break_the_parser(tail: bytes, head: bytes) -> None:
    try:
        answer = parse_answer(head + tail)
    except BrokenAnswer:
        return
    assert answer is None or 200 <= answer.status <= 999
