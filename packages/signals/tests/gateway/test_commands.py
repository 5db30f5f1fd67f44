from __future__ import annotations

import asyncio

import pytest

from samstad_signals.domain.lease import Lease
from samstad_signals.mapping import controller_id, iso_text
from samstad_signals.service.commands import Commands
from samstad_signals.service.leases import Leases
from samstad_signals.simulation.memory_entities import MemoryEntities

pytestmark = pytest.mark.system
SITE = "RN+SI0001"
S = 1_000_000


class Room:
    """An operator's room: what they order, and what becomes of it."""

    def __init__(self, street, now_us):
        self.now_us = now_us
        self.street = street
        self.entities = MemoryEntities()
        self.leases = Leases()
        self.commands = Commands(
            fleet=street.fleet,
            leases=self.leases,
            street=street.supervisor,
            entities=self.entities,
            now_us=now_us,
        )
        street.supervisor.on_answer = self.commands.answered

    def lease(self, operator="anna"):
        self.leases.take(Lease(SITE, operator, "trial", self.now_us() + 600 * S), now_us=self.now_us())

    async def order(self, name, by="anna", valid_s=60, issued_s=0, **arguments):
        number = len(self.entities.held)
        issued = self.now_us() + issued_s * S
        attributes = {
            "commandName": name,
            "commandArguments": {"json": arguments},
            "status": "queued",
            "issuedBy": by,
            "issuedAt": iso_text(issued),
            "validUntil": iso_text(issued + valid_s * S),
        }
        entity = {
            "id": f"urn:ngsi-ld:Command:roads:{number}",
            "type": "Command",
            "target": {"type": "Relationship", "object": controller_id("roads", SITE)},
            **{key: {"type": "Property", "value": value} for key, value in attributes.items()},
        }
        await self.entities.create_many([entity])
        self.commands.take(entity)
        return entity["id"]

    async def end(self, command_id):
        async with asyncio.timeout(60):
            while command_id in self.commands.open:
                self.commands.look()
                await asyncio.sleep(0.02)
        await self.commands.write()
        held = self.entities.held[command_id]
        return held["status"]["value"], held.get("statusCause", {}).get("value")


@pytest.fixture
async def room(street, clock):
    street.connect(SITE)
    await street.until_told(SITE)
    return Room(street, clock)


async def test_a_plan_is_confirmed_by_the_status_not_by_the_answer(room):
    room.lease()
    assert await room.end(await room.order("selectPlan", plan=2)) == ("confirmed", None)
    assert room.street.state(SITE).plan == 2


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("setOffset", {"plan": 1, "offset": 7}),
        ("setCycleTime", {"plan": 1, "cycleTime": 90}),
        ("setSplits", {"plan": 1, "bands": {"1": 5}}),
        ("setEmergencyRoute", {"on": True, "emergencyroute": 1}),
        ("setMode", {"mode": "flashing", "timeoutMinutes": 5}),
    ],
)
async def test_every_kind_of_order_is_seen_to_be_in_effect(room, name, arguments):
    room.lease()
    assert await room.end(await room.order(name, **arguments)) == ("confirmed", None)
    assert room.commands.open == {}


async def test_who_does_not_control_the_junction_moves_nothing(room):
    room.lease("bo")
    plan = room.street.state(SITE).plan
    assert await room.end(await room.order("selectPlan", plan=3)) == ("rejected", "notPermitted")
    assert room.street.state(SITE).plan == plan


async def test_what_is_wrong_or_too_late_is_never_sent(room):
    room.lease()
    assert await room.end(await room.order("selectPlan", plan=0)) == ("rejected", "invalidArguments")
    assert await room.end(await room.order("launch")) == ("rejected", "unknownCommand")
    late = await room.order("selectPlan", plan=3, issued_s=-100)
    assert await room.end(late) == ("expired", "notSent")
    assert room.commands.open == {}


async def test_a_plan_that_the_controller_does_not_have_is_refused_by_it(room):
    room.lease()
    status, _ = await room.end(await room.order("selectPlan", plan=99, valid_s=2))
    assert status in {"rejected", "expired"}
    assert room.street.state(SITE).plan != 99


async def test_a_lost_controller_fails_the_command_at_once(room):
    room.lease()
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    assert await room.end(await room.order("selectPlan", plan=2)) == ("failed", "noRoute")


async def test_the_same_command_told_twice_is_sent_once(room):
    room.lease()
    command_id = await room.order("selectPlan", plan=2)
    room.commands.take(room.entities.held[command_id])
    assert len(room.commands.open) == 1
    assert await room.end(command_id) == ("confirmed", None)
    room.commands.take(room.entities.held[command_id])
    assert room.commands.open == {}
    assert room.entities.held[command_id]["attempts"]["value"] == 1


async def test_a_broker_that_is_away_hears_the_outcome_when_it_is_back(room):
    room.lease()
    command_id = await room.order("selectPlan", plan=2)
    room.entities.is_down = True
    assert (await room.end(command_id))[0] == "queued"
    room.entities.is_down = False
    await room.commands.write()
    assert room.entities.held[command_id]["status"]["value"] == "confirmed"
