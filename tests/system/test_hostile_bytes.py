"""Bytes that a running node must read in one way alone, from clients with a valid key."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlsplit

import aiohttp
import pytest
from yarl import URL

pytestmark = pytest.mark.system

ENTITIES = "/ngsi-ld/v1/entities"


@pytest.fixture
def node(shared_node):
    return shared_node


@pytest.fixture
async def client(node):
    async with aiohttp.ClientSession(headers={"X-API-Key": node.key}) as session:
        yield session


def lamp(name: str, **attributes: object) -> bytes:
    return json.dumps({"id": f"urn:ngsi-ld:Lamp:{name}", "type": "Lamp", **attributes}).encode()


def post(node, body: bytes, *headers: str) -> bytes:
    """Return a request that makes an entity; without further headers it has its length."""
    lines = [
        f"POST {ENTITIES} HTTP/1.1", "Host: a", f"X-API-Key: {node.key}", "Content-Type: application/json",
        *(headers or (f"Content-Length: {len(body)}",)),
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ending(node, body: bytes) -> bytes:
    """Return a request after which the node ends the connection."""
    return post(node, body, f"Content-Length: {len(body)}", "Connection: close")


async def converse(node, sent: bytes) -> bytes:
    """Send bytes, nothing more, and return all that comes until the node ends the connection."""
    parts = urlsplit(node.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(30):
            writer.write(sent)
            await writer.drain()
            return await reader.read()
    finally:
        writer.close()


async def cut_off(node, sent: bytes) -> None:
    """Send bytes and go."""
    parts = urlsplit(node.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(sent)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def statuses(answer: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)


async def is_there(node, client, name: str) -> bool:
    async with client.get(f"{node.url}{ENTITIES}/urn:ngsi-ld:Lamp:{name}") as answer:
        return answer.status == 200


CHUNKED = "Transfer-Encoding: chunked"
AMBIGUOUS = [
    pytest.param(("Content-Length: 5", CHUNKED), id="a length and chunks"),
    pytest.param((CHUNKED, "Content-Length: 5"), id="chunks and a length"),
    pytest.param(("Content-Length: 5", "Content-Length: 6"), id="two lengths"),
    pytest.param(("Transfer-Encoding:", " chunked"), id="a folded line"),
    pytest.param(("Content-Length : 5",), id="a space before the colon"),
    pytest.param(("Transfer-Encoding: chunked, identity",), id="a coding behind chunks"),
]


@pytest.mark.parametrize("framing", AMBIGUOUS)
async def test_nothing_is_smuggled_past_a_request_with_two_readings(node, client, framing):
    hidden = post(node, lamp("smuggled"))
    answer = await converse(node, post(node, b"0\r\n\r\n" + hidden, *framing))
    assert statuses(answer) in ([b"400"], [b"501"])
    assert not await is_there(node, client, "smuggled")


async def test_pipelined_writes_are_all_kept_and_answered_in_order(node, client):
    names = [f"in-a-row-{number}" for number in range(8)]
    sent = b"".join(post(node, lamp(name)) for name in names)
    answer = await converse(node, sent + post(node, lamp(names[0])) + ending(node, b"{"))
    assert statuses(answer) == [b"201"] * 8 + [b"409", b"400"]
    assert all([await is_there(node, client, name) for name in names])


async def test_a_write_that_is_cut_off_leaves_nothing(node, client):
    body = lamp("half", a={"type": "Property", "value": "x" * 1000})
    whole = post(node, body)
    for length in (len(whole) - 1, len(whole) - 500, 60, 5):
        await cut_off(node, whole[:length])
    assert not await is_there(node, client, "half")
    assert statuses(await converse(node, ending(node, body))) == [b"201"]


FLOODS = [
    pytest.param([f"X-{number}: a" for number in range(5_000)], id="many headers"),
    pytest.param(["X: " + "a" * 1_000_000], id="a long header"),
    pytest.param(["Cookie: " + "a=b; " * 100_000], id="many cookies"),
]


@pytest.mark.parametrize("headers", FLOODS)
async def test_floods_of_headers_are_refused_by_their_name(node, client, headers):
    body = lamp("flood")
    answer = await converse(node, post(node, body, f"Content-Length: {len(body)}", *headers))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert not await is_there(node, client, "flood")


TARGETS = [
    pytest.param("/urn:x:%ED%A0%80", "entityId", id="half a character"),
    pytest.param("/urn:x:a%00b", "entityId", id="NUL"),
    pytest.param("/%C0%AF", "entityId", id="overlong"),
    pytest.param("/urn:x:%", "entityId", id="half an escape"),
    pytest.param("?type=%FF", "type", id="a type that is no text"),
    pytest.param("?type=L&limit=99999999999999999999", "limit", id="a limit beyond all"),
    pytest.param("?type=L&limit=%D9%A3", "limit", id="a limit in other digits"),
    pytest.param("?type=L&offset=-1", "offset", id="before the first"),
    pytest.param("?type=L&offset=1e3", "offset", id="an offset that is no number"),
    pytest.param("?type=L&type=M", "type", id="a parameter twice"),
    pytest.param("?type=L&q=a==1e999", "q", id="an infinite number"),
    pytest.param("?type=L&geometry=Point&coordinates=%5BNaN,1%5D&georel=within", "coordinates", id="NaN"),
    pytest.param("?type=L&geometry=Point&coordinates=%5B999,1%5D&georel=within", "coordinates", id="nowhere"),
    pytest.param(
        "?type=L&geometry=Polygon&coordinates=%5B%5B%5B0,0%5D,%5B1,1%5D,%5B0,1%5D,%5B1,0%5D,%5B0,0%5D%5D%5D"
        "&georel=within",
        "coordinates",
        id="a bow",
    ),
]


@pytest.mark.parametrize(("target", "pointer"), TARGETS)
async def test_addresses_that_are_none_are_refused_by_the_part_that_is_wrong(node, client, target, pointer):
    async with client.get(URL(f"{node.url}{ENTITIES}{target}", encoded=True)) as answer:
        problem = await answer.json()
        assert (answer.status, problem["pointer"]) == (400, pointer)
        assert problem["type"].endswith(("InvalidRequest", "BadRequestData"))
        assert len(problem["detail"]) > 10


async def test_an_offset_beyond_the_end_is_an_empty_page(node, client):
    async with client.get(f"{node.url}{ENTITIES}?type=Nothing&limit=1000&offset=999999999999999") as answer:
        assert (answer.status, await answer.json()) == (200, [])
        assert 'rel="next"' not in str(answer.headers.getall("Link", []))


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=utf-16", ";;;"])
async def test_other_media_types_and_compressed_content_are_not_read(node, client, kind):
    body = lamp("medium")
    for headers in (
        {"Content-Type": kind},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ):
        async with client.post(node.url + ENTITIES, data=body, headers=headers) as answer:
            assert answer.status == 415
    assert not await is_there(node, client, "medium")


def rectangle(west: float, east: float) -> list:
    return [[[west, -10], [east, -10], [east, 10], [west, 10], [west, -10]]]


async def test_a_place_on_either_side_of_the_antimeridian_is_told_as_it_was_given(node, client):
    places = {"east": 179.5, "west": -179.5, "zero": 0.0}
    for name, longitude in places.items():
        point = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [longitude, 0]}}
        body = json.loads(lamp(name, location=point)) | {"type": "Buoy"}
        async with client.post(node.url + ENTITIES, json=body) as answer:
            assert answer.status == 201
    parts = [rectangle(170, 180), rectangle(-180, -170)]
    query = {
        "type": "Buoy", "georel": "within", "geometry": "MultiPolygon", "coordinates": json.dumps(parts),
        "format": "simplified",
    }  # fmt: skip
    async with client.get(node.url + ENTITIES, params=query) as answer:
        found = {one["location"]["coordinates"][0] for one in await answer.json()}
    assert found == {179.5, -179.5}


async def test_a_member_that_stands_twice_counts_once_and_as_it_stands_last(node, client):
    body = b'{"id":"urn:ngsi-ld:Lamp:first","type":"Lamp","id":"urn:ngsi-ld:Lamp:last"}'
    headers = {"Content-Type": "application/json"}
    async with client.post(node.url + ENTITIES, data=body, headers=headers) as answer:
        assert answer.status == 201
        assert answer.headers["Location"].endswith("urn:ngsi-ld:Lamp:last")
    assert await is_there(node, client, "last")
    assert not await is_there(node, client, "first")
