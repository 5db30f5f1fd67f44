"""What both servers do alike, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import ssl

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route as StarletteRoute

from samstad_node.server.served import AddressUnusable, serve
from samstad_node.server.settings import ServerSettings

HOST = "Host: a\r\n\r\n"


@pytest.fixture
async def street(start, kind):
    return await start(server=kind)


async def test_a_foreign_client_is_served(street):
    async with aiohttp.ClientSession(street.url) as session:
        for _ in range(3):
            async with session.get("/a%2Fb/ä", params={"q": "x y"}) as response:
                assert response.status == 200
                assert await response.text() == "GET /a%2Fb/%C3%A4?q=x+y "
        for content in (b"x" * 200_000, b""):
            async with session.post("/post", data=content) as response:
                assert await response.read() == b"POST /post? " + content
        async with session.head("/a") as response:
            assert (response.status, await response.read()) == (200, b"")
            assert int(response.headers["Content-Length"]) > 0
        async with session.delete("/nothing") as response:
            assert response.status == 204
            assert "Content-Length" not in response.headers
        async with session.get("/stream") as response:
            assert await response.read() == b"part 0\npart 1\npart 2\n"
            assert response.headers["Transfer-Encoding"] == "chunked"
        async with session.get("/slow") as response:
            assert response.status == 200
            assert "Date" in response.headers


async def test_content_may_come_in_chunks(street):
    async def parts():
        for _ in range(5):
            yield b"x" * 1000

    async with aiohttp.ClientSession(street.url) as session, session.post("/a", data=parts()) as response:
        assert (await response.read()).endswith(b"x" * 5000)
    assert street.application.seen[0].headers["transfer-encoding"] == "chunked"


async def test_a_client_that_waits_for_100_gets_it(street):
    async with (
        aiohttp.ClientSession(street.url) as session,
        session.post("/a", data=b"hello", expect100=True) as response,
    ):
        assert (await response.read()).endswith(b"hello")


async def test_pipelined_requests_are_answered_in_order(street):
    wire = await street.wire()
    await wire.send(
        *(f"GET /{path} HTTP/1.1\r\n{HOST}" for path in ("slow", "1", "slow", "2", "stream", "3"))
    )
    bodies = [(await wire.response())[2] for _ in range(6)]
    assert bodies[1] == b"GET /1? "
    assert bodies[3] == b"GET /2? "
    assert bodies[4].startswith(b"part 0")
    assert bodies[5] == b"GET /3? "


async def test_a_connection_ends_when_it_is_asked_to(street):
    wire = await street.wire()
    await wire.send(f"GET /a HTTP/1.1\r\nConnection: close\r\n{HOST}")
    status, headers, _ = await wire.response()
    assert (status, headers["connection"]) == (200, "close")
    assert await wire.rest() == b""


async def test_http_1_0_ends_with_its_response(street):
    wire = await street.wire()
    await wire.send("GET /a HTTP/1.0\r\n\r\n")
    assert (await wire.response())[2] == b"GET /a? "
    assert await wire.rest() == b""


async def test_a_body_that_is_too_large_is_refused(start, kind):
    street = await start(server=kind, body_bytes=1000)
    wire = await street.wire()
    await wire.send(f"POST /a HTTP/1.1\r\nContent-Length: 1000\r\n{HOST}", b"x" * 1000)
    assert (await wire.response())[0] == 200
    await wire.send(f"POST /a HTTP/1.1\r\nContent-Length: 1001\r\n{HOST}", b"x" * 1001)
    status, headers, body = await wire.response()
    assert (status, headers["connection"]) == (413, "close")
    assert b"/problems/payload-too-large" in body
    assert len(street.application.seen) == 1


async def test_a_client_that_goes_takes_its_request_along(street):
    wire = await street.wire()
    await wire.send(f"GET /waits HTTP/1.1\r\n{HOST}")
    await street.reached()
    await wire.close()
    await asyncio.wait_for(street.application.gone.wait(), 5)


async def test_a_client_that_leaves_a_stream_ends_it(street):
    async with aiohttp.ClientSession(street.url) as session:
        response = await session.get("/endless")
        assert await response.content.readline() == b"tick\n"
        response.close()
        await asyncio.wait_for(street.application.gone.wait(), 5)


async def test_a_big_response_reaches_a_slow_reader(street):
    wire = await street.wire()
    await wire.send(f"GET /big HTTP/1.1\r\n{HOST}")
    await asyncio.sleep(0.1)
    assert len((await wire.response())[2]) == 5_000_000


async def test_stopping_answers_what_was_asked(street):
    wire, idle = await street.wire(), await street.wire()
    await wire.send(f"GET /waits HTTP/1.1\r\n{HOST}")
    await street.reached()
    stopping = asyncio.ensure_future(street.served.stop(deadline_s=5))
    await asyncio.sleep(0.15)
    assert await idle.rest() == b""
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset
        await street.wire()
    street.application.go.set()
    assert (await wire.response())[2] == b"GET /waits? "
    await asyncio.wait_for(stopping, 5)


async def test_stopping_has_a_deadline(street):
    wire = await street.wire()
    await wire.send(f"GET /waits HTTP/1.1\r\n{HOST}")
    await street.reached()
    await asyncio.wait_for(street.served.stop(deadline_s=0.2), 5)
    await asyncio.wait_for(street.application.gone.wait(), 5)


async def test_a_taken_port_is_named(street, kind):
    settings = ServerSettings(port=street.served.port, server=kind)
    with pytest.raises(AddressUnusable, match=rf"Port {street.served.port} on 127\.0\.0\.1 is taken"):
        await serve(street.application, settings)
    with pytest.raises(AddressUnusable, match=r"192\.0\.2\.1"):
        await serve(street.application, ServerSettings(host="192.0.2.1", port=0, server=kind))
    with pytest.raises(AddressUnusable, match="looked up"):
        await serve(street.application, ServerSettings(host="nowhere.invalid", port=0, server=kind))


async def test_an_observer_is_told(start, kind):
    told = []
    street = await start(
        server=kind, observer=lambda request, status, size: told.append((request.path, status, size))
    )
    async with aiohttp.ClientSession(street.url) as session:
        for path in ("/a", "/slow", "/nothing", "/stream"):
            async with session.get(path) as response:
                await response.read()
    assert told == [("/a", 200, 8), ("/slow", 200, 11), ("/nothing", 204, 0), ("/stream", 200, -1)]


async def test_tls(start, kind):
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    street = await start(server=kind, tls=server_side)
    async with (
        aiohttp.ClientSession(f"https://localhost:{street.served.port}") as session,
        session.post("/a", data=b"x" * 100_000, ssl=client_side) as response,
    ):
        assert len(await response.read()) == 100_009


async def test_other_paths_belong_to_other_apps(start, kind):
    async def other(scope, receive, send):
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"other")]})
        if scope["path"] == "/parts":
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            await send({"type": "http.response.body", "body": b"b", "more_body": True})
        path = scope["path"].encode()
        await send({"type": "http.response.body", "body": path + b" " + message["body"]})

    street = await start(server=kind, others=other)
    async with aiohttp.ClientSession(street.url) as session:
        async with session.post("/docs/å", data=b"hi") as response:
            assert response.headers["x-app"] == "other"
            assert await response.read() == "/docs/å hi".encode()
        async with session.get("/parts") as response:
            assert await response.read() == b"ab/parts "
        async with session.get("/ngsi-ld/v1/entities") as response:
            assert "x-app" not in response.headers
        async with session.get("/ngsi-ld/v1x") as response:
            assert response.headers["x-app"] == "other"


async def test_a_starlette_app_is_served(start, kind):
    ended = asyncio.Event()

    async def ticks():
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    async def broken():
        yield b"a"
        raise ZeroDivisionError

    others = Starlette(
        routes=[
            StarletteRoute("/page", lambda request: HTMLResponse(f"<p>{request.url.path}</p>")),
            StarletteRoute("/ticks", lambda _: StreamingResponse(ticks())),
            StarletteRoute("/broken", lambda _: StreamingResponse(broken())),
        ]
    )
    street = await start(server=kind, others=others)
    async with aiohttp.ClientSession(street.url) as session:
        async with session.get("/page") as response:
            assert await response.text() == "<p>/page</p>"
            assert response.headers.getall("Content-Length") == ["12"]
        async with session.head("/page") as response:
            assert (response.status, await response.read()) == (200, b"")
        async with session.get("/nothing-here") as response:
            assert response.status == 404
        response = await session.get("/ticks")
        assert await response.content.readline() == b"tick\n"
        response.close()
        await asyncio.wait_for(ended.wait(), 5)
        async with session.get("/broken") as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()


async def test_the_access_log_is_off_unless_it_is_asked_for(start, kind, caplog):
    caplog.set_level(logging.INFO)
    for wanted in (False, True):
        street = await start(server=kind, access_log=wanted)
        async with aiohttp.ClientSession(street.url) as session, session.get("/a?secret=1") as response:
            await response.read()
        lines = [record.getMessage() for record in caplog.records if record.name == "samstad.access"]
        assert lines == (["127.0.0.1 GET /a 200 16"] if wanted else [])
