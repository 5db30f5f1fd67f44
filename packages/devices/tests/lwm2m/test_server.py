"""A client registers, is observed, read, written and run, over real sockets."""

from __future__ import annotations

import asyncio

import pytest
from aiocoap import Code

from samstad_devices.domain.lwm2m.values import read_values
from samstad_devices.domain.messages import Joined, Uplink
from samstad_devices.gateway.lwm2m import Lwm2mRoute
from samstad_devices.spi.frame_store import StoreFull
from samstad_devices.spi.routes import Downlink, RouteAway, RouteRefused

DEVICE = "urn:ngsi-ld:Device:a:1"


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - another socket changes it
            await asyncio.sleep(0.01)


def told(uplink):
    return read_values(uplink.payload, content_format=uplink.content_format, path=uplink.path)


async def test_a_client_registers_and_what_it_measures_arrives(serving, thing):
    async with thing() as client:
        answer = await client.register()
        assert answer.code == Code.CREATED
        assert answer.opt.location_path[0] == "rd"
        messages = await serving.taken.until(3)
        assert {way for way, _ in messages} == {"lwm2m"}
        assert isinstance(messages[0][1], Joined)
        assert told(messages[1][1]) == {"/3303/0/5700": 21.5}
        assert told(messages[2][1]) == {"/3416/0/1": 50}
        client.temperature.change(bytes.fromhex("e4164441b00000"))
        last = (await serving.taken.until(4))[3][1]
        assert isinstance(last, Uplink)
        assert (str(last.device), told(last)) == (f"entity:{DEVICE}", {"/3303/0/5700": 22.0})
        assert serving.operations.refused == 0


async def test_a_notification_is_acknowledged_only_when_it_is_durable(serving, thing):
    async with thing() as client:
        await client.register()
        await serving.taken.until(3)
        serving.taken.error = StoreFull("The disk is full.")
        serving.taken.more.clear()
        client.temperature.change(bytes.fromhex("e4164441b00000"))
        async with asyncio.timeout(30):
            await serving.taken.more.wait()
        (interface,) = client.context.request_interfaces
        assert interface.token_interface._active_exchanges, "the client must go on repeating"
        serving.taken.error = None
        # The repetition comes, is kept, and is acknowledged.
        await serving.taken.until(4)
        await until(lambda: not interface.token_interface._active_exchanges)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("ep=node-1", Code.FORBIDDEN),
        ("ep=node-1&token=two", Code.FORBIDDEN),
        ("ep=node-1&token=nobody", Code.FORBIDDEN),
        ("ep=node-3&token=one", Code.FORBIDDEN),
        ("ep=stranger&token=one", Code.FORBIDDEN),
        ("token=one", Code.BAD_REQUEST),
        ("ep=node-1&token=one&lwm2m=7", Code.BAD_REQUEST),
    ],
)
async def test_nobody_registers_as_somebody_else(serving, thing, query, code):
    async with thing() as client:
        assert (await client.register(query)).code == code
    assert len(serving.clients) == 0
    assert serving.taken.messages == []


async def test_a_registration_is_updated_ends_and_is_over_when_its_time_is(serving, thing, clock):
    async with thing() as client:
        path = "/".join((await client.register()).opt.location_path)
        await serving.taken.until(3)
        clock.us += 299_000_000
        assert (await client.say(Code.POST, f"{path}?lt=600")).code == Code.CHANGED
        clock.us += 599_000_000
        assert serving.clients.expire() == 0
        clock.us += 2_000_000
        assert (await client.say(Code.POST, path)).code == Code.NOT_FOUND
        assert serving.clients.expire() == 1
        with pytest.raises(RouteAway, match="not registered"):
            await serving.operations.read(DEVICE, "/3303/0")
        path = "/".join((await client.register()).opt.location_path)
        await serving.taken.until(6)
        assert (await client.say(Code.DELETE, path)).code == Code.DELETED
        assert (await client.say(Code.DELETE, path)).code == Code.NOT_FOUND
        assert len(serving.clients) == 0


async def test_a_device_that_is_lost_is_registered_no_more(serving, thing):
    async with thing() as client:
        path = "/".join((await client.register()).opt.location_path)
        await serving.taken.until(3)
        serving.clients.end("urn:ngsi-ld:Device:a:2")
        assert len(serving.clients) == 1
        serving.clients.end(DEVICE)
        assert (await client.say(Code.POST, path)).code == Code.NOT_FOUND
        with pytest.raises(RouteAway):
            await serving.operations.execute(DEVICE, "/3/0/4")
        assert client.reboot.runs == 0


async def test_a_client_is_read_written_and_run(serving, thing):
    async with thing() as client:
        await client.register()
        await serving.taken.until(3)
        assert await serving.operations.read(DEVICE, "/3303/0") == {"/3303/0/5700": 21.5}
        await serving.operations.write(DEVICE, "/3416/0", {1: 80})
        assert client.lamp.written == [(11_542, bytes.fromhex("c10150"))]
        await serving.operations.execute(DEVICE, "/3/0/4")
        assert client.reboot.runs == 1
        with pytest.raises(RouteRefused, match=r"4\.04"):
            await serving.operations.read(DEVICE, "/3304/0")


async def test_commands_go_to_a_client_that_is_awake(serving, thing, clock):
    route = Lwm2mRoute(serving.operations, now_us=clock.now_us)

    def order(payload):
        return Downlink(
            "urn:c:1",
            DEVICE,
            frozenset(),
            "lwm2m",
            payload,
            port=1,
            is_acknowledged=True,
            ends_us=clock.us + 1,
        )

    assert not route.is_open(DEVICE, "lwm2m")
    async with thing() as client:
        path = "/".join(
            (
                await client.register("ep=node-1&lwm2m=1.1&b=U&Q&token=one", b"</>;ct=11542,</3416/0>")
            ).opt.location_path
        )
        assert route.is_open(DEVICE, "")
        payload = b'{"command": "urn:c:1", "path": "/3416/0", "write": {"1": 20}}'
        assert await route.send(order(payload)) == "urn:c:1"
        assert client.lamp.written == [(11_542, bytes.fromhex("c10114"))]
        for wrong in (b"{}", b"[]", b'{"path": "/3416/0"}', b'{"path": "/3416/0", "write": {"1": "a"}}'):
            with pytest.raises(RouteRefused):
                await route.send(order(wrong))
        clock.us += 94_000_000
        assert not route.is_open(DEVICE, "")
        await client.say(Code.POST, path)
        assert route.is_open(DEVICE, "")
        assert [one.device_id for one in serving.awake] == [DEVICE, DEVICE]
