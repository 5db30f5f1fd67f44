from __future__ import annotations

import pytest

from samstad_signals.domain.lease import Lease, LeaseRefused
from samstad_signals.domain.orders import OrderRefused, order_of
from samstad_signals.mapping import controller_id
from samstad_signals.service.fleet import UnknownJunction
from samstad_signals.spi.keeping import StoreUnavailable

pytestmark = pytest.mark.system
SITE = "RN+SI0001"
S = 1_000_000


async def test_a_plan_is_confirmed_by_the_status_not_by_the_answer(room):
    await room.lease()
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
    await room.lease()
    assert await room.end(await room.order(name, **arguments)) == ("confirmed", None)
    assert room.commands.open == {}


async def test_a_plan_that_holds_already_is_confirmed_by_asking_anew(room):
    await room.lease()
    assert await room.end(await room.order("selectPlan", plan=2)) == ("confirmed", None)
    known = room.street.state(SITE).times["S0014"]
    assert await room.end(await room.order("selectPlan", plan=2)) == ("confirmed", None)
    assert room.street.state(SITE).times["S0014"] > known


async def test_what_was_shown_before_the_order_confirms_nothing(room):
    await room.lease()
    one = await room.order("selectPlan", plan=2)
    assert await room.end(one) == ("confirmed", None)
    now = room.street.supervisor.mark()
    assert room.street.supervisor.shows(SITE, order_of("selectPlan", {"plan": 2}), since=0)
    assert not room.street.supervisor.shows(SITE, order_of("selectPlan", {"plan": 2}), since=now)


async def test_who_does_not_control_the_junction_moves_nothing(room):
    await room.lease("bo")
    plan = room.street.state(SITE).plan
    with pytest.raises(LeaseRefused, match="bo controls"):
        await room.order("selectPlan", plan=3)
    assert room.street.state(SITE).plan == plan
    assert room.entities.held == {}


async def test_what_is_wrong_is_never_given(room):
    await room.lease()
    with pytest.raises(OrderRefused, match="plan is a whole number"):
        await room.order("selectPlan", plan=0)
    with pytest.raises(OrderRefused, match="'launch' is none of"):
        await room.order("launch")
    with pytest.raises(OrderRefused, match="for a reason"):
        await room.order("selectPlan", plan=2, reason=" ")
    with pytest.raises(UnknownJunction, match="nowhere"):
        await room.order("selectPlan", plan=2, site="nowhere")
    assert room.commands.open == {}


async def test_a_plan_that_the_controller_does_not_have_is_refused_by_it(room):
    await room.lease()
    status, _ = await room.end(await room.order("selectPlan", plan=99, valid_s=2))
    assert status in {"rejected", "expired"}
    assert room.street.state(SITE).plan != 99


async def test_a_command_for_a_controller_that_is_away_waits_for_it(room):
    await room.lease()
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    command_id = await room.order("selectPlan", plan=2)
    room.commands.look()
    assert (await room.written(command_id))[0] == "queued"
    room.street.connect(SITE)
    assert await room.end(command_id) == ("confirmed", None)


async def test_a_command_that_waits_too_long_expires_and_is_never_sent(room):
    await room.lease()
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    command_id = await room.order("selectPlan", plan=2, valid_s=30)
    room.ahead_us = 31 * S
    assert await room.end(command_id) == ("expired", "notSent")
    told = room.entities.held[command_id]["statusDetail"]["value"]
    assert told == "the controller was not there in time"
    assert "attempts" not in room.entities.held[command_id] or (
        room.entities.held[command_id]["attempts"]["value"] == 0
    )
    assert all(kind != "command" for kind, _ in room.keeping.kept)


async def test_who_lost_the_junction_meanwhile_moves_nothing_any_more(room):
    await room.lease()
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    command_id = await room.order("selectPlan", plan=3)
    taken = Lease(SITE, "bo", "an accident", room.now_us() + 60 * S)
    ended = await room.leases.take_over(taken, now_us=room.now_us())
    assert ended.operator == "anna"
    room.street.connect(SITE)
    assert await room.end(command_id) == ("rejected", "notPermitted")
    assert room.street.state(SITE).plan != 3


