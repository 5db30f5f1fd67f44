from __future__ import annotations

import pytest

from samstad_signals.domain.controller import Told
from samstad_signals.errors import RequestRefused
from samstad_signals.service.compliance import Compliance, KnownPlan
from samstad_signals.service.fleet import Fleet
from samstad_signals.simulation.memory_keeping import MemoryKeeping

S = 1_000_000
SITE = "RN+SI0001"
PLAN = KnownPlan(cycle_s=60, greens={1: [(0, 25)], 2: [(30, 55)]}, actuated=[2])
KEY = ("g1", "planDeviation")


@pytest.fixture
def keeping():
    return MemoryKeeping()


@pytest.fixture
def fleet():
    fleet = Fleet("roads")
    fleet.up(SITE, now_us=0)
    return fleet


def tell(fleet, at_s, code, name, value):
    fleet.take_values(SITE, [Told(code, name, value)], observed_us=int(at_s * S), now_us=int(at_s * S))


def cycles(fleet, first, last, *, late_s=0, second=(30, 55)):
    """Let both groups be green in each cycle; the first begins and ends late."""
    for cycle in range(first, last):
        begin = cycle * 60
        tell(fleet, begin + late_s, "S0001", "signalgroupstatus", "1B")
        tell(fleet, begin + 25 + late_s, "S0001", "signalgroupstatus", "BB")
        tell(fleet, begin + second[0], "S0001", "signalgroupstatus", "B1")
        tell(fleet, begin + second[1], "S0001", "signalgroupstatus", "BB")


async def test_a_group_that_leaves_its_plan_is_told_until_it_is_back(fleet, keeping):
    compliance = Compliance(fleet, keeping)
    await compliance.set_plan(SITE, 1, PLAN)
    tell(fleet, 0, "S0014", "status", "1")
    tell(fleet, 0, "S0001", "signalgroupstatus", "BB")
    cycles(fleet, 1, 12, second=(35, 45))  # an actuated group may begin later and end earlier
    assert list(compliance.records[SITE, 1].right) == [True] * 6
    assert list(compliance.records[SITE, 2].right) == [True] * 6
    assert fleet.junction(SITE).alerts == {}
    cycles(fleet, 12, 17, late_s=5)
    assert fleet.alert(SITE, KEY).active
    assert [one.kind for one in compliance.records[SITE, 1].latest] == ["lateStart", "lateEnd"]
    assert set(fleet.junction(SITE).alerts) == {KEY}
    cycles(fleet, 17, 24)
    assert not fleet.alert(SITE, KEY).active
    assert not fleet.alert(SITE, KEY).acknowledged


async def test_after_a_change_of_plan_a_controller_may_come_into_step_and_other_modes_are_left_alone(
    fleet, keeping
):
    compliance = Compliance(fleet, keeping)
    await compliance.set_plan(SITE, 1, PLAN)
    tell(fleet, 0, "S0014", "status", "1")
    tell(fleet, 0, "S0001", "signalgroupstatus", "BB")
    cycles(fleet, 1, 4, late_s=10)
    assert not compliance.records[SITE, 1].right
    tell(fleet, 239, "S0011", "status", "True")
    cycles(fleet, 4, 12, late_s=10)
    assert fleet.junction(SITE).alerts == {}
    tell(fleet, 719, "S0011", "status", "False")
    tell(fleet, 719, "S0014", "status", "2")  # a plan that the centre does not know
    cycles(fleet, 12, 20, late_s=10)
    assert fleet.junction(SITE).alerts == {}


async def test_plans_survive_and_impossible_ones_are_refused(fleet, keeping):
    compliance = Compliance(fleet, keeping)
    await compliance.set_plan(SITE, 1, PLAN)
    with pytest.raises(RequestRefused, match="no window of a cycle of 60 s"):
        await compliance.set_plan(SITE, 2, KnownPlan(cycle_s=60, greens={1: [(0, 61)]}))
    with pytest.raises(RequestRefused, match="1 to 255"):
        await compliance.set_plan(SITE, 2, KnownPlan(cycle_s=0, greens={}))
    again = Compliance(Fleet("roads"), keeping)
    await again.load()
    assert again.plans(SITE) == {1: PLAN}
