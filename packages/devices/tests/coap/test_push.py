"""A device pushes over CoAP on real sockets: kept before it is told, and nothing of strangers."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_network

import aiocoap
import pytest
from aiocoap import Code

from samstad_devices.gateway.coap import PortTaken
from samstad_devices.spi.frame_store import StoreFull

DEVICE = "entity:urn:ngsi-ld:Device:a:1"


async def ask(client, uri, payload=b"", *, code=Code.POST, form=None):
    request = aiocoap.Message(code=code, uri=uri, payload=payload)
    if form is not None:
        request.opt.content_format = form
    async with asyncio.timeout(30):
        return await client.request(request).response


@pytest.mark.parametrize("code", [Code.POST, Code.PUT])
async def test_what_a_device_sends_is_kept_before_it_is_told(serving, client, taken, code):
    async with serving() as (_, uri):
        answer = await ask(
            client, f"{uri}/push?token=device&key=a", b'[{"n":"t","v":1}]', code=code, form=110
        )
    assert (answer.code, answer.payload) == (Code.CHANGED, b"")
    ((way, uplink),) = taken.messages
    assert (way, str(uplink.device), uplink.payload) == ("coap", DEVICE, b'[{"n":"t","v":1}]')
    assert (uplink.content_format, uplink.deduplication) == (110, "a")


@pytest.mark.parametrize(
    ("query", "payload", "code", "told"),
    [
        ("", b"1", Code.UNAUTHORIZED, b"?token="),
        ("?token=stranger", b"1", Code.UNAUTHORIZED, b"not known"),
        ("?token=network", b"1", Code.UNAUTHORIZED, b"no device's"),
        ("?token=device", b"", Code.BAD_REQUEST, b"no payload"),
        ("?token=device&key=" + "k" * 129, b"1", Code.BAD_REQUEST, b"at most 128"),
    ],
)
async def test_what_is_not_right_is_told_and_not_kept(serving, client, taken, query, payload, code, told):  # noqa: PLR0917 - cases
    async with serving() as (_, uri):
        answer = await ask(client, f"{uri}/push{query}", payload)
    assert answer.code == code
    assert told in answer.payload
    assert taken.messages == []


async def test_a_full_disk_is_told_as_a_service_that_comes_back(serving, client, taken):
    taken.error = StoreFull("The disk is full.")
    async with serving() as (_, uri):
        answer = await ask(client, f"{uri}/push?token=device", b"1")
    assert (answer.code, answer.opt.max_age) == (Code.SERVICE_UNAVAILABLE, 30)
    assert taken.messages == []


async def test_a_long_message_comes_in_blocks_and_a_longer_one_is_refused(serving, client, taken):
    async with serving(payload_bytes=5_000) as (_, uri):
        assert (await ask(client, f"{uri}/push?token=device", b"x" * 5_000)).code == Code.CHANGED
        answer = await ask(client, f"{uri}/push?token=device", b"x" * 5_001)
    assert answer.code == Code.REQUEST_ENTITY_TOO_LARGE
    assert [len(uplink.payload) for _, uplink in taken.messages] == [5_000]


async def test_messages_that_are_never_finished_have_a_bound(serving, client, taken):
    async with serving(assemblies=3) as (_, uri):
        for number in range(5):
            request = aiocoap.Message(
                code=Code.POST, uri=f"{uri}/push?token=device&key={number}", payload=b"x" * 1_024
            )
            request.opt.block1 = (0, True, 6)
            answer = await client.request(request, handle_blockwise=False).response
            assert answer.code == (Code.CONTINUE if number < 3 else Code.SERVICE_UNAVAILABLE)
        assert (await ask(client, f"{uri}/push?token=device", b"1")).code == Code.CHANGED
    assert len(taken.messages) == 1


async def test_who_is_not_of_an_allowed_network_gets_no_answer(serving, client, taken):
    async with serving(networks=(ip_network("10.0.0.0/8"),)) as (server, uri):
        asking = asyncio.create_task(ask(client, f"{uri}/push?token=device", b"1"))
        while not server.door.dropped["network"]:  # noqa: ASYNC110 - a datagram
            await asyncio.sleep(0.01)
        asking.cancel()
    assert taken.messages == []


async def test_a_flood_of_one_address_is_dropped_and_time_heals_it(serving, client, taken, clock):
    async with serving(per_second=1) as (server, uri):
        for _ in range(4):
            assert (await ask(client, f"{uri}/push?token=device", b"1")).code == Code.CHANGED
        asking = asyncio.create_task(ask(client, f"{uri}/push?token=device", b"2"))
        while not server.door.dropped["rate"]:  # noqa: ASYNC110 - a datagram
            await asyncio.sleep(0.01)
        assert len(taken.messages) == 4
        clock.us += 10_000_000
        # The client repeats what was not answered.
        assert (await asking).code == Code.CHANGED
    assert [uplink.payload for _, uplink in taken.messages][-1] == b"2"


async def test_garbage_stops_nothing(serving, client, taken):
    async with serving() as (server, uri):
        host, _, port = uri.removeprefix("coap://").partition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for garbage in (
                b"",
                b"\x00",
                b"\x41",
                b"\xff" * 40,
                b"\x40\x02\x00\x01\xff",
                b"\x49" * 20,
                b"x" * 3_000,
            ):
                sock.sendto(garbage, (host, int(port)))
        assert (await ask(client, f"{uri}/push?token=device", b"1")).code == Code.CHANGED
        assert server.door.dropped["size"] == 1
    assert len(taken.messages) == 1


async def test_a_port_that_is_taken_is_told(serving):
    async with serving() as (server, uri):
        with pytest.raises(PortTaken, match="cannot be listened on"):
            await server.listen("127.0.0.1", int(uri.rpartition(":")[2]))
