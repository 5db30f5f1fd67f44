"""A client of LwM2M on a socket of its own: what it serves can be changed, and what it is told is kept."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_network

import aiocoap
import pytest
from aiocoap import Code, Message
from aiocoap.resource import ObservableResource, Resource, Site

from samstad_devices.domain.names import IDENTIFIERS
from samstad_devices.gateway.coap import CoapBounds, CoapServer
from samstad_devices.gateway.lwm2m import Clients, DirectoryResource, Operations, RegistrationResource
from samstad_devices.service.directory import Directory
from samstad_devices.spi.credentials import Credential, CredentialRefused

DEVICE = "urn:ngsi-ld:Device:a:1"
OTHER = "urn:ngsi-ld:Device:a:2"


class Instance(ObservableResource):
    """An object instance in one form."""

    def __init__(self, payload: bytes, form: int) -> None:
        super().__init__()
        self.payload, self.form, self.written = payload, form, []

    async def render_get(self, request):
        assert request.opt.accept == self.form
        return Message(payload=self.payload, content_format=self.form)

    async def render_post(self, request):
        self.written.append((request.opt.content_format, request.payload))
        return Message(code=Code.CHANGED)

    def change(self, payload: bytes) -> None:
        self.payload = payload
        self.updated_state()


class Reboot(Resource):
    runs = 0

    async def render_post(self, request):  # noqa: ARG002 - aiocoap's
        self.runs += 1
        return Message(code=Code.CHANGED)


class Thing:
    """The client."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.temperature = Instance(bytes.fromhex("e4164441ac0000"), 11_542)
        self.lamp = Instance(bytes.fromhex("c10132"), 11_542)
        self.reboot = Reboot()

    async def open(self) -> None:
        site = Site()
        site.add_resource(("3303", "0"), self.temperature)
        site.add_resource(("3416", "0"), self.lamp)
        site.add_resource(("3", "0", "4"), self.reboot)
        self.context = await aiocoap.Context.create_server_context(
            site, bind=("127.0.0.1", 0), transports=["udp6"]
        )

    async def say(self, code, path, payload=b""):
        request = Message(code=code, uri=f"{self.server}/{path}", payload=payload)
        async with asyncio.timeout(30):
            return await self.context.request(request).response

    async def register(
        self, query="ep=node-1&lt=300&lwm2m=1.0&token=one", links=b"</1/0>,</3303/0>,</3416/0>"
    ):
        return await self.say(Code.POST, f"rd?{query}", links)


class Taken:
    def __init__(self) -> None:
        self.messages = []
        self.error: Exception | None = None
        self.more = asyncio.Event()

    async def take(self, way, message):
        self.more.set()
        if self.error:
            raise self.error
        self.messages.append((way, message))
        return True

    async def until(self, count):
        async with asyncio.timeout(30):
            while len(self.messages) < count:
                self.more.clear()
                await self.more.wait()
        return self.messages


class Known:
    async def judge(self, token, *, now_us):  # noqa: ARG002 - the port's
        owners = {"one": DEVICE, "two": OTHER}
        if token not in owners:
            raise CredentialRefused("The token is not known here.")
        return Credential("1", owners[token], "device")


class Clock:
    us = 1_764_036_000_000_000

    def now_us(self) -> int:
        return self.us


def device(entity_id, endpoint, life="inService"):
    return {
        "id": entity_id,
        "type": "Device",
        "lifeCycle": {"type": "Property", "value": life},
        IDENTIFIERS: {"type": "Property", "value": [f"lwm2mEndpoint:{endpoint}"]},
    }


class Serving:
    """The server, and what it is made of."""

    def __init__(self, clock: Clock) -> None:
        bounds = CoapBounds(networks=(ip_network("127.0.0.0/8"),), per_second=1_000)
        self.directory = Directory()
        self.directory.take_devices(
            [device(DEVICE, "node-1"), device(OTHER, "node-2"), device("urn:x:3", "node-3", "lost")]
        )
        self.directory.loaded.set()
        self.taken, self.awake = Taken(), []
        self.server = CoapServer(bounds, now_us=clock.now_us)
        self.clients = Clients(now_us=clock.now_us)
        self.operations = Operations(self.server, self.clients, self.taken)
        self.clients.on_end = self.operations.end
        self.rd = DirectoryResource(
            bounds,
            clients=self.clients,
            directory=self.directory,
            credentials=Known(),
            ingest=self.taken,
            now_us=clock.now_us,
            on_awake=self.awake.append,
            on_offer=self.operations.begin,
        )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def serving(clock):
    served = Serving(clock)
    await served.server.open([(("rd",), served.rd), (("rd",), RegistrationResource(served.rd))])
    served.port = await served.server.listen("127.0.0.1", 0)
    yield served
    await served.operations.close()
    await served.server.close()


@pytest.fixture
def thing(serving):
    @asynccontextmanager
    async def opened():
        one = Thing(f"coap://127.0.0.1:{serving.port}")
        await one.open()
        try:
            yield one
        finally:
            await one.context.shutdown()

    return opened
