from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from samstad_signals.domain.amendments import Amendment
from samstad_signals.domain.orders import OrderRefused
from samstad_signals.domain.timetable import Line, TimetableWrong
from samstad_signals.mapping import Place
from samstad_signals.service.amending import Amending
from samstad_signals.service.planning import Planning
from samstad_signals.spi.keeping import StoreUnavailable

pytestmark = pytest.mark.system
SITE = "RN+SI0001"
S = 1_000_000
EVERY_DAY = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})


@pytest.fixture
def planning(room):
    return Planning(room.street.fleet, room.commands, room.keeping, zone=UTC, now_us=room.now_us)


@pytest.fixture
def amending(room):
    return amending_in(room)


def amending_in(room):
    return Amending(room.commands, room.street.supervisor, room.keeping, now_us=room.now_us)


def always(plan):
    return [Line(EVERY_DAY, time(0), plan)]


async def settle(room):
    """Let every command come to its end, and return their names."""
    names = [one.wanted.name for one in room.commands.open.values()]
    for command_id in list(room.commands.open):
        await room.end(command_id)
    return names


async def test_a_junction_follows_the_most_special_table_and_returns_when_it_is_gone(room, planning):
    room.street.fleet.put(SITE, Place("Storgatan", corridor="west"))
    await planning.set_table("city", always(3))
    await planning.set_table("corridor:west", always(2))
    await planning.look()
    assert await settle(room) == ["selectPlan"]
    assert room.street.state(SITE).plan == 2
    (command,) = room.entities.held.values()
    assert command["issuedBy"]["value"] == "service:signals"
    assert command["reason"]["value"].startswith("timetable of corridor:west, from ")
    await planning.look()
    assert room.commands.open == {}  # it is so already
    await planning.set_table(f"junction:{SITE}", always(0))
    room.ahead_us = 61 * S
    await planning.look()
    assert await settle(room) == ["releasePlan"]
    await room.street.until(lambda: room.street.state(SITE).plan_source != "forced")
    assert room.street.devices[SITE].controller.orders.plan is None


async def test_an_operator_goes_before_every_table(room, planning):
    await room.lease("anna")
    await planning.set_table("city", always(3))
    await planning.look()
    assert room.commands.open == {}
    assert room.entities.held == {}
    await room.leases.release(SITE, operator="anna", now_us=room.now_us())
    await planning.look()
    await settle(room)
    assert room.street.state(SITE).plan == 3


async def test_a_shadow_is_ordered_nothing_and_tells_how_it_agrees(room, planning):
    room.street.fleet.put(SITE, Place("Storgatan", shadow=True))
    await planning.set_table("city", always(3))
    await planning.look()
    room.ahead_us = 30 * S
    await planning.look()
    assert room.commands.open == {}
    agreement = planning.agreement[SITE]
    assert agreement.same_s == 0
    assert agreement.other_s >= 30
    assert agreement.latest["wanted"] == 3
    await room.lease()
    with pytest.raises(OrderRefused, match="in shadow: another centre controls it"):
        await room.order("selectPlan", plan=3)
    room.street.devices[SITE].controller.orders.plan = 3
    await room.street.until(lambda: room.street.state(SITE).plan == 3)
    room.ahead_us = 60 * S
    await planning.look()
    assert agreement.same_s >= 29


async def test_special_days_hold_and_tables_survive(room, planning):
    today = datetime.fromtimestamp(room.now_us() / S, UTC).date()
    with pytest.raises(TimetableWrong, match="no day is called fair"):
        await planning.set_table("city", [*always(2), Line(frozenset({"fair"}), time(0), 3)])
    await planning.set_special_days({today: "fair", date(2000, 1, 1): "fair"})
    await planning.set_table("city", [*always(2), Line(frozenset({"fair"}), time(0), 3)])
    again = Planning(room.street.fleet, room.commands, room.keeping, zone=UTC, now_us=room.now_us)
    await again.load()
    assert again.choice(room.street.fleet.junction(SITE)).plan == 3
    with pytest.raises(TimetableWrong):
        await again.set_special_days({})
    room.keeping.is_full = True
    with pytest.raises(StoreUnavailable):
        await again.set_table("city", [])
    assert again.tables.keys() == {"city"}


def change(room, **more):
    told = {
        "junction": SITE,
        "name": "setOffset",
        "plan": 1,
        "value": 7,
        "before": None,
        "by": "anna",
        "reason": "a match",
        "until_us": room.now_us() + 600 * S,
    }
    return Amendment(**{**told, **more})


async def make(room, amending, wanted):
    amendment, command = amending.plan(wanted)
    entity = room.commands.prepare(command)
    await room.entities.create_many([entity])
    await amending.hold(amendment)
    await room.commands.admit(entity, command)
    return await room.end(entity["id"])


@pytest.mark.parametrize(
    ("name", "value", "before"),
    [("setOffset", 7, 0), ("setCycleTime", 90, 80), ("setSplits", {"1": 5}, {"1": 0})],
)
async def test_a_change_for_a_time_returns_by_itself_also_after_a_kill(room, amending, name, value, before):
    await room.lease()
    assert await make(room, amending, change(room, name=name, value=value)) == ("confirmed", None)
    again = amending_in(room)
    await again.load()
    (kept,) = again.in_force.values()
    assert kept.before == before
    await again.look()
    assert room.commands.open == {}
    ended = []
    room.commands.on_end = lambda *told: ended.append(told)
    await room.leases.release(SITE, operator="anna", now_us=room.now_us())
    await room.lease("bo")  # who has the junction meanwhile does not keep it from returning
    room.ahead_us = 600 * S
    await again.look()
    await again.look()
    assert await settle(room) == [name]
    await again.ended(*ended[-1])
    assert again.in_force == {}
    empty = amending_in(room)
    await empty.load()
    assert empty.in_force == {}


async def test_what_cannot_return_is_not_changed(room, amending):
    await room.lease()
    with pytest.raises(OrderRefused, match="it could not return"):
        amending.plan(change(room, plan=99))
    with pytest.raises(OrderRefused, match="amends no plan"):
        amending.plan(change(room, name="selectPlan"))
    with pytest.raises(OrderRefused, match="needs a reason"):
        amending.plan(change(room, reason=""))
    assert room.commands.open == {}
    assert amending.in_force == {}
