"""What the native server bears, and for how long."""

from __future__ import annotations

import asyncio
import time

import pytest

H = "Host: a\r\n"
QUICK = {"sweep_s": 0.05, "head_s": 0.2, "body_s": 0.2, "idle_s": 0.3, "write_s": 0.3, "linger_s": 0.2}


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (f"GET /{'x' * 20_000} HTTP/1.1\r\n{H}\r\n", 414),
        (f"GET / HTTP/1.1\r\n{H}X: {'x' * 40_000}\r\n\r\n", 431),
        (f"GET / HTTP/1.1\r\n{H}{'x' * 40_000}: a\r\n\r\n", 431),
        (f"GET / HTTP/1.1\r\n{H}" + "".join(f"X-{n}: a\r\n" for n in range(200)) + "\r\n", 431),
        (f"GET / HTTP/1.1\r\n{H}" + "X-1: aaaaaaaaa\r\n" * 4000 + "\r\n", 431),
        (f"GET / HTTP/1.1\r\n{H}X: " + "x" * 300_000, 431),
        (f"GET /{'x' * 300_000}", 414),
        (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + "x" * 300_000, 431),
        (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n1;" + "x" * 300_000, 431),
    ],
    ids=["target", "value", "name", "count", "repeated", "endless value",
         "endless target", "trailer", "extension"],
)  # fmt: skip
async def test_heads_are_bounded(start, request_bytes, status):
    street = await start()
    wire = await street.wire()
    for begin in range(0, len(request_bytes), 10_000):
        await wire.send(request_bytes[begin : begin + 10_000])
        await asyncio.sleep(0)
    assert (await wire.response())[0] == status
    assert street.application.seen == []


async def test_a_body_is_refused_while_it_comes(start):
    street = await start(body_bytes=50_000)
    wire = await street.wire()
    await wire.send(f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(60):
        await wire.send("3e8\r\n", "x" * 1000, "\r\n")
    status, headers, body = await wire.response()
    assert (status, headers["connection"]) == (413, "close")
    assert b"50000" in body
    assert street.application.seen == []


async def test_a_body_that_is_announced_too_large_is_not_asked_for(start):
    street = await start(body_bytes=10)
    wire = await street.wire()
    await wire.send(f"POST / HTTP/1.1\r\n{H}Expect: 100-continue\r\nContent-Length: 11\r\n\r\n")
    assert (await wire.response())[0] == 413


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("GET / HTT", 408),
        (f"GET / HTTP/1.1\r\n{H}", 408),
        (f"POST / HTTP/1.1\r\n{H}Content-Length: 5\r\n\r\nabc", 408),
        (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 408),
    ],
)
async def test_a_request_that_does_not_go_on_is_ended(start, sent, status):
    street = await start(**QUICK)
    wire = await street.wire()
    await wire.send(sent)
    assert (await wire.response())[0] == status
    assert await wire.rest() == b""


async def test_a_trickle_of_headers_or_content_does_not_hold_a_connection(start):
    street = await start(**QUICK)
    for head in ("GET / HTTP/1.1\r\nX: ", f"POST / HTTP/1.1\r\n{H}Content-Length: 9999\r\n\r\n"):
        wire = await street.wire()
        await wire.send(head)
        started = time.perf_counter()
        while not wire.reader._buffer and time.perf_counter() - started < 3:
            await wire.send("x")
            await asyncio.sleep(0.02)
        assert (await wire.response())[0] == 408


async def test_an_idle_connection_is_closed_without_a_word(start):
    street = await start(**QUICK)
    fresh, used = await street.wire(), await street.wire()
    await used.send(f"GET / HTTP/1.1\r\n{H}\r\n")
    assert (await used.response())[0] == 200
    assert await fresh.rest() == b""
    assert await used.rest() == b""


async def test_a_waiting_request_is_not_idle(start):
    street = await start(**QUICK)
    wire = await street.wire()
    await wire.send(f"GET /waits HTTP/1.1\r\n{H}\r\n")
    await asyncio.sleep(0.6)
    street.application.go.set()
    assert (await wire.response())[0] == 200


async def test_a_client_that_reads_nothing_is_cut_off(start):
    street = await start(**QUICK)
    wire = await street.wire()
    wire.writer.transport.pause_reading()
    await wire.send(f"GET /big HTTP/1.1\r\n{H}\r\n" * 3)
    async with asyncio.timeout(5):
        while street.served._server._connections:  # noqa: ASYNC110 - as in reached
            await asyncio.sleep(0.02)
    assert len(street.application.seen) == 1, "the next ones wait for the first to be read"


async def test_an_endless_stream_waits_for_its_reader(start):
    street = await start(**QUICK)
    wire = await street.wire()
    await wire.send(f"GET /endless HTTP/1.1\r\n{H}\r\n")
    await asyncio.sleep(0.5)
    assert not street.application.gone.is_set(), "one who reads keeps it"
    await street.served.stop(deadline_s=2)
    assert street.application.gone.is_set()
    _, _, body = await wire.response()
    assert body.startswith(b"tick\ntick\n")


async def test_one_connection_too_many_is_sent_away(start):
    street = await start(connections=2)
    first, second, third = await street.wire(), await street.wire(), await street.wire()
    assert (await third.response())[0] == 503
    assert await third.rest() == b""
    for wire in (first, second):
        await wire.send(f"GET /a HTTP/1.1\r\n{H}\r\n")
        assert (await wire.response())[0] == 200
    await first.close()
    await asyncio.sleep(0.05)
    fourth = await street.wire()
    await fourth.send(f"GET /a HTTP/1.1\r\n{H}\r\n")
    assert (await fourth.response())[0] == 200


async def test_too_many_pipelined_requests_end_after_those_that_were_taken(start):
    street = await start(pipeline=4)
    wire = await street.wire()
    await wire.send(f"GET /slow HTTP/1.1\r\n{H}\r\n" * 20)
    answered = (await wire.rest()).count(b"HTTP/1.1 200 OK")
    assert answered == 5
    assert len(street.application.seen) == 5


async def test_many_quick_pipelined_requests_are_all_answered(start):
    street = await start()
    wire = await street.wire()
    await wire.send(f"GET /a HTTP/1.1\r\n{H}\r\n" * 100)
    for _ in range(100):
        assert (await wire.response())[2] == b"GET /a? "


async def test_http_1_0_may_keep_its_connection_and_gets_streams_unchunked(start):
    street = await start()
    wire = await street.wire()
    await wire.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    _, headers, _ = await wire.response()
    assert headers["connection"] == "keep-alive"
    await wire.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    _, headers, body = await wire.response()
    assert "transfer-encoding" not in headers
    assert headers["connection"] == "close"
    assert body == b"part 0\npart 1\npart 2\n"


async def test_a_bad_request_behind_a_slow_one_waits_its_turn(start):
    street = await start()
    wire = await street.wire()
    await wire.send(f"GET /slow HTTP/1.1\r\n{H}\r\n", "GARBAGE\r\n\r\n")
    assert (await wire.response())[0] == 200
    assert (await wire.response())[0] == 400
    assert await wire.rest() == b""
