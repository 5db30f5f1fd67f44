"""Measure traffic signals: one node with 600 emulated controllers, a reconnect storm, buffers that drain.

Usage: .venv/bin/python benchmarks/signals.py [--sites 600] [--seconds 60] [--drain-only]. Controllers run in
processes of their own, so that the CPU time told is the role's. It prints a table, which
docs/reference/signals.md quotes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from samstad_node.demo.street import free_port
from samstad_node.supervisor import RunFile
from samstad_rsmp.codec import encode
from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.messages import StatusUpdate, StatusValue
from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.session.buffer import MemoryBuffer
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id
from samstad_rsmp.shell.server import ServerTerms
from samstad_rsmp.testing import PlainDevice
from samstad_rsmp.timestamps import format_timestamp
from samstad_signals.gateway.supervisor import RsmpSupervisor
from samstad_signals.service.fleet import Fleet
from samstad_signals.store.journal import Journal

CHILD_SITES = 200
DRAINING_SITES = 10
KEPT = 5_000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def now_us():
    return time.time_ns() // 1000


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def site_of(number, port, *, pace=None, buffer=None):
    site_id = f"SI{number:04}"
    device = EmulatedDevice(Controller(example_junction(site_id, seed=number)))
    session = SiteSession(device, SiteTerms(Identity((site_id,))), new_id=new_message_id, buffer=buffer)
    pace = pace or Pace(tick_ms=1000, first_s=0.5, most_s=10)
    return SiteClient(device, [Supervisor(session, port=port)], pace=pace)


async def run_sites(port, first, count):
    """One process with many emulated controllers, each with an alarm that comes and goes each minute."""
    clients = [site_of(number, port) for number in range(first, first + count)]
    running = [asyncio.create_task(client.run()) for client in clients]
    for turn in range(10**6):
        for index, client in enumerate(clients):
            if index % 60 == turn % 60:
                client._device.controller.inputs.see(7, active=turn // 60 % 2 == 0)  # noqa: SLF001
        await asyncio.sleep(1)
    await asyncio.gather(*running)


async def run_draining(port, first, count):
    """One process with controllers that have kept thousands of messages."""
    clients = []
    for number in range(first, first + count):
        buffer = MemoryBuffer()
        for second in range(KEPT):
            values = [StatusValue("S0014", "status", str(second % 3 + 1), "old")]
            update = StatusUpdate(
                message_id=new_message_id(),
                component_id="TC",
                timestamp=format_timestamp(1_795_996_800_000 - (KEPT - second) * 1000),
                values=values,
            )
            buffer.append(encode(update)[:-1])
        pace = Pace(tick_ms=20, first_s=0.5, most_s=1)
        clients.append(site_of(number, port, pace=pace, buffer=buffer))
    await asyncio.gather(*(client.run() for client in clients))


class Probe:
    """One more controller, in this process, which measures how soon its alarms are acknowledged."""

    def __init__(self, port):
        self.device = PlainDevice()
        self.device.restarts = 0
        self.device.advance = lambda _now, **_: ()
        self.session = SiteSession(self.device, SiteTerms(Identity(("SI9999",))), new_id=new_message_id)
        self.client = SiteClient(
            self.device, [Supervisor(self.session, port=port)], pace=Pace(tick_ms=60_000)
        )
        self.delays_s = []

    async def run(self):
        running = asyncio.create_task(self.client.run())
        events = (AlarmEvent.ACTIVATE, AlarmEvent.CLEAR)
        turn = 0
        while True:
            await asyncio.sleep(0.1)
            if running.done():
                running.result()
            if not self.session.is_ready:
                continue
            now_ms = time.time_ns() // 1_000_000
            turn += 1
            event = events[turn % 2]
            state = self.device.alarms.happen(event, "TC", "A0009", now_ms=now_ms)
            if state is None:
                continue
            begin = time.perf_counter()
            self.session.tell_alarm(event, state, now_ms)
            self.client.step()
            while self.session.is_ready and self.session.link.pending:  # noqa: ASYNC110  # it is measured
                await asyncio.sleep(0.001)
            self.delays_s.append(time.perf_counter() - begin)


def children(mode, port, sites, each):
    command = [sys.executable, __file__, mode]
    return [
        subprocess.Popen([*command, str(port), str(first), str(min(each, sites - first + 1))])
        for first in range(1, sites + 1, each)
    ]


@contextlib.asynccontextmanager
async def node(data, port):
    command = [sys.executable, "-m", "samstad_node.cli.main", "serve", "--data", str(data), "--port", "0"]
    environment = {**os.environ, "SAMSTAD_DEMO": "1", "SAMSTAD_SIGNALS_PORT": str(port)}
    with (data.parent / "node.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  # it starts once, before anything is measured
            [*command, "--roles", "broker,signals"], env=environment, stdout=log, stderr=log
        )
    try:
        while (run := RunFile.read(data)) is None or any(  # noqa: ASYNC110  # another process writes it
            role.state.value != "ready" for role in run.roles.values()
        ):
            await asyncio.sleep(0.1)
        url = f"http://127.0.0.1:{run.roles['broker'].ports['http']}"
        headers = {"X-API-Key": (data / "admin.key").read_text().strip()}
        async with aiohttp.ClientSession(url, headers=headers) as session:
            yield session
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


async def all_up(session, sites):
    begin = time.perf_counter()
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get("/signals/v1/junctions") as answer:
                if answer.status == 200:
                    junctions = (await answer.json())["junctions"]
                    if sum(bool(one["connected"] and one["groups"]) for one in junctions) >= sites:
                        return time.perf_counter() - begin
        await asyncio.sleep(0.5)


async def whole_node(sites, seconds):
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", free_port()
        data.mkdir()
        async with node(data, port) as session:
            places = {f"SI{number:04}": {"name": f"{number}"} for number in (*range(1, sites + 1), 9999)}
            async with session.post("/signals/v1/sites", json={"sites": places}) as answer:
                answer.raise_for_status()
            running = children("--run-sites", port, sites, CHILD_SITES)
            try:
                async for row in measure(session, data, port, sites, seconds):
                    yield row
            finally:
                for child in running:
                    child.kill()
                    child.wait()


async def statuses(session):
    async with session.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return float(next(one for one in lines if one.startswith("samstad_signals_statuses")).split()[-1])


async def measure(session, data, port, sites, seconds):
    yield (
        f"{sites} controllers live after (s, start of their processes included)",
        await all_up(session, sites),
    )
    probe = Probe(port)
    probing = asyncio.create_task(probe.run())
    await asyncio.sleep(10)
    probe.delays_s.clear()
    roles = RunFile.read(data).roles
    pids = {name: role.pid for name, role in roles.items()}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    heard, begin = await statuses(session), time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - begin
    yield "status messages taken (messages/s)", (await statuses(session) - heard) / took
    for name, pid in pids.items():
        yield f"share of one core: {name}", (cpu_s(pid) - before[name]) / took
    delays = sorted(probe.delays_s)
    yield "acknowledgement of an alarm, median (ms)", 1000 * delays[len(delays) // 2]
    yield "acknowledgement of an alarm, latest (ms)", 1000 * delays[-1]
    os.kill(pids["signals"], signal.SIGKILL)
    yield f"all {sites} live again after the role was killed (s)", await all_up(session, sites)
    probing.cancel()


async def drain():  # noqa: PLR0915  # one measurement from begin to end
    """Buffers of ten controllers at once into a fleet with its journal; the broker is left out."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), most_bytes=10**9)
        fleet = Fleet("roads", journal=journal.write)
        supervisor = RsmpSupervisor(fleet, ServerTerms(), now_us=now_us, codes={})
        late = []
        take = fleet.take_values

        def counted(*arguments, **told):
            if told["is_late"]:
                late.append(time.perf_counter())
            take(*arguments, **told)

        fleet.take_values = counted
        port = await supervisor.start("127.0.0.1", 0)
        probe = Probe(port)
        probing = asyncio.create_task(probe.run())
        await asyncio.sleep(1)
        begin_cpu = time.process_time()
        running = children("--run-draining", port, DRAINING_SITES, DRAINING_SITES)
        try:
            while len(late) < DRAINING_SITES * KEPT:
                if probing.done():
                    probing.result()
                await asyncio.sleep(0.05)
        finally:
            for child in running:
                child.kill()
                child.wait()
        used = time.process_time() - begin_cpu
        probing.cancel()
        await supervisor.stop()
        yield (
            f"{len(late)} kept messages of {DRAINING_SITES} controllers drained (messages/s)",
            (len(late) / (late[-1] - late[0])),
        )
        yield "the same by the supervisor's CPU time alone (messages/s)", len(late) / used
        yield "acknowledgement of a live alarm meanwhile, latest (ms)", 1000 * max(probe.delays_s)


async def main(arguments):
    rows = [drain()] if arguments.drain_only else [drain(), whole_node(arguments.sites, arguments.seconds)]
    for part in rows:
        async for name, value in part:
            print(f"| {name} | {value:,.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["--run-sites"], ["--run-draining"]):
        run = run_sites if sys.argv[1] == "--run-sites" else run_draining
        asyncio.run(run(*(int(one) for one in sys.argv[2:5])))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--sites", type=int, default=600)
        parser.add_argument("--seconds", type=float, default=60)
        parser.add_argument("--drain-only", action="store_true")
        asyncio.run(main(parser.parse_args()))
