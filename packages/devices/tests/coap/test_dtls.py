"""DTLS with pre-shared keys, against another implementation of it, and against whoever has no key."""

from __future__ import annotations

import asyncio
import shutil
import socket
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.gateway.coap import CoapBounds, CoapServer, PushResource, SecureSockets
from samstad_devices.gateway.coap.dtls import answer_to_stranger
from samstad_devices.gateway.coap.dtls.records import Window, read_records
from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.keys import Key, KeyFacts

DEVICE = "urn:ngsi-ld:Device:a:1"
PSK = bytes(range(16))
CON_POST = bytes.fromhex("40020001") + b"\xb4push\xff" + b'{"level": 5}'
"""A request of CoAP: confirmable, POST /push, no token, message id 1."""

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


class Keys:
    """One device's key."""

    ends_us = 10**18

    async def use(self, key_id, kind, *, now_us):
        if (key_id, kind) != ("box-1", "psk") or now_us >= self.ends_us:
            raise CredentialRefused("The key is not known here.")
        return Key(KeyFacts("box-1", DEVICE, "psk", 0, self.ends_us), PSK)


class Foreign:
    """A client by OpenSSL."""

    def __init__(self, process) -> None:
        self._process = process
        self.told = b""

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(30):
            while text not in self.told:
                more = await self._process.stdout.read(4_096)
                assert more, self.told
                self.told += more

    async def say(self, content: bytes) -> None:
        self._process.stdin.write(content)
        await self._process.stdin.drain()

    async def end(self) -> int:
        self._process.stdin.close()
        if self._process.returncode is None:
            self._process.kill()
        return await self._process.wait()


@pytest.fixture
def keys():
    return Keys()


@pytest.fixture
async def secure(keys, taken, clock):
    bounds = CoapBounds(networks=(ip_network("127.0.0.0/8"),), per_second=1_000)
    server = CoapServer(bounds, now_us=clock.now_us)
    sockets = SecureSockets(keys, now_us=clock.now_us)
    await server.open(
        [(("push",), PushResource(bounds, ingest=taken, credentials=None, now_us=clock.now_us))]
    )
    sockets.port = await server.listen_securely("127.0.0.1", 0, sockets)
    yield sockets
    await server.close()


@pytest.fixture
async def foreign(secure):
    started = []

    async def start(identity="box-1", psk=PSK, suite="PSK-AES128-CCM8"):
        process = await asyncio.create_subprocess_exec(
            *("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{secure.port}"),
            *("-psk", psk.hex(), "-psk_identity", identity, "-cipher", f"{suite}:@SECLEVEL=0"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        started.append(Foreign(process))
        return started[-1]

    yield start
    for one in started:
        await one.end()


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.01)


@needs_openssl
@pytest.mark.parametrize("suite", ["PSK-AES128-CCM8", "PSK-AES128-GCM-SHA256"])
async def test_another_implementation_opens_a_session_and_is_its_device(secure, foreign, taken, suite):
    client = await foreign(suite=suite)
    await client.until(b"Verify return code")
    await client.say(CON_POST)
    await until(lambda: taken.messages)
    ((way, uplink),) = taken.messages
    assert (way, str(uplink.device), uplink.payload) == ("coaps", f"entity:{DEVICE}", b'{"level": 5}')
    assert secure.figures()["opened"] == 1
    assert secure.figures()["failed"] == 0


@needs_openssl
@pytest.mark.parametrize("told", [{"psk": bytes(16)}, {"identity": "box-2"}])
async def test_who_has_not_the_key_gets_no_session(secure, foreign, taken, told):
    client = await foreign(**told)
    await client.until(b"alert")
    await until(lambda: secure.figures()["failed"])
    assert secure.figures()["opened"] == 0
    assert taken.messages == []


@needs_openssl
async def test_a_cipher_that_is_not_spoken_is_refused(secure, foreign):
    await foreign(suite="PSK-AES256-CBC-SHA")
    await until(lambda: secure.figures()["refused"])
    assert secure.figures()["sessions"] == 0


@needs_openssl
async def test_a_key_that_ends_takes_its_sessions_along(secure, foreign, taken):
    client = await foreign()
    await client.until(b"Verify return code")
    await until(lambda: secure.figures()["sessions"])
    secure.revoke(DEVICE, "another")
    assert secure.figures()["sessions"] == 1
    secure.revoke(DEVICE)
    assert secure.figures()["sessions"] == 0
    await client.until(b"closed")
    assert taken.messages == []


@needs_openssl
async def test_a_key_whose_time_is_over_takes_its_sessions_along(secure, foreign, taken, keys, clock):
    keys.ends_us = clock.us + 1_000_000
    client = await foreign()
    await client.until(b"Verify return code")
    await until(lambda: secure.figures()["sessions"])
    clock.us += 1_000_000
    await client.say(CON_POST)
    await until(lambda: not secure.figures()["sessions"])
    assert taken.messages == []


async def test_garbage_opens_nothing_and_is_answered_by_nothing(secure, taken):
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0)
        sock.connect(("127.0.0.1", secure.port))
        for garbage in (
            b"",
            b"\x16" * 13,
            b"\x17\xfe\xfd" + bytes(10),
            CON_POST,
            hello(cookie=b"x" * 16)[:-3],
        ):
            sock.send(garbage)
        sock.send(hello(cookie=b"x" * 16))
        async with asyncio.timeout(30):
            answer = await loop.sock_recv(sock, 2_048)
    (record,) = read_records(answer)
    assert record.fragment[0] == 3, "only the hello is answered, by a cookie"
    assert len(answer) <= len(hello(cookie=b""))
    assert secure.figures()["sessions"] == 0
    assert taken.messages == []


def hello(*, cookie: bytes, random: bytes = bytes(32)) -> bytes:
    body = b"\xfe\xfd" + random + b"\x00" + bytes([len(cookie)]) + cookie + b"\x00\x02\xc0\xa8" + b"\x01\x00"
    size = len(body).to_bytes(3)
    told = b"\x01" + size + b"\x00\x00" + bytes(3) + size + body
    return b"\x16\xfe\xfd" + bytes(8) + len(told).to_bytes(2) + told


def test_a_cookie_is_of_one_address_and_one_hello():
    told, nobody = answer_to_stranger(hello(cookie=b""), address="a:1", secret=b"s")
    assert nobody is None
    (record,) = read_records(told)
    cookie = record.fragment[-16:]
    assert answer_to_stranger(hello(cookie=cookie), address="a:1", secret=b"s")[1] is not None
    for wrong in ({"address": "a:2", "secret": b"s"}, {"address": "a:1", "secret": b"t"}):
        assert answer_to_stranger(hello(cookie=cookie), **wrong)[1] is None
    other = hello(cookie=cookie, random=bytes([1] * 32))
    assert answer_to_stranger(other, address="a:1", secret=b"s")[1] is None


@given(st.binary(max_size=200))
def test_any_datagram_of_a_stranger_is_borne(datagram):
    for told in (
        datagram,
        hello(cookie=b"")[:30] + datagram,
        b"\x16\xfe\xfd" + bytes(8) + b"\x00\x20" + datagram,
    ):
        answer, begun = answer_to_stranger(told, address="a:1", secret=b"s")
        assert begun is None
        assert len(answer) <= max(60, len(told))


def test_no_number_is_taken_twice_and_none_from_long_ago():
    window = Window()
    for number in (0, 1, 5, 3, 70):
        assert window.is_new(number)
        window.take(number)
        assert not window.is_new(number)
    assert window.is_new(69)
    assert not window.is_new(6)
