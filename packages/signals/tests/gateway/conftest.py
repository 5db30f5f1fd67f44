from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id
from samstad_rsmp.shell.server import ServerTerms
from samstad_signals.domain.lease import Lease
from samstad_signals.gateway.supervisor import RsmpSupervisor
from samstad_signals.service.commands import Commands, Wanted
from samstad_signals.service.fleet import Fleet
from samstad_signals.service.leases import Leases
from samstad_signals.simulation.memory_entities import MemoryEntities
from samstad_signals.simulation.memory_keeping import MemoryKeeping

SITE = "RN+SI0001"
S = 1_000_000
PACE = Pace(tick_ms=20, first_s=0.02, most_s=0.1)


def now_us():
    return time.time_ns() // 1000


class Street:
    """A supervisor, and emulated controllers that connect to it over sockets."""

    def __init__(self, supervisor, fleet, port):
        self.supervisor = supervisor
        self.fleet = fleet
        self.port = port
        self.devices = {}
        self._sites = {}

    def connect(self, site_id, core="3.2.2", sxl="1.2.1"):
        device = EmulatedDevice(Controller(example_junction(site_id), zone=ZoneInfo("Europe/Stockholm")))
        terms = SiteTerms(Identity((site_id,), (sxl,), (core,)))
        session = SiteSession(device, terms, new_id=new_message_id)
        client = SiteClient(device, [Supervisor(session, port=self.port)], pace=PACE)
        self.devices[site_id] = device
        self._sites[site_id] = asyncio.create_task(client.run())

    async def disconnect(self, site_id):
        task = self._sites.pop(site_id)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def stop(self):
        for site_id in list(self._sites):
            await self.disconnect(site_id)
        await self.supervisor.stop()

    async def until(self, condition):
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110  # it looks from outside
                await asyncio.sleep(0.02)

    def state(self, site_id):
        return self.fleet.junction(site_id).state

    async def until_told(self, site_id):
        await self.until(
            lambda: site_id in self.fleet.junctions and self.state(site_id).group_states is not None
        )


@pytest.fixture
async def street():
    fleet = Fleet("roads")
    supervisor = RsmpSupervisor(fleet, ServerTerms(), now_us=now_us, codes={"": "2222"})
    street = Street(supervisor, fleet, await supervisor.start("127.0.0.1", 0))
    yield street
    await street.stop()


@pytest.fixture
def clock():
    return now_us


class Room:
    """An operator's room: what they order, and what becomes of it."""

    def __init__(self, street, now_us):
        self.ahead_us = 0
        self.now_us = lambda: now_us() + self.ahead_us
        self.street = street
        self.entities = MemoryEntities()
        self.keeping = MemoryKeeping()
        self.leases = Leases(self.keeping)
        self.numbers = count(1)
        self.restart()

    def restart(self):
        """Begin anew with what was kept: a role that was killed."""
        self.commands = Commands(
            fleet=self.street.fleet,
            leases=self.leases,
            street=self.street.supervisor,
            entities=self.entities,
            keeping=self.keeping,
            now_us=self.now_us,
            new_id=lambda: str(next(self.numbers)),
        )
        self.street.supervisor.on_answer = self.commands.answered
        self.street.supervisor.on_connected = self.commands.connected

    async def lease(self, operator="anna"):
        lease = Lease(SITE, operator, "trial", self.now_us() + 600 * S)
        await self.leases.take(lease, now_us=self.now_us())

    async def order(self, name, by="anna", valid_s=60, site=SITE, reason="trial", **arguments):
        wanted = Wanted(
            site_id=site, name=name, arguments=arguments, issuer=by, reason=reason, valid_s=valid_s
        )
        entity = self.commands.prepare(wanted)
        await self.entities.create_many([entity])
        await self.commands.admit(entity, wanted)
        return entity["id"]

    async def end(self, command_id):
        async with asyncio.timeout(60):
            while command_id in self.commands.open:
                self.commands.look()
                await asyncio.sleep(0.02)
        return await self.written(command_id)

    async def written(self, command_id):
        await self.commands.write()
        await self.commands.keep()
        held = self.entities.held[command_id]
        return held["status"]["value"], held.get("statusCause", {}).get("value")

    async def until_status(self, command_id, status):
        await self.street.until(lambda: self.commands.open[command_id].state.status == status)


@pytest.fixture
async def room(street, clock):
    street.connect(SITE)
    await street.until_told(SITE)
    return Room(street, clock)
