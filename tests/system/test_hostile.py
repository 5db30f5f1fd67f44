"""What hostile, broken and careless clients send: each is told what was wrong, and nobody else waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

import aiohttp
import pytest

pytestmark = pytest.mark.system

ENTITIES = "/ngsi-ld/v1/entities"
LAMP = "urn:ngsi-ld:Lamp:hostile"
CALM_S = 2.0
"""Far more than a request takes on a busy machine, and far less than what is sent would cost unbounded."""


@pytest.fixture
def node(shared_node):
    return shared_node


@pytest.fixture
async def client(node):
    async with aiohttp.ClientSession(headers={"X-API-Key": node.key}) as session:
        yield session
        await session.delete(f"{node.url}{ENTITIES}/{LAMP}")


def lamp(text: str) -> bytes:
    """Return a lamp whose attribute's value is written as it is given."""
    return b'{"id":"%s","type":"Lamp","a":{"type":"Property","value":%s}}' % (LAMP.encode(), text.encode())


BODIES = [
    pytest.param(b"", 400, id="nothing"),
    pytest.param(b"{", 400, id="half an object"),
    pytest.param(b'{"id":1e999}', 400, id="a number too large"),
    pytest.param(lamp("NaN"), 400, id="no number"),
    pytest.param(lamp("1e999"), 400, id="infinite"),
    pytest.param(lamp('"\\ud800"'), 400, id="half a character"),
    pytest.param(b'{"id":"' + LAMP.encode() + b'","type":"Lamp","a":"\xff\xfe"}', 400, id="no UTF-8"),
    pytest.param(b"\xef\xbb\xbf" + lamp("1"), 400, id="byte order mark"),
    pytest.param(b"[" * 100_000 + b"]" * 100_000, 400, id="100 000 brackets"),
    pytest.param(lamp("[" * 5_000 + "]" * 5_000), 400, id="a deep value"),
    pytest.param(b'{"id":"a b","type":"Lamp"}', 400, id="an id that is no URI"),
    pytest.param(b'{"id":"urn:x:1","type":"Lamp","a\\u0000b":{"value":1}}', 400, id="NUL in a name"),
    pytest.param(b'{"id":"urn:x:1","type":"Lamp","@context":"http://[::1"}', 504, id="no URL of a context"),
]


@pytest.mark.parametrize(("body", "status"), BODIES)
async def test_bodies_that_are_none_are_refused_with_a_reason(node, client, body, status):
    media = {"Content-Type": "application/ld+json" if b"@context" in body else "application/json"}
    async with client.post(node.url + ENTITIES, data=body, headers=media) as answer:
        problem = await answer.json()
        assert answer.status == status, problem
        assert len(problem["detail"]) > 10
        assert "Traceback" not in json.dumps(problem)
    async with client.get(f"{node.url}{ENTITIES}/{LAMP}") as answer:
        assert answer.status == 404
    assert node.run["roles"]["broker"]["restarts"] == 0


QUERIES = [
    ("q", 'name~="' + "(a+)+" * 8 + '$"'),
    ("q", 'name~="(' + "a|" * 2_000 + 'b)*c"'),
    ("q", 'name~="(?=.*a){100}"'),
    ("q", ";".join(f"a{number}==1" for number in range(10_000))),
    ("q", "(" * 5_000 + "a==1" + ")" * 5_000),
    ("q", "a[" + "b." * 5_000 + "c]==1"),
    ("type", ",".join(f"T{number}" for number in range(3_000))),
    ("type", "(" * 3_000 + "A" + ")" * 3_000),
    ("scopeQ", "/a" * 5_000),
    ("idPattern", "^(a+)+$"),
    ("orderBy", ",".join(f"a{number}" for number in range(2_000))),
    ("pick", "{".join(["a"] * 2_000)),
    ("coordinates", "[" * 3_000),
]


