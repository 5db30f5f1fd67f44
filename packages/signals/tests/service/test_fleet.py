from __future__ import annotations

import pytest

from samstad_models.alerts import AlertRefusedError
from samstad_signals.domain.alarms import AlarmSeen
from samstad_signals.domain.controller import Told
from samstad_signals.mapping import COMMUNICATION_FAULT
from samstad_signals.service.fleet import Fleet, UnknownAlarm, UnknownJunction
from samstad_signals.service.writing import Writer
from samstad_signals.simulation.memory_entities import MemoryEntities

S = 1_000_000
SITE = "RN+SI0001"
CONTROLLER = "urn:ngsi-ld:SignalController:roads:RN+SI0001"
LAMP = AlarmSeen("SG1", "A0201", 2, 5 * S, active=True, acknowledged=False, suspended=False)
KEY = ("SG1", "A0201")


def groups(fleet, states, at_s):
    told = [Told("S0001", "signalgroupstatus", states), Told("S0001", "cyclecounter", str(at_s))]
    fleet.take_values(SITE, told, observed_us=at_s * S, now_us=at_s * S)


@pytest.fixture
def fleet():
    fleet = Fleet("roads")
    fleet.up(SITE, now_us=0)
    return fleet


@pytest.fixture
def entities():
    return MemoryEntities()


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def writer(fleet, entities, complaints):
    return Writer(fleet, entities, told=complaints.append)


async def test_a_controller_its_groups_and_detectors_become_entities(fleet, writer, entities):
    groups(fleet, "1A", 10)
    fleet.take_values(SITE, [Told("S0002", "detectorlogicstatus", "1-")], observed_us=1, now_us=1)
    await writer.write(now_us=10 * S)
    assert entities.held[CONTROLLER]["controllerStatus"]["value"] == "ok"
    group = entities.held["urn:ngsi-ld:SignalGroup:roads:RN+SI0001-1"]
    assert group["signalState"] == {
        "type": "Property", "value": "green", "observedAt": "1970-01-01T00:00:10.000000Z",
    }  # fmt: skip
    assert entities.held["urn:ngsi-ld:TrafficDetector:roads:RN+SI0001-d1"]["detected"]["value"] is True
    assert "urn:ngsi-ld:TrafficDetector:roads:RN+SI0001-d2" not in entities.held


async def test_only_what_changed_is_written(fleet, writer, entities):
    groups(fleet, "1A", 10)
    await writer.write(now_us=10 * S)
    groups(fleet, "4A", 11)  # another kind of green, and a counter that runs
    entities.held.clear()
    await writer.write(now_us=11 * S)
    assert list(entities.held) == [CONTROLLER]
    assert await writer.write(now_us=12 * S) == 0


async def test_a_name_that_a_person_gave_stays(fleet, writer, entities):
    entities.held[CONTROLLER] = {"id": CONTROLLER, "type": "SignalController", "name": {"value": "Storgatan"}}
    await writer.write(now_us=1)
    assert entities.held[CONTROLLER]["name"] == {"value": "Storgatan"}
    assert "name" not in fleet.junction(SITE).state._asdict()


async def test_a_broker_that_is_away_is_told_everything_when_it_is_back(fleet, writer, entities, complaints):
    groups(fleet, "1A", 10)
    entities.is_down = True
    assert await writer.write(now_us=10 * S) == 0
    assert await writer.write(now_us=11 * S) == 0
    assert complaints == ["the broker took nothing: the broker is down"]
    assert writer.is_behind
    entities.is_down = False
    assert await writer.write(now_us=12 * S) == 3
    assert not writer.is_behind


async def test_an_alarm_is_handled_by_people_and_survives_being_told_again(fleet, writer, entities):
    fleet.take_alarm(SITE, LAMP)
    fleet.acknowledge(SITE, KEY, by="anna")
    fleet.comment(SITE, KEY, by="anna", text="Lamp ordered", now_us=7 * S)
    fleet.take_alarm(SITE, LAMP._replace(acknowledged=True, observed_us=6 * S))
    await writer.write(now_us=8 * S)
    alert = entities.held["urn:ngsi-ld:Alert:roads:RN+SI0001-SG1-A0201"]
    assert alert["acknowledgedBy"]["value"] == "anna"
    assert alert["severity"]["value"] == "high"
    assert alert["comments"]["value"] == [
        {"by": "anna", "at": "1970-01-01T00:00:07.000000Z", "text": "Lamp ordered"}
    ]
    assert alert["occurrenceCount"]["value"] == 1
    assert "clearedAt" not in alert


def test_a_silence_ends_by_itself_and_the_controller_is_to_be_told(fleet):
    fleet.take_alarm(SITE, LAMP)
    fleet.suspend(SITE, KEY, until_us=60 * S, now_us=6 * S)
    assert fleet.resume_due(now_us=59 * S) == []
    assert fleet.resume_due(now_us=60 * S) == [(SITE, KEY)]
    assert fleet.resume_due(now_us=61 * S) == []
    with pytest.raises(AlertRefusedError):
        fleet.suspend(SITE, KEY, until_us=1, now_us=2)


async def test_a_lost_link_is_seen_and_becomes_persistent_without_another_message(fleet, writer, entities):
    fleet.down(SITE, now_us=10 * S, reason="no acknowledgement")
    await writer.write(now_us=11 * S)
    assert entities.held[CONTROLLER]["controllerStatus"]["value"] == "unreachable"
    assert entities.held[CONTROLLER][COMMUNICATION_FAULT]["value"] == "none"
    await writer.write(now_us=311 * S)
    assert entities.held[CONTROLLER][COMMUNICATION_FAULT]["value"] == "persistent"


def test_who_is_not_there_is_named(fleet):
    with pytest.raises(UnknownJunction, match="'nobody'"):
        fleet.junction("nobody")
    with pytest.raises(UnknownAlarm, match="no alarm A0001"):
        fleet.acknowledge(SITE, ("TC", "A0001"), by="anna")
    assert fleet.site_of(CONTROLLER) == SITE
    assert fleet.site_of("urn:ngsi-ld:SignalController:roads:x") is None


async def test_a_link_that_stays_away_is_told_and_clears_itself(fleet, writer, entities):
    alert = "urn:ngsi-ld:Alert:roads:RN+SI0001-link-transmissionFault"
    fleet.down(SITE, now_us=10 * S, reason="no acknowledgement")
    await writer.write(now_us=11 * S)
    assert alert not in entities.held
    await writer.write(now_us=311 * S)
    assert entities.held[alert]["active"]["value"] is True
    assert entities.held[alert]["alertCategory"]["value"] == "communication"
    fleet.up(SITE, now_us=400 * S)
    await writer.write(now_us=401 * S)
    assert entities.held[alert]["active"]["value"] is False
    assert fleet.junction(SITE).owed == {}
