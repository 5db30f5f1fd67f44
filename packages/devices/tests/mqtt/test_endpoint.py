"""The endpoint over real sockets: with a foreign client, and with bytes that no client sends."""

from __future__ import annotations

import asyncio

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import DownlinkAnswered, Uplink

DEVICE = "urn:ngsi-ld:Device:street:1"
PINGS = b"\xc0\x00"
SECOND_US = 1_000_000


class Foreign:
    """A device that uses a library of others, in a thread of its own."""

    def __init__(self, endpoint, shows="one", *, version=paho.MQTTv311, client_id="c", clean=True, will=None):
        clean_311 = None if version == paho.MQTTv5 else clean
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, clean_session=clean_311
        )
        self.client.username_pw_set("anybody", shows)
        if will:
            self.client.will_set(*will, qos=1)
        self.connected, self.ended, self.granted, self.acknowledged, self.came = [], [], [], [], []
        self.client.on_connect = lambda _c, _u, flags, code, _p: self.connected.append(
            (str(code), flags.session_present)
        )
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: self.ended.append(str(code))
        self.client.on_subscribe = lambda _c, _u, _m, codes, _p: self.granted.extend(
            code.value for code in codes
        )
        self.client.on_publish = lambda _c, _u, number, _r, _p: self.acknowledged.append(number)
        self.client.on_message = lambda _c, _u, message: self.came.append((message.topic, message.payload))
        self.client.connect("127.0.0.1", endpoint.port, keepalive=30)
        self.client.loop_start()

    async def stop(self) -> None:
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
async def foreign(endpoint):
    made = []

    async def make(*args, **options):
        made.append(await asyncio.to_thread(Foreign, endpoint, *args, **options))
        return made[-1]

    yield make
    for one in made:
        await one.stop()


