from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from samstad_devices.gateway.mqtt.endpoint import MqttEndpoint
from samstad_devices.spi.credentials import Credential, CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable

DEVICE = "urn:ngsi-ld:Device:street:1"
TOKENS = {
    "one": Credential("a", DEVICE, "device"),
    "two": Credential("b", "urn:ngsi-ld:Device:street:2", "device"),
    "net": Credential("c", "city-lora", "chirpstack"),
}


class Tokens:
    async def judge(self, token, *, now_us):  # noqa: ARG002 - the port's
        await asyncio.sleep(0)
        if token not in TOKENS:
            raise CredentialRefused("The token is not known here.")
        return TOKENS[token]


@dataclass
class Shelf:
    """Keeps messages; nothing is durable before ``commit``, or at once where ``is_quick``."""

    is_quick: bool = True
    is_broken: bool = False
    kept: list = field(default_factory=list)
    waiting: list[tuple[object, asyncio.Future[bool]]] = field(default_factory=list)

    def offer(self, message):
        if self.is_broken:
            raise StoreUnavailable("The disk is full.")
        durable = asyncio.get_running_loop().create_future()
        self.waiting.append((message, durable))
        if self.is_quick:
            self.commit()
        return durable

    def commit(self, *, error: Exception | None = None) -> None:
        taken, self.waiting = self.waiting, []
        for message, durable in taken:
            if error is not None:
                durable.set_exception(error)
            else:
                self.kept.append(message)
                durable.set_result(True)


@dataclass
class Clock:
    us: int = 1_764_036_000_000_000

    def now_us(self) -> int:
        return self.us


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
async def endpoint(shelf, clock):
    endpoint = MqttEndpoint(Tokens(), shelf.offer, now_us=clock.now_us, connections=8)
    await endpoint.listen(host="127.0.0.1", port=0)
    yield endpoint
    await endpoint.close()


async def until(condition: Callable[[], object], *, within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - threads and sockets change it
            await asyncio.sleep(0.005)


@pytest.fixture
def wait_until():
    return until
