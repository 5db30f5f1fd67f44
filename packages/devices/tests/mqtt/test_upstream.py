"""Following a network server's broker: a real Mosquitto, its sessions, its redelivery."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess

import orjson
import paho.mqtt.publish as publishing
import pytest

from samstad_devices.gateway.lorawan import read_body
from samstad_devices.gateway.mqtt.upstream import Upstream, read_source
from samstad_devices.spi.frame_store import StoreFull

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
TOPIC = "application/a/device/70b3d57ed0000001/event/up"

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto on this machine")


def up(counter: int) -> bytes:
    told = {"deviceInfo": {"devEui": "70b3d57ed0000001"}, "fCnt": counter, "fPort": 1, "data": "AQ=="}
    return orjson.dumps(told)


class Keeper:
    def __init__(self) -> None:
        self.kept, self.tried, self.is_full, self.held = [], 0, False, None

    async def take(self, way, message):
        self.tried += 1
        if self.is_full:
            raise StoreFull("The disk is full.")
        if self.held is not None:
            await self.held.wait()
        self.kept.append((way, message.counter))
        return True


class Broker:
    def __init__(self, directory) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.file = directory / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence true"]
        self.file.write_text(
            "\n".join([*lines, f"persistence_location {directory}/", "max_inflight_messages 20"])
        )
        self.process = None

    async def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - a child that lives as long as the test
            [MOSQUITTO, "-c", str(self.file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    async def publish(self, *counters: int, topic: str = TOPIC) -> None:
        messages = [(topic, up(counter), 1, False) for counter in counters]
        await asyncio.to_thread(publishing.multiple, messages, hostname="127.0.0.1", port=self.port)


@pytest.fixture
async def broker(tmp_path):
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    broker.stop()


@contextlib.asynccontextmanager
async def following(broker, keeper, *, told=None):
    source = read_source(f"city-lora chirpstack mqtt://127.0.0.1:{broker.port}")
    upstream = Upstream(
        source,
        read=lambda network, body, event: read_body(network, body, event=event),
        take=keeper.take,
        told=(told if told is not None else []).append,
    )
    working = asyncio.create_task(upstream.run())
    try:
        yield upstream
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@needs_mosquitto
async def test_messages_come_and_those_of_a_broken_sender_hold_up_nobody(broker, wait_until):
    keeper, told = Keeper(), []
    async with following(broker, keeper, told=told) as upstream:
        await wait_until(lambda: upstream.is_connected)
        await asyncio.to_thread(
            publishing.single, TOPIC, b"no json", qos=1, hostname="127.0.0.1", port=broker.port
        )
        await broker.publish(1, topic=TOPIC.replace("/up", "/log"))
        await broker.publish(*range(100))
        await wait_until(lambda: len(keeper.kept) == 100)
    assert keeper.kept == [("lorawan/city-lora", counter) for counter in range(100)]
    assert upstream.figures.refused == 1
    assert "no JSON" in told[0]


@needs_mosquitto
async def test_what_comes_while_the_node_is_away_and_what_was_not_durable_is_sent_again(broker, wait_until):
    keeper = Keeper()
    async with following(broker, keeper) as upstream:
        await wait_until(lambda: upstream.is_connected)
        keeper.held = asyncio.Event()
        await broker.publish(1, 2)
        await wait_until(lambda: keeper.tried == 2)
    assert keeper.kept == [], "the node ended before it was durable"
    await broker.publish(3)
    keeper.held = None
    async with following(broker, keeper):
        await wait_until(lambda: len(keeper.kept) == 3)
    assert {counter for _, counter in keeper.kept} == {1, 2, 3}
    async with following(broker, keeper) as upstream:
        await wait_until(lambda: upstream.is_connected)
    assert len(keeper.kept) == 3, "what was acknowledged does not come again"


@needs_mosquitto
async def test_a_full_disk_keeps_messages_at_the_broker(broker, wait_until, monkeypatch):
    monkeypatch.setattr("samstad_devices.gateway.mqtt.upstream._RETRY_S", 0.01)
    keeper = Keeper()
    keeper.is_full = True
    async with following(broker, keeper) as upstream:
        await wait_until(lambda: upstream.is_connected)
        await broker.publish(7)
        await wait_until(lambda: keeper.tried > 3)
        assert keeper.kept == []
        keeper.is_full = False
        await wait_until(lambda: keeper.kept)
    assert keeper.kept == [("lorawan/city-lora", 7)]


@needs_mosquitto
async def test_a_broker_that_comes_late_or_again_is_found(broker, wait_until):
    broker.stop()
    keeper = Keeper()
    async with following(broker, keeper) as upstream:
        await asyncio.sleep(0.05)
        assert not upstream.is_connected
        await broker.start()
        await wait_until(lambda: upstream.is_connected)
        await broker.publish(1)
        await wait_until(lambda: keeper.kept)
        broker.stop()
        await wait_until(lambda: not upstream.is_connected)
        await broker.start()
        await wait_until(lambda: upstream.is_connected)
        await broker.publish(2)
        await wait_until(lambda: len(keeper.kept) == 2)


def test_a_source_is_one_line_and_its_password_never_in_it(tmp_path):
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    source = read_source(f"lora the-things-stack mqtts://app%40ttn@eu1.example.org {file}")
    assert (source.host, source.port, source.is_secure) == ("eu1.example.org", 8883, True)
    assert (source.username, source.password, source.filter) == ("app@ttn", "s3cret", "v3/+/devices/+/+")
    assert "s3cret" not in repr(source)
    assert read_source("l loriot mqtt://h/up/%2B").filter == "up/+"
    for wrong in (
        "a b",
        "a chirpstack http://h",
        "a loriot mqtt://h",
        "a chirpstack mqtt://u:p@h",
        f"a chirpstack mqtt://h {tmp_path}/none",
    ):
        with pytest.raises(ValueError, match=r"write|no mqtt|needs|file"):
            read_source(wrong)
