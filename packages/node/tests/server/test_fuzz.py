"""Any bytes, cut anywhere: valid responses or an end, never a fault, and the cuts change nothing."""

from __future__ import annotations

import asyncio
import logging

import httptools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samstad_broker.http.messages import Response
from samstad_node.server.native import NativeServer
from samstad_node.server.protocol import HttpProtocol
from samstad_node.server.settings import ServerSettings

LIMITS = ServerSettings(target_bytes=200, head_bytes=400, headers=8, body_bytes=300)

PIECES = [
    b"GET / HTTP/1.1\r\n", b"POST /a HTTP/1.1\r\n", b"HEAD /later HTTP/1.1\r\n", b"GET /later HTTP/1.0\r\n",
    b"GET /stream HTTP/1.1\r\n", b"OPTIONS * HTTP/1.1\r\n", b"GET http://a/b HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n",
    b"Host: a\r\n", b"Content-Length: 3\r\n", b"Content-Length: 400\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: 100-continue\r\n", b"X: \xff\xfe\r\n", b"X:" + b"y" * 90 + b"\r\n", b"\r\n", b"\r\n\r\n", b"\n",
    b"\r",
    b"abc", b"3\r\nabc\r\n", b"3;x=y\r\nabc\r\n", b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b" ", b"\t", b"\x00", b":", b"\x16\x03\x01\x02\x00",
]  # fmt: skip


class Pipe:
    """A transport that remembers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: HttpProtocol) -> None:
        self.loop, self.protocol = loop, protocol
        self.sent = b""
        self.closed = self.ended = False

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return ("192.0.2.7", 1)

    def write(self, content: bytes) -> None:
        assert not self.ended, "written after the end"
        self.sent += content

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.loop.call_soon(self.protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Responses:
    """Reads responses as a client would, by llhttp."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.parser = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        self.statuses.append(self.parser.get_status_code())


def application(request):
    async def later():
        await asyncio.sleep(0)
        return Response(200, [], request.body)

    async def parts():
        yield b"a"
        yield b""
        yield request.body

    if request.path == "/later":
        return later()
    if request.path == "/stream":
        return Response(200, [], stream=parts())
    return Response(200, [], request.body)


def converse(loop: asyncio.AbstractEventLoop, chunks: list[bytes]) -> tuple[bytes, bool]:
    server = NativeServer(application, LIMITS)
    server.loop = loop
    server.date = "Date: x\r\n"
    protocol = HttpProtocol(server)
    pipe = Pipe(loop, protocol)
    protocol.connection_made(pipe)  # type: ignore[arg-type]
    for chunk in chunks:
        if pipe.closed:
            break
        protocol.data_received(chunk)
    for _ in range(60):
        loop.run_until_complete(asyncio.sleep(0))
    ended = pipe.closed or pipe.ended
    if not pipe.closed:
        protocol.connection_lost(None)
        loop.run_until_complete(asyncio.sleep(0))
    return pipe.sent, ended


def cut(content: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(content)) for place in places} | {len(content)})
    return [content[begin:end] for begin, end in zip([0, *ends], ends, strict=False) if end > begin]


def heads(sent: bytes) -> list[bytes]:
    return [line for line in sent.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


MESSAGES = st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=14).map(b"".join)
PLACES = st.lists(st.integers(min_value=0, max_value=600), max_size=8)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES, PLACES)
def test_any_bytes_get_valid_responses_or_an_end(loop, caplog, content, places):
    with caplog.at_level(logging.ERROR):
        caplog.clear()
        whole, ended = converse(loop, [content] if content else [])
        in_parts, ended_in_parts = converse(loop, cut(content, places))
        one_by_one, _ = converse(loop, [content[at : at + 1] for at in range(len(content))])
    assert not caplog.records
    assert heads(in_parts) == heads(whole) == heads(one_by_one)
    assert ended == ended_in_parts
    if b"HEAD" not in content and b"HTTP/1.0" not in content:
        read = Responses()
        read.parser.feed_data(whole)
        assert all(status in (100, 200, 400, 408, 413, 414, 417, 431, 501, 505) for status in read.statuses)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), PLACES)
def test_noise_is_refused(loop, content, places):
    sent, ended = converse(loop, cut(content, places))
    assert sent == b"" or sent.startswith(b"HTTP/1.1 ")
    assert ended or not sent.startswith(b"HTTP/1.1 4")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=5), PLACES)
def test_content_in_chunks_arrives_whole(loop, parts, places):
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    request = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    sent, ended = converse(loop, cut(request, places))
    assert sent.endswith(b"\r\n\r\n" + b"".join(parts))
    assert not ended
