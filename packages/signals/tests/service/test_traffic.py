from __future__ import annotations

import pytest

from samstad_signals.domain.controller import Told
from samstad_signals.domain.traffic import NO_TRAFFIC, fold_traffic
from samstad_signals.service.alarm_work import AlarmWork
from samstad_signals.service.fleet import Fleet

S = 1_000_000
MINUTE = 60 * S
SITE = "RN+SI0001"
ONE = "urn:ngsi-ld:TrafficDetector:roads:RN+SI0001-d1"
TWO = "urn:ngsi-ld:TrafficDetector:roads:RN+SI0001-d2"


class SilentStreet:
    said = ()

    def tell_alarm(self, *said):
        self.said = said


@pytest.fixture
def fleet():
    fleet = Fleet("roads")
    fleet.up(SITE, now_us=0)
    return fleet


def tell(fleet, minute, vehicles, *, speed="-1,-1", occupancy="5,5", is_late=False):
    told = [
        Told("S0205", "vehicles", vehicles),
        Told("S0206", "speed", speed),
        Told("S0207", "occupancy", occupancy),
    ]
    at = minute * MINUTE
    fleet.take_values(SITE, told, observed_us=at, now_us=at, is_late=is_late)
    return {one["id"]: one for one in fleet.take_changes(now_us=at)}


def test_what_detectors_count_becomes_entities(fleet):
    found = tell(fleet, 1, "7,-1", speed="43,-1", occupancy="12,-1")
    assert found[ONE]["vehicleCount"] == {
        "type": "Property", "value": 7, "observedAt": "1970-01-01T00:01:00.000000Z",
    }  # fmt: skip
    assert found[ONE]["measuredSpeed"]["unitCode"] == "KMH"
    assert found[ONE]["occupiedShare"]["value"] == 0.12
    assert TWO not in found
    assert ONE not in {one["id"] for one in fleet.take_changes(now_us=2 * MINUTE)}


def test_what_is_told_late_goes_into_the_history_alone(fleet):
    tell(fleet, 10, "7,3")
    found = tell(fleet, 5, "2,1", is_late=True)
    assert ONE not in found
    past = {one["id"]: one for one in fleet.take_past()}
    assert [one["value"] for one in past[ONE]["vehicleCount"]] == [2]


@pytest.mark.parametrize(
    ("vehicles", "expected"),
    [("1,2", (1, 2)), ("-1,x", (None, None)), ("", (None,)), ("99999", (None,)), ("1,,3", (1, None, 3))],
)
def test_whatever_a_list_says_is_read(vehicles, expected):
    told = [Told("S0205", "vehicles", vehicles), Told("S0205", "start", "x")]
    assert fold_traffic(NO_TRAFFIC, told, observed_us=1).vehicles == expected
    assert fold_traffic(NO_TRAFFIC, [Told("S0205", "vehicles", None)], observed_us=1) is NO_TRAFFIC


def test_a_detector_that_is_stuck_is_found_told_and_cleared(fleet):
    minute = 0
    for minute in range(1, 9):
        found = tell(fleet, minute, "8,6")
    assert found[ONE]["detectorStatus"]["value"] == "ok"
    for minute in range(9, 21):
        found = tell(fleet, minute, "0,6", occupancy="100,5")
    assert found[ONE]["detectorStatus"]["value"] == "stuckOn"
    assert found[TWO]["detectorStatus"]["value"] == "ok"
    assert fleet.alert(SITE, ("d1", "stuckOn")).active
    street = SilentStreet()
    AlarmWork(fleet, street, now_us=lambda: 20 * MINUTE).acknowledge(SITE, ("d1", "stuckOn"), by="anna")
    assert street.said == ()
    found = tell(fleet, minute + 1, "8,6")
    assert found[ONE]["detectorStatus"]["value"] == "ok"
    alert = fleet.alert(SITE, ("d1", "stuckOn"))
    assert (alert.active, alert.acknowledged_by) == (False, "anna")


def test_a_detector_that_falls_silent_in_traffic_is_found_and_an_empty_road_is_not(fleet):
    for minute in range(1, 30):
        tell(fleet, minute, "6,0")
    found = {}
    for minute in range(30, 34):
        found |= tell(fleet, minute, "0,0", occupancy="0,0")
    assert found[ONE]["detectorStatus"]["value"] == "stuckOff"
    assert found[TWO]["detectorStatus"]["value"] == "ok"
