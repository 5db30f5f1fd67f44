"""Raw frames are durable before their sender is told, kept once, and never lost on their way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace

import apsw
import pytest

from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import DownlinkAnswered, Joined, Reception, StatusReported, Uplink
from samstad_devices.domain.sameness import WINDOW_US
from samstad_devices.spi.frame_store import Arrival, Heard, Outcome, StoreFull, StoreUnavailable
from samstad_devices.store.database import DATABASE, Database, migrations
from samstad_devices.store.frames import SqliteFrames

EUI = Identifier("devEUI", "70B3D57ED0000001")
UPLINK = Uplink(
    device=EUI,
    payload=b"\x01\x67\x01\x10",
    counter=7,
    port=2,
    device_address="01ab",
    receptions=(Reception(gateway="A", rssi_dbm=-97.5),),
)


@asynccontextmanager
async def opened(path, **limits):
    database = Database(path)
    await database.open()
    store = SqliteFrames(database, **limits)
    yield store
    await store.close()
    await database.close()


@pytest.fixture
async def frames(tmp_path):
    async with opened(tmp_path / DATABASE) as store:
        yield store


def arrival(message=UPLINK, *, at=1_000, way="lorawan/chirpstack") -> Arrival:
    return Arrival(way, message, at)


async def numbers(frames) -> list[int]:
    return [kept.number for kept in await frames.waiting(after=0, limit=100)]


@pytest.mark.parametrize(
    "message",
    [
        UPLINK,
        Joined(device=EUI, time_us=3),
        StatusReported(device=EUI, battery_percent=44.5),
        DownlinkAnswered(device=EUI, outcome="sent", reference="r"),
    ],
)
async def test_a_message_is_kept_as_it_came(frames, message):
    assert await frames.keep(arrival(message))
    (kept,) = await frames.waiting(after=0, limit=10)
    assert (kept.message, kept.way, kept.received_us) == (message, "lorawan/chirpstack", 1_000)
    assert await frames.waiting(after=kept.number, limit=10) == []


async def test_what_two_network_servers_heard_is_one_message(frames):
    assert await frames.keep(arrival())
    assert not await frames.keep(arrival(replace(UPLINK, receptions=()), at=2_000, way="lorawan/loriot"))
    assert not await frames.keep(arrival(replace(UPLINK, device_address=None)))
    assert await frames.keep(arrival(replace(UPLINK, counter=8)))
    assert await frames.keep(arrival(replace(UPLINK, device=Identifier("devEUI", "0" * 16))))
    assert len(await numbers(frames)) == 3


async def test_an_equal_frame_of_a_later_session_is_another_message(frames):
    assert await frames.keep(arrival())
    assert await frames.keep(arrival(replace(UPLINK, device_address="02ff")))
    assert await frames.keep(arrival(at=1_001 + WINDOW_US))
    assert len(await numbers(frames)) == 3


async def test_the_same_reading_without_counter_key_or_time_is_a_new_one(frames):
    bare = Uplink(device=EUI, payload=b"21.5")
    assert await frames.keep(arrival(bare))
    assert await frames.keep(arrival(bare))
    keyed = replace(bare, deduplication="k")
    assert await frames.keep(arrival(keyed))
    assert not await frames.keep(arrival(keyed))
    timed = replace(bare, time_us=5)
    assert await frames.keep(arrival(timed))
    assert not await frames.keep(arrival(timed))


async def test_many_at_once_are_one_commit_and_doubles_in_it_are_seen(frames):
    messages = [replace(UPLINK, counter=number // 2) for number in range(400)]
    results = await asyncio.gather(*(frames.keep(arrival(message)) for message in messages))
    assert sum(results) == 200
    assert await numbers(frames) == list(range(1, 101))


async def test_what_became_of_messages_is_kept_and_quarantine_is_released(frames):
    for counter in range(3):
        await frames.keep(arrival(replace(UPLINK, counter=counter)))
    heard = Heard("urn:d", 9, 8, 7, 2, 3, 0)
    outcomes = [Outcome(1, "published"), Outcome(2, "quarantined", "codec", "It threw.")]
    await frames.settle(outcomes, [heard], now_us=50)
    assert await numbers(frames) == [3]
    assert await frames.heard() == {"urn:d": heard}
    (one,) = await frames.quarantined(device=str(EUI), after=0, limit=10)
    assert (one.number, one.reason, one.detail) == (2, "codec", "It threw.")
    assert await frames.quarantined(device="devEUI:other", after=0, limit=10) == []
    assert await frames.release(device=None, reason="unknown-device") == 0
    assert await frames.release(device=str(EUI), reason="codec") == 1
    assert await numbers(frames) == [2, 3]
    assert await frames.forget(before_us=51) == 1
    assert await frames.forget(before_us=51) == 0
    assert await numbers(frames) == [2, 3], "what waits is never forgotten"


async def test_more_than_may_wait_is_refused_and_nothing_is_lost(tmp_path):
    async with opened(tmp_path / DATABASE, most_pending=5) as store:
        calls = (store.keep(arrival(replace(UPLINK, counter=number))) for number in range(9))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert results[:5] == [True] * 5
        assert all(isinstance(one, StoreFull) for one in results[5:])
        assert len(await numbers(store)) == 5


async def test_a_full_disk_is_told_to_the_sender_and_passes(tmp_path):
    database = Database(tmp_path / DATABASE)
    await database.open()
    store = SqliteFrames(database)
    await database.run(lambda: database.connection.pragma("max_page_count", 20))
    big = replace(UPLINK, payload=b"x" * 250_000)
    with pytest.raises(StoreFull, match="disk"):
        await store.keep(arrival(big))
    await database.run(lambda: database.connection.pragma("max_page_count", 1_000_000))
    assert await store.keep(arrival(big))
    await database.close()


async def test_a_database_of_a_newer_release_is_refused(tmp_path):
    connection = apsw.Connection(str(tmp_path / DATABASE))
    connection.pragma("user_version", len(migrations()) + 1)
    connection.close()
    database = Database(tmp_path / DATABASE)
    with pytest.raises(StoreUnavailable, match="schema"):
        await database.open()
    await database.close()


KILLED = """
import asyncio, sys
from pathlib import Path
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Uplink
from samstad_devices.spi.frame_store import Arrival
from samstad_devices.store.database import Database
from samstad_devices.store.frames import SqliteFrames

async def main():
    database = Database(Path(sys.argv[1]))
    await database.open()
    store = SqliteFrames(database)
    async def keep(number):
        device = Identifier("devEUI", "0" * 16)
        await store.keep(Arrival("x", Uplink(device=device, payload=b"", counter=number), 1))
        print(number, flush=True)
    for start in range(0, 100_000, 20):
        await asyncio.gather(*(keep(start + number) for number in range(20)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(tmp_path):
    path = tmp_path / DATABASE
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - a child to be killed
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    told = [int(process.stdout.readline()) for _ in range(300)]
    os.kill(process.pid, signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait()
    process.stdout.close()
    async with opened(path) as store:
        kept = {one.message.counter for one in await store.waiting(after=0, limit=1_000_000)}
        assert set(told) <= kept
