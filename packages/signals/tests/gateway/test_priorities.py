from __future__ import annotations

from itertools import count

import pytest

from samstad_signals.domain.orders import OrderRefused
from samstad_signals.domain.priority import LatenessRule, level_for, rows_told
from samstad_signals.mapping import Place
from samstad_signals.service.priorities import Priorities, Vehicle
from samstad_signals.spi.keeping import StoreUnavailable

SITE = "RN+SI0001"


@pytest.fixture
def priorities(room):
    numbers = count(1)
    found = Priorities(
        room.street.fleet,
        room.street.supervisor,
        room.keeping,
        now_us=room.now_us,
        new_id=lambda: f"r{next(numbers)}",
    )
    room.street.supervisor.on_priorities = found.told
    return found


def bus(lateness_s, **more):
    told = {"vehicle": "1401", "target": {"signalGroupId": "SG2"}, "lateness_s": lateness_s, "eta_s": 20}
    return Vehicle(**{**told, **more})


@pytest.mark.parametrize(
    ("kind", "lateness_s", "level"),
    [("bus", -30, None), ("bus", 59, None), ("bus", 60, 4), ("tram", 400, 11), ("emergency", -600, 14)],
)
def test_who_is_on_time_asks_for_nothing(kind, lateness_s, level):
    assert level_for(kind, lateness_s) == level


@pytest.mark.parametrize("told", [None, "x", [1, {"r": 1, "s": "queued"}, {"r": "a", "s": "dancing"}], {}])
def test_what_is_no_request_is_passed_over(told):
    assert list(rows_told(told)) == []


@pytest.mark.system
async def test_a_late_bus_is_served_and_its_result_is_told(room, priorities):
    assert priorities.ask(SITE, bus(10)) is None
    assert priorities.requests(SITE) == ()
    asked = priorities.ask(SITE, bus(200))
    assert (asked.level, asked.state) == (8, "sent")
    await room.street.until(lambda: priorities.requests(SITE)[0].state == "activated")
    again = priorities.ask(SITE, bus(320))
    assert (again.request_id, again.level) == (asked.request_id, 11)
    assert len(priorities.requests(SITE)) == 1
    priorities.cancel(SITE, bus(320))
    await room.street.until(lambda: priorities.requests(SITE)[0].is_over)
    (result,) = priorities.requests(SITE)
    assert result.state == "completed"
    assert [state for state, _ in result.states][-2:] == ["activated", "completed"]
    with pytest.raises(OrderRefused, match="has asked for nothing"):
        priorities.cancel(SITE, bus(320))


@pytest.mark.system
async def test_what_cannot_be_asked_is_refused_and_rules_survive(room, priorities):
    with pytest.raises(OrderRefused, match="target has one of"):
        priorities.ask(SITE, bus(200, target={}))
    await priorities.set_rules([LatenessRule(600, 3)])
    assert priorities.ask(SITE, bus(200)) is None
    with pytest.raises(OrderRefused, match="0 to 14"):
        await priorities.set_rules([LatenessRule(1, 15)])
    room.keeping.is_full = True
    with pytest.raises(StoreUnavailable):
        await priorities.set_rules([])
    assert list(priorities.rules) == [LatenessRule(600, 3)]
    room.street.fleet.put(SITE, Place("x", shadow=True))
    with pytest.raises(OrderRefused, match="in shadow"):
        priorities.ask(SITE, bus(900))
    room.street.fleet.put(SITE, None)
    await room.street.disconnect(SITE)
    await room.street.until(lambda: SITE not in room.street.supervisor.connected)
    with pytest.raises(OrderRefused, match="not connected"):
        priorities.ask(SITE, bus(900))
    assert priorities.requests(SITE) == ()