@pytest.mark.parametrize("status", ["queued", "sent"])
async def test_a_role_that_was_killed_carries_its_commands_on(room, status):
    await room.lease()
    if status == "queued":
        await room.street.disconnect(SITE)
        await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    command_id = await room.order("selectPlan", plan=2)
    await room.commands.keep()
    assert room.commands.open[command_id].state.status == status
    room.restart()
    await room.leases.load()
    await room.commands.load()
    assert room.commands.open[command_id].state.status == status
    if status == "sent":
        await room.street.disconnect(SITE)
    room.street.connect(SITE)
    assert await room.end(command_id) == ("confirmed", None)
    assert room.keeping.kept.keys() == {("lease", SITE)}


async def test_an_answer_to_another_order_of_the_same_kind_delivers_nothing(room):
    await room.lease()
    first = await room.order("setOffset", plan=1, offset=7)
    wanted = room.commands.open[first]
    room.commands.answered(SITE, "another message", "")
    assert wanted.state.status == "sent"
    second = await room.order("setSplits", plan=1, bands={"1": 5})
    assert await room.end(first) == ("confirmed", None)
    assert await room.end(second) == ("confirmed", None)


async def test_a_newer_command_makes_an_older_one_void(room):
    await room.lease()
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    older = await room.order("selectPlan", plan=3)
    newer = await room.order("selectPlan", plan=2)
    assert await room.end(older) == ("superseded", "newerCommand")
    room.street.connect(SITE)
    assert await room.end(newer) == ("confirmed", None)
    assert room.street.state(SITE).plan == 2


async def test_a_command_that_waits_can_be_withdrawn(room):
    await room.lease()
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    command_id = await room.order("selectPlan", plan=3)
    room.commands.withdraw(command_id)
    assert await room.end(command_id) == ("cancelled", "withdrawn")
    room.street.connect(SITE)
    await room.street.until(lambda: SITE in room.street.supervisor.connected)
    assert room.street.state(SITE).plan != 3


async def test_a_command_entity_that_nobody_gave_at_the_desk_is_rejected(room):
    strange = {
        "id": "urn:ngsi-ld:Command:roads:strange",
        "type": "Command",
        "target": {"type": "Relationship", "object": controller_id("roads", SITE)},
        "status": {"type": "Property", "value": "queued"},
        "issuedBy": {"type": "Property", "value": "anna"},
    }
    await room.lease()
    await room.entities.create_many([strange])
    room.commands.refuse_strange(strange)
    assert await room.written(strange["id"]) == ("rejected", "notPermitted")
    elsewhere = strange | {"id": "urn:ngsi-ld:Command:roads:2", "target": {"object": "urn:ngsi-ld:Lamp:1"}}
    await room.entities.create_many([elsewhere])
    room.commands.refuse_strange(elsewhere)
    assert (await room.written(elsewhere["id"]))[0] == "queued"


async def test_on_a_full_disk_nothing_is_given_nor_taken(room):
    await room.lease()
    room.keeping.is_full = True
    with pytest.raises(StoreUnavailable):
        await room.order("selectPlan", plan=2)
    with pytest.raises(StoreUnavailable):
        await room.leases.release(SITE, operator="anna", now_us=room.now_us())
    assert room.commands.open == {}
    assert room.leases.holder(SITE, now_us=room.now_us()).operator == "anna"


async def test_a_broker_that_is_away_hears_the_outcome_when_it_is_back(room):
    await room.lease()
    command_id = await room.order("selectPlan", plan=2)
    room.entities.is_down = True
    assert (await room.end(command_id))[0] == "queued"
    assert ("command", command_id) in room.keeping.kept
    room.entities.is_down = False
    assert await room.written(command_id) == ("confirmed", None)
    assert ("command", command_id) not in room.keeping.kept
