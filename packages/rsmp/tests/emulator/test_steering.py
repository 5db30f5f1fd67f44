import msgspec
import pytest

from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.emulator.monitor import SafetyMonitor
from samstad_rsmp.emulator.steering import AdaptiveDevice, crossing_of
from samstad_rsmp.errors import RsmpError


def queued(one, minutes):
    """Let time pass and return the mean queue."""
    found = []
    for _ in range(minutes * 12):
        one.run(5)
        found.append(one.controller.traffic.queued())
    return sum(found) / len(found)


@pytest.fixture
def adaptive(street):
    one = street()
    one.device = AdaptiveDevice(one.controller)
    one.monitor = SafetyMonitor(one.junction, red_grace_s=30)
    return one.started()


def test_the_plans_tell_what_may_be_shown():
    crossing = crossing_of(example_junction())
    assert [sorted(one.greens) for one in crossing.stages] == [["SG1", "SG4"], ["SG2", "SG3"]]
    assert crossing.intergreen_s["SG4"]["SG2"] == 8
    assert crossing.max_green_s["SG1"] == 58 + 10
    with pytest.raises(RsmpError, match="needs two stages"):
        crossing_of(msgspec.structs.replace(example_junction(), detectors=()))


def test_queues_are_shorter_than_under_the_plan_and_the_monitor_sees_nothing(street, adaptive):
    assert queued(adaptive, 10) < 0.8 * queued(street().started(), 10)
    assert adaptive.controller.is_steered(adaptive.now)


def test_when_it_is_lost_the_own_program_goes_on_and_an_operator_is_obeyed(adaptive):
    adaptive.run(60)
    adaptive.device.is_lost = True
    adaptive.run(4)
    assert not adaptive.controller.is_steered(adaptive.now)
    adaptive.device.is_lost = False
    adaptive.run(2)
    assert adaptive.controller.is_steered(adaptive.now)
    adaptive.order("M0001", status="YellowFlash", timeout=0, intersection=0)
    assert set(adaptive.run(20)[-1]) == {"c"}