async def raw(endpoint, *parts: bytes) -> bytes:
    """Send bytes and return all that comes until the endpoint closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def hello(shows: str = "one", version: int = 4) -> bytes:
    properties = b"\x00" if version == 5 else b""
    body = b"\x00\x04MQTT" + bytes((version, 0xC2)) + b"\x00\x1e" + properties + b"\x00\x01r\x00\x01u"
    body += len(shows.encode()).to_bytes(2) + shows.encode()
    return bytes((0x10, len(body))) + body


@pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5])
@pytest.mark.parametrize("qos", [0, 1])
async def test_a_device_publishes_under_its_own_topics(foreign, shelf, wait_until, version, qos):
    device = await foreign(version=version)
    await wait_until(lambda: device.connected == [("Success", False)])
    device.client.publish("d/me/up", b'{"level": 1}', qos=qos)
    device.client.publish("d/me/up/7", b"\x01\x02", qos=qos)
    device.client.publish("d/me/ack", b'{"command": "urn:c:1"}', qos=qos)
    await wait_until(lambda: len(shelf.kept) == 3 and len(device.acknowledged) == 3)
    me = Identifier("entity", DEVICE)
    assert shelf.kept == [
        Uplink(device=me, payload=b'{"level": 1}'),
        Uplink(device=me, payload=b"\x01\x02", port=7),
        DownlinkAnswered(device=me, outcome="acknowledged", reference="urn:c:1"),
    ]
    device.client.publish("d/urn:ngsi-ld:Device:street:2/up", b"9", qos=qos)
    await wait_until(lambda: device.ended)
    assert len(shelf.kept) == 3, "nobody speaks for another device"


async def test_nothing_is_acknowledged_before_it_is_durable_and_then_in_order(endpoint, shelf, wait_until):
    shelf.is_quick = False
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    messages = b"".join(b"\x32\x0b\x00\x07d/me/up" + number.to_bytes(2) for number in (3, 1, 2))
    writer.write(hello() + messages)
    assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
    await wait_until(lambda: len(shelf.waiting) == 3)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    shelf.waiting[1][1].set_result(True)  # the second alone: the first goes before it
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    del shelf.waiting[1]
    shelf.commit()
    acknowledged = await reader.readexactly(12)
    assert [acknowledged[at + 3] for at in (0, 4, 8)] == [3, 1, 2]
    writer.close()


async def test_what_cannot_be_kept_is_never_acknowledged(endpoint, shelf, wait_until):
    shelf.is_quick = False
    message = b"\x32\x0b\x00\x07d/me/up\x00\x01"
    answer = asyncio.create_task(
        raw(endpoint, hello(version=5), message[:1] + b"\x0c" + message[2:] + b"\x00")
    )
    await wait_until(lambda: shelf.waiting)
    shelf.commit(error=OSError("no space"))
    told = await answer
    assert told.endswith(b"\xe0\x02\x89\x00"), "the server is busy: send it again later"
    assert b"\x40\x02" not in told[-8:]
    shelf.is_broken = True
    assert await raw(endpoint, hello(), message) == b"\x20\x02\x00\x00"


async def test_a_wrong_token_is_told_and_counted(foreign, endpoint, wait_until):
    stranger = await foreign("guess")
    await wait_until(lambda: stranger.connected)
    assert stranger.connected[0][0] == "Bad user name or password"
    assert await raw(endpoint, hello("net")) == b"\x20\x02\x00\x04", "a network's token is no device's"
    assert await raw(endpoint, hello("ö")) == b"\x20\x02\x00\x04"
    assert await raw(endpoint, hello("guess", 5)) == b"\x20\x03\x00\x86\x00"
    assert endpoint.figures.refused["bad-credentials"] >= 4
    assert endpoint.figures.accepted == 0


@pytest.mark.parametrize(("version", "refusal"), [(paho.MQTTv311, 0x80), (paho.MQTTv5, 0x87)])
async def test_a_device_is_told_its_own_commands_and_nothing_else(
    foreign, endpoint, wait_until, version, refusal
):
    device, other = await foreign(version=version), await foreign("two", version=version)
    answers = []
    endpoint.on_answer = answers.append
    assert not endpoint.tell(DEVICE, b"on", carries="urn:c:1"), "nobody listens yet"
    for wanted in ("#", "d/me/down", f"d/{DEVICE}/down", "$SYS/#"):
        device.client.subscribe(wanted, qos=1)
    other.client.subscribe(f"d/{DEVICE}/down", qos=1)
    await wait_until(lambda: len(device.granted) == 4 and other.granted)
    assert device.granted == [refusal, 1, 1, refusal]
    assert other.granted == [refusal]
    assert endpoint.tell(DEVICE, b"on", carries="urn:c:1")
    await wait_until(lambda: answers)
    assert device.came == [("d/me/down", b"on")]
    assert other.came == []
    me = Identifier("entity", DEVICE)
    assert answers == [DownlinkAnswered(device=me, outcome="acknowledged", reference="urn:c:1")]
    device.client.unsubscribe("d/me/down")
    await wait_until(lambda: not endpoint.is_listening(DEVICE))
    assert not endpoint.tell(DEVICE, b"on", carries="urn:c:2")


async def test_the_newer_connection_of_a_device_is_the_one(foreign, endpoint, wait_until):
    seen = []
    endpoint.on_takeover = seen.append
    first = await foreign(version=paho.MQTTv5)
    await wait_until(lambda: first.connected)
    first.client.reconnect_delay_set(min_delay=100, max_delay=100)
    second = await foreign(version=paho.MQTTv5, client_id="other")
    await wait_until(lambda: second.connected and first.ended)
    assert first.ended == ["Session taken over"]
    assert seen == [DEVICE]
    assert not second.ended
    await first.stop()


async def test_a_session_that_is_kept_listens_at_once(foreign, endpoint, wait_until):
    device = await foreign(clean=False)
    device.client.subscribe("d/me/down", qos=1)
    await wait_until(lambda: device.granted)
    await device.stop()
    await wait_until(lambda: not len(endpoint))
    again = await foreign(clean=False)
    await wait_until(lambda: again.connected)
    assert again.connected == [("Success", True)]
    assert endpoint.tell(DEVICE, b"late", carries="urn:c:1")
    await wait_until(lambda: again.came)
    await again.stop()
    clean = await foreign(clean=True)
    await wait_until(lambda: clean.connected)
    assert clean.connected == [("Success", False)]
    assert not endpoint.is_listening(DEVICE)


async def test_the_will_of_a_device_that_vanishes_is_kept_and_of_one_that_leaves_is_not(
    endpoint, shelf, wait_until
):
    will = b"\x00\x07d/me/up\x00\x04gone"
    body = b"\x00\x04MQTT\x04\xc6\x00\x1e\x00\x01r" + will + b"\x00\x01u\x00\x03one"
    connect = bytes((0x10, len(body))) + body
    assert await raw(endpoint, connect, b"\xe0\x00") == b"\x20\x02\x00\x00"
    assert shelf.kept == []
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.write(connect)
    await reader.readexactly(4)
    writer.transport.abort()
    await wait_until(lambda: shelf.kept)
    assert shelf.kept[0].payload == b"gone"
    foreign_will = connect.replace(b"d/me/up", b"d/x/up_")
    assert await raw(endpoint, foreign_will) == b"\x20\x02\x00\x05"


async def test_silence_beyond_the_agreed_time_ends_a_connection(endpoint, clock, wait_until):
    pauses: asyncio.Queue[None] = asyncio.Queue()
    watching = asyncio.create_task(endpoint.watch(pauses.get))
    talking = await asyncio.open_connection("127.0.0.1", endpoint.port)
    silent = asyncio.create_task(raw(endpoint, hello("two")))
    mute = asyncio.create_task(raw(endpoint))
    talking[1].write(hello("one"))
    await talking[0].readexactly(4)
    await wait_until(lambda: len(endpoint) == 3 and endpoint.figures.accepted == 2)
    clock.us += 44 * SECOND_US
    talking[1].write(PINGS)
    assert await talking[0].readexactly(2) == b"\xd0\x00"
    clock.us += 2 * SECOND_US
    pauses.put_nowait(None)
    assert await silent == b"\x20\x02\x00\x00"
    assert await mute == b"", "who never says CONNECT is sent away"
    assert len(endpoint) == 1
    watching.cancel()
    talking[1].close()


@pytest.mark.parametrize(
    "bytes_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x10\xff\xff\xff\xff\xff",
        b"\x30\x0a\x00\x07d/me/up!",
        hello() + b"\x34\x0b\x00\x07d/me/up\x00\x01",
        hello() + b"\x30\xff\xff\xff\x7f",
        hello() + hello(),
        hello(version=5) + b"\xf0\x00",
        hello() + b"\x30\x0a\x00\x08d/me/ack",
    ],
)
async def test_hostile_bytes_end_their_own_connection_alone(endpoint, shelf, bytes_):
    bystander = await asyncio.open_connection("127.0.0.1", endpoint.port)
    bystander[1].write(hello("two"))
    await bystander[0].readexactly(4)
    await raw(endpoint, bytes_)
    assert shelf.kept == []
    bystander[1].write(PINGS)
    assert await bystander[0].readexactly(2) == b"\xd0\x00"
    bystander[1].close()


async def test_more_connections_than_may_be_are_sent_away(endpoint, wait_until):
    opened = [await asyncio.open_connection("127.0.0.1", endpoint.port) for _ in range(8)]
    await wait_until(lambda: len(endpoint) == 8)
    assert await raw(endpoint) == b""
    assert endpoint.figures.refused["quota-exceeded"] == 1
    for _, writer in opened:
        writer.close()


async def test_a_flood_waits_in_its_own_socket(endpoint, shelf, wait_until):
    shelf.is_quick = False
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.write(hello())
    await reader.readexactly(4)
    writer.write(b"".join(b"\x32\x0b\x00\x07d/me/up" + number.to_bytes(2) for number in range(1, 30_001)))
    await wait_until(lambda: len(shelf.waiting) >= 64)
    await asyncio.sleep(0.05)
    most = len(shelf.waiting)
    assert most < 30_000, "what waits for the disk is bounded by one read of the socket"
    shelf.is_quick = True
    while len(shelf.kept) < 30_000:
        shelf.commit()
        await asyncio.sleep(0)
    assert len(await reader.readexactly(4 * 30_000)) == 120_000
    writer.close()


async def test_a_revoked_device_is_cut_off(foreign, endpoint, wait_until):
    device, other = await foreign(), await foreign("two")
    await wait_until(lambda: device.connected and other.connected)
    device.client.reconnect_delay_set(min_delay=100, max_delay=100)
    endpoint.drop(DEVICE)
    await wait_until(lambda: device.ended)
    assert not other.ended