@pytest.mark.parametrize(("name", "value"), QUERIES, ids=range(len(QUERIES)))
async def test_queries_made_to_be_dear_are_refused_or_cheap(node, client, name, value):
    entities = [
        {"id": f"urn:ngsi-ld:Lamp:{number}", "type": "Lamp", "name": {"type": "Property", "value": "a" * 60}}
        for number in range(50)
    ]
    async with client.post(node.url + "/ngsi-ld/v1/entityOperations/upsert", json=entities) as answer:
        assert answer.status in {201, 204}
    query = {"type": "Lamp", **({"georel": "within", "geometry": "Polygon"} if name == "coordinates" else {})}
    body = "&".join(f"{key}={quote(text, safe='')}" for key, text in {**query, name: value}.items())
    url = f"{node.url}{ENTITIES}?{body}"
    async with asyncio.timeout(30), probing(node), client.get(url) as answer:
        assert answer.status in {200, 400, 403, 414}, await answer.text()


@asynccontextmanager
async def probing(node) -> AsyncIterator[None]:
    """See all the while that somebody else is answered soon."""
    late: list[float] = []
    ends = asyncio.Event()

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as session:
            while not ends.is_set():
                began = loop.time()
                async with session.get(node.url + "/ready") as answer:
                    assert answer.status == 200
                late.append(loop.time() - began)
                await asyncio.sleep(0.02)

    task = asyncio.create_task(ask())
    try:
        yield
    finally:
        ends.set()
        await task
    assert max(late, default=0.0) < CALM_S


async def half_sent(node, data: bytes) -> asyncio.StreamWriter:
    parts = urlsplit(node.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(data)
    await writer.drain()
    return writer


async def test_a_thousand_half_sent_requests_keep_nobody_else_waiting(node, client):
    heads = [
        b"GET /ngsi-ld/v1/entities?type=Lamp HTTP/1.1\r\nHost: x\r\n",
        b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
        b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{",
        b"G",
    ]
    async with probing(node):
        writers = [await half_sent(node, heads[number % 4]) for number in range(1_000)]
        async with client.post(node.url + ENTITIES, json={"id": LAMP, "type": "Lamp"}) as answer:
            assert answer.status == 201
    for writer in writers:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
    async with client.get(f"{node.url}{ENTITIES}/{LAMP}") as answer:
        assert answer.status == 200


async def test_contexts_that_cannot_be_had_are_told_and_cost_nobody_else(node, client):
    open_still: list[asyncio.StreamWriter] = []

    async def answer_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_still.append(writer)

    silent = await asyncio.start_server(answer_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with probing(node):
        for url in (f"http://127.0.0.1:{port}/c", "http://169.254.169.254/latest", "file:///etc/passwd"):
            body = {"id": LAMP, "type": "Lamp", "@context": url}
            media = {"Content-Type": "application/ld+json"}
            async with client.post(node.url + ENTITIES, data=json.dumps(body), headers=media) as answer:
                problem = await answer.json()
                assert answer.status in {400, 503, 504}, problem
                assert "root:" not in json.dumps(problem)
    silent.close()
    for writer in open_still:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in open_still), return_exceptions=True)
    async with client.get(f"{node.url}{ENTITIES}/{LAMP}") as answer:
        assert answer.status == 404


async def test_a_body_larger_than_allowed_is_refused_while_it_comes(node, client):
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 1024 * 1024

    try:
        async with client.post(node.url + ENTITIES, data=parts()) as answer:
            assert answer.status == 413
    except aiohttp.ClientConnectionError:
        pass  # it was cut off while sending: refused as well
    async with client.get(node.url + "/ready") as answer:
        assert answer.status == 200


async def test_two_who_write_one_entity_at_the_same_time_lose_nothing(node, client):
    async with client.post(node.url + ENTITIES, json={"id": LAMP, "type": "Lamp"}) as answer:
        assert answer.status == 201

    async def write(name: str) -> None:
        for number in range(50):
            body = {f"{name}{number}": {"type": "Property", "value": number}}
            async with client.post(f"{node.url}{ENTITIES}/{LAMP}/attrs", json=body) as answer:
                assert answer.status == 204

    await asyncio.gather(write("anna"), write("bo"))
    async with client.get(f"{node.url}{ENTITIES}/{LAMP}?format=simplified") as answer:
        seen = await answer.json()
    assert {name for name in seen if name not in {"id", "type"}} == {
        f"{name}{number}" for name in ("anna", "bo") for number in range(50)
    }
