from __future__ import annotations

from contextlib import asynccontextmanager
from ipaddress import ip_network

import aiocoap
import pytest

from samstad_devices.gateway.coap import CoapBounds, CoapServer, PushResource
from samstad_devices.spi.credentials import Credential, CredentialRefused

LOOPBACK = (ip_network("127.0.0.0/8"),)
DEVICE = "urn:ngsi-ld:Device:a:1"


class Taken:
    """Stands for ingest: keeps what is taken, or raises what it is told to."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, object]] = []
        self.error: Exception | None = None

    async def take(self, way, message):
        if self.error:
            raise self.error
        self.messages.append((way, message))
        return True


class Known:
    """Credentials: one device's, one network's."""

    async def judge(self, token, *, now_us):  # noqa: ARG002 - the port's
        if token == "device":
            return Credential("1", DEVICE, "device")
        if token == "network":
            return Credential("2", "city-lora", "chirpstack")
        raise CredentialRefused("The token is not known here.")


class Clock:
    us = 1_764_036_000_000_000

    def now_us(self) -> int:
        return self.us


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def taken():
    return Taken()


@pytest.fixture
def serving(taken, clock):
    @asynccontextmanager
    async def serve(**bounds):
        chosen = CoapBounds(**{"networks": LOOPBACK, **bounds})
        server = CoapServer(chosen, now_us=clock.now_us)
        push = PushResource(chosen, ingest=taken, credentials=Known(), now_us=clock.now_us)
        await server.open([(("push",), push)])
        try:
            port = await server.listen("127.0.0.1", 0)
            yield server, f"coap://127.0.0.1:{port}"
        finally:
            await server.close()

    return serve


@pytest.fixture
async def client():
    context = await aiocoap.Context.create_client_context(transports=["simple6"])
    yield context
    await context.shutdown()
