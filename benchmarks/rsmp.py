"""Measure RSMP: the codec, a session, and one supervisor with many sites over real sockets.

Usage: .venv/bin/python benchmarks/rsmp.py [--sites 600] [--seconds 60]. Sites run in processes of their own,
so that the CPU time told is the supervisor's alone. It prints a table, which docs/reference/rsmp.md quotes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time

from samstad_rsmp.codec import decode, encode
from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.messages import StatusUpdate, StatusValue
from samstad_rsmp.session.events import Received
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession, Wish
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id
from samstad_rsmp.shell.server import ServerTerms, SupervisorServer
from samstad_rsmp.testing import PlainDevice, Wire

AT = "2026-11-23T07:00:00.000Z"
VALUES = (("signalgroupstatus", "AABB11"), ("cyclecounter", "12"), ("basecyclecounter", "12"), ("stage", "1"))
CHILD_SITES = 100
TERMS = ServerTerms()


def rate(work, count):
    begin = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - begin)


def codec():
    update = StatusUpdate(
        message_id=new_message_id(),
        component_id="TC",
        timestamp=AT,
        values=[StatusValue("S0001", name, value, "recent") for name, value in VALUES],
    )
    packet = encode(update)[:-1]
    yield "S0001 update written (messages/s)", rate(lambda: encode(update), 50_000)
    yield "S0001 update read (messages/s)", rate(lambda: decode(packet), 50_000)


def drain():
    """A site's buffer of 10,000 updates to a supervisor and back, both ends in this process."""
    device = PlainDevice()
    site = SiteSession(device, SiteTerms(Identity(("S",))), new_id=new_message_id)
    book = SiteBook()

    def connect():
        supervisor = SupervisorSession(Identity(("S",)), new_id=new_message_id, book_of=lambda _: book)
        site.connect(0)
        supervisor.connect(0)
        Wire(site, supervisor).run(0)

    book.wishes["TC", "S0014", "status"] = Wish("TC", "S0014", "status")
    connect()
    site.disconnect()
    for second in range(10_000):
        device.values["TC", "S0014"]["status"] = str(second % 200 + 1)
        site.tick(second * 1000)
    kept = len(site.buffer)
    begin = time.perf_counter()
    connect()
    took = time.perf_counter() - begin
    yield f"buffer of {kept} sent, taken and acknowledged, both ends (messages/s)", kept / took
    yield "left in it", len(site.buffer)


def emulator():
    device = EmulatedDevice(Controller(example_junction()))
    now = 1_795_996_800_000
    begin = time.perf_counter()
    for step in range(36_000):
        device.advance(now + step * 100)
    yield (
        "emulated junction, an hour in steps of 100 ms (times real speed)",
        3600 / (time.perf_counter() - begin),
    )


async def run_sites(port, first, count):
    """One process with many emulated sites."""
    clients = []
    for number in range(first, first + count):
        site_id = f"SI{number:04}"
        device = EmulatedDevice(Controller(example_junction(site_id, seed=number)))
        terms = SiteTerms(Identity((site_id,)))
        session = SiteSession(device, terms, new_id=new_message_id)
        pace = Pace(tick_ms=1000, first_s=0.5, most_s=10)
        clients.append(SiteClient(device, [Supervisor(session, port=port)], pace=pace))
    await asyncio.gather(*(client.run() for client in clients))


async def all_up(server, sites):
    begin = time.perf_counter()
    while len(server.connected) < sites:  # noqa: ASYNC110  # it looks from outside
        await asyncio.sleep(0.05)
    return time.perf_counter() - begin


async def busiest_ms(seconds):
    """Return the longest time in which the event loop did not come round."""
    worst, end = 0.0, time.perf_counter() + seconds
    while (before := time.perf_counter()) < end:
        await asyncio.sleep(0.02)
        worst = max(worst, time.perf_counter() - before - 0.02)
    return 1000 * worst


async def supervise(port, sites, seconds):
    updates = [0]

    def told(_site, event):
        if isinstance(event, Received) and isinstance(event.message, StatusUpdate):
            updates[0] += 1

    server = SupervisorServer(TERMS, told=told)
    server.wishes_for = lambda _site: [
        *(Wish("TC", "S0001", name) for name, _ in VALUES),
        Wish("DL1", "S0201", "vehicles", 60, on_change=False),
        Wish("DL1", "S0202", "speed", 60, on_change=False),
    ]
    await server.start(port=port)
    yield f"{sites} sites up after (s, the start of their processes included)", await all_up(server, sites)
    await asyncio.sleep(3)
    updates[0], cpu, begin = 0, time.process_time(), time.perf_counter()
    worst = await busiest_ms(seconds)
    took = time.perf_counter() - begin
    yield "status updates taken (messages/s)", updates[0] / took
    yield "the supervisor's share of one core", (time.process_time() - cpu) / took
    yield "longest time its loop was busy, so the latest acknowledgement (ms)", worst
    await server.stop()
    again = SupervisorServer(TERMS)
    await again.start(port=port)
    yield f"all {sites} up again after a restart of the supervisor (s)", await all_up(again, sites)
    await again.stop()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def with_sites(sites, seconds):
    port = free_port()
    starts = range(0, sites, CHILD_SITES)
    command = [sys.executable, __file__, "--port", str(port)]
    children = [subprocess.Popen([*command, "--first", str(first)]) for first in starts]
    try:
        asyncio.run(printed(supervise(port, sites, seconds)))
    finally:
        for child in children:
            child.kill()
            child.wait()


async def printed(rows):
    async for name, value in rows:
        print(f"| {name} | {value:,.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sites", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--port", type=int)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    if given.port:
        asyncio.run(run_sites(given.port, given.first, CHILD_SITES))
        return
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for part in (codec, drain, emulator):
        for name, value in part():
            print(f"| {name} | {value:,.2f} |", flush=True)
    with_sites(given.sites, given.seconds)


if __name__ == "__main__":
    main()
