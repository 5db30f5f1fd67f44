"""Commands to devices: said once, in order, within limits; confirmed by what the device shows."""

from __future__ import annotations

import pytest

from samstad_devices.domain.errors import CodecThrew, ProfileRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import DownlinkAnswered
from samstad_devices.domain.normalise import Measurement
from samstad_devices.domain.profile import read_profile
from samstad_devices.service.commands import Commands
from samstad_devices.service.directory import Directory
from samstad_devices.service.understand import Understanding
from samstad_devices.spi.frame_store import Heard
from samstad_devices.spi.routes import RouteAway, RouteRefused

SECOND = 1_000_000
DEVICE = "urn:ngsi-ld:Device:a:1"
LAMP = "urn:ngsi-ld:WasteContainer:a:1"
ME = Identifier("entity", DEVICE)
RULE = {
    "arguments": {
        "level": {"least": 0, "most": 80},
        "fade": {"words": ["slow", "quick"], "otherwise": "slow"},
    },
    "data": {"dim": "$level", "how": ["$fade", "now"]},
    "attribute": "dimmingLevel",
    "equals": "$level",
    "tolerance": 1,
}


class Way:
    """A route that remembers what was said."""

    def __init__(self) -> None:
        self.said, self.is_away, self.is_shut, self.error = [], False, False, None

    def is_open(self, device_id, way):  # noqa: ARG002 - the port's
        return not self.is_shut

    async def send(self, downlink):
        if self.error:
            raise self.error
        self.said.append((downlink.reference.rpartition(":")[2], downlink.payload, downlink.way))
        return downlink.reference


def command(number=1, *, target=DEVICE, name="dim", arguments=None, status="queued", **told):
    attributes = {
        "target": {"type": "Relationship", "object": target},
        "commandName": {"type": "Property", "value": name},
        "commandArguments": {
            "type": "JsonProperty",
            "json": {"level": 40} if arguments is None else arguments,
        },
        "status": {"type": "Property", "value": status},
        "issuedBy": {"type": "Property", "value": "operator:anna"},
        "reason": {"type": "Property", "value": "the match is over"},
        "issuedAt": {
            "type": "Property",
            "value": {"@type": "DateTime", "@value": f"2025-11-25T02:00:0{number}Z"},
        },
        "validUntil": {"type": "Property", "value": {"@type": "DateTime", "@value": "2025-11-25T02:10:00Z"}},
        **told,
    }
    kept = {name: value for name, value in attributes.items() if value is not None}
    return {"id": f"urn:ngsi-ld:Command:a:{number}", "type": "Command", **kept}


@pytest.fixture
def way():
    return Way()


@pytest.fixture
def heard():
    return {DEVICE: Heard(DEVICE, 1, way="lorawan/city")}


@pytest.fixture
async def commands(city, way, heard, clock, codecs, runner, model_of):  # noqa: PLR0917 - fixtures
    city.put(model_of(commands={"dim": RULE, "bell": {"hex": "ff01", "attempts": 2, "retryS": 30}}))
    directory = Directory()
    await directory.load(city)
    clock.us = 1_764_036_010 * SECOND  # 2025-11-25T02:00:10Z
    return Commands(
        directory=directory,
        encode=Understanding(codecs, runner).downlink,
        routes=[way],
        heard=heard.get,
        city=city,
        now_us=clock.now_us,
    )


@pytest.fixture
def give(city, commands):
    async def give(*entities):
        for entity in entities:
            city.put(entity)
            commands.take(entity)
        await commands.step()

    return give


@pytest.fixture
def state(city):
    def state(number=1):
        entity = city.entities[f"urn:ngsi-ld:Command:a:{number}"]
        told = [entity.get(name, {}).get("value") for name in ("status", "statusCause")]
        return told[0] if told[1] is None else tuple(told)

    return state


async def test_a_command_is_confirmed_by_what_the_device_shows_and_by_nothing_else(
    commands, give, way, state, clock
):
    await give(command())
    said = b'{"command":"urn:ngsi-ld:Command:a:1","dim":40,"how":["slow","now"]}'
    assert way.said == [("1", said, "lorawan/city")]
    assert state() == "sent"
    commands.answered(
        DownlinkAnswered(device=ME, outcome="acknowledged", reference="urn:ngsi-ld:Command:a:1")
    )
    await commands.step()
    assert state() == "delivered", "that the device has it does not say that it did it"
    commands.measured(DEVICE, [Measurement("asset", "dimmingLevel", 80, "P1")], clock.us)
    commands.measured(DEVICE, [Measurement("device", "dimmingLevel", 40, "P1")], clock.us)
    commands.measured(DEVICE, [Measurement("asset", "dimmingLevel", 40, "P1")], clock.us - 60 * SECOND)
    commands.measured("urn:ngsi-ld:Device:a:2", [Measurement("asset", "dimmingLevel", 40, "P1")], clock.us)
    await commands.step()
    assert state() == "delivered", "another value, another's value and an older one are no proof"
    commands.measured(DEVICE, [Measurement("asset", "dimmingLevel", 40.6, "P1")], clock.us)
    await commands.step()
    assert state() == "confirmed"
    await commands.step()
    assert len(way.said) == 1


async def test_a_place_is_a_target_too_where_its_device_has_the_command(give, way, state):
    await give(command(1, target=LAMP), command(2, target=LAMP, name="openLid"))
    assert [one[0] for one in way.said] == ["1"]
    assert state(2) == "queued", "another service's command is left alone"


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({"name": "explode"}, "unknownCommand"),
        ({"arguments": {"level": 81}}, "safetyLimit"),
        ({"arguments": {"level": -1}}, "safetyLimit"),
        ({"arguments": {"level": float("nan")}}, "safetyLimit"),
        ({"arguments": {"level": True}}, "invalidArguments"),
        ({"arguments": {"level": "40"}}, "invalidArguments"),
        ({"arguments": {"level": [40]}}, "invalidArguments"),
        ({"arguments": {}}, "invalidArguments"),
        ({"arguments": {"level": 4, "fade": "never"}}, "invalidArguments"),
        ({"arguments": {"level": 4, "colour": "red"}}, "invalidArguments"),
        ({"arguments": ["level"]}, "invalidArguments"),
        ({"issuedBy": None}, "invalidArguments"),
        ({"reason": None}, "invalidArguments"),
        ({"validUntil": None}, "invalidArguments"),
        ({"validUntil": {"type": "Property", "value": "2025-11-25T02:10:00"}}, "invalidArguments"),
    ],
)
async def test_what_must_not_be_said_is_never_said(give, way, state, told, cause):
    await give(command(**told))
    assert state() == ("rejected", cause)
    assert way.said == []


async def test_a_device_that_is_lost_takes_no_command(commands, give, way, state, device_of):
    commands._directory.take_devices([device_of(lifeCycle={"type": "Property", "value": "lost"})])
    await give(command())
    assert state() == ("rejected", "notPermitted")
    assert way.said == []


async def test_commands_of_a_device_go_one_by_one_and_the_newer_of_a_kind_counts(commands, give, way, state):
    way.is_shut = True
    await give(command(2, name="bell", arguments={}), command(1), command(3))
    assert (state(1), state(2), state(3)) == (("superseded", "newerCommand"), "queued", "queued")
    way.is_shut = False
    await commands.step()
    await commands.step()
    assert [one[0] for one in way.said] == ["2"], "the next waits until this one has gone out"
    commands.answered(DownlinkAnswered(device=ME, outcome="sent", reference="urn:ngsi-ld:Command:a:2"))
    await commands.step()
    assert [one[0] for one in way.said] == ["2", "3"]


async def test_what_is_too_late_is_not_said(commands, give, way, state, clock):
    way.is_shut = True
    await give(command())
    clock.us += 600 * SECOND
    way.is_shut = False
    await commands.step()
    assert state() == ("expired", "notSent")
    assert way.said == []
    assert len(commands) == 0


async def test_only_what_may_be_repeated_is_said_again(commands, give, way, state, clock):
    await give(
        command(1),
    )
    commands.answered(DownlinkAnswered(device=ME, outcome="sent", reference="urn:ngsi-ld:Command:a:1"))
    await give(command(2, name="bell", arguments={}))
    for _ in range(5):
        clock.us += 31 * SECOND
        await commands.step()
    assert [one[0] for one in way.said] == ["1", "2", "2"]
    clock.us += 600 * SECOND
    await commands.step()
    assert (state(1), state(2)) == (("expired", "notDelivered"), ("expired", "notDelivered"))


async def test_a_frame_that_was_not_acknowledged_goes_again_and_then_fails(commands, give, way, state):
    await give(command(1, name="bell", arguments={}))
    not_acknowledged = DownlinkAnswered(device=Identifier("devEUI", "0000000000000001"), outcome="refused")
    commands.answered(not_acknowledged)
    await commands.step()
    assert len(way.said) == 2
    commands.answered(not_acknowledged)
    await commands.step()
    assert state() == ("failed", "noRoute")
    await give(command(2))
    commands.answered(DownlinkAnswered(device=ME, outcome="refused", reference="urn:ngsi-ld:Command:a:2"))
    await commands.step()
    assert state(2) == ("rejected", "deviceRefused")


async def test_a_way_that_is_away_is_tried_again_and_one_that_refuses_is_not(
    commands, give, way, state, clock
):
    way.error = RouteAway("the network server is away")
    await give(command(1))
    assert state(1) == "sent"
    way.error = None
    await commands.step()
    assert way.said == []
    clock.us += 6 * SECOND
    await commands.step()
    assert len(way.said) == 1
    way.error = RouteRefused("no such device there")
    commands.answered(
        DownlinkAnswered(device=ME, outcome="acknowledged", reference="urn:ngsi-ld:Command:a:1")
    )
    await give(command(2, name="bell", arguments={}))
    assert state(2) == ("failed", "noRoute")


async def test_nothing_is_said_that_could_not_be_written_before(commands, city, way, state):
    city.put(command())
    commands.take(command())
    city.is_away = True
    await commands.step()
    assert way.said == []
    city.is_away = False
    await commands.step()
    assert [one[0] for one in way.said] == ["1"]
    assert state() == "sent"


async def test_a_node_that_died_after_it_wrote_says_it_no_second_time(commands, give, way, state, clock):
    await give(command(status="sent", attempts={"type": "Property", "value": 1}))
    assert way.said == []
    commands.measured(DEVICE, [Measurement("asset", "dimmingLevel", 40, "P1")], clock.us)
    await commands.step()
    assert state() == "confirmed", "what the device shows counts all the same"


async def test_a_command_that_was_withdrawn_or_deleted_is_not_said(commands, give, way):
    way.is_shut = True
    await give(command(1), command(2, name="bell", arguments={}))
    commands.take(command(1, status="cancelled"))
    commands.take({"id": "urn:ngsi-ld:Command:a:2", "type": "Command", "deletedAt": "2025-11-25T02:00:00Z"})
    way.is_shut = False
    await commands.step()
    assert way.said == []
    assert len(commands) == 0


async def test_a_program_that_cannot_say_it_fails_the_command(commands, give, way, state):
    async def encode(profile, data, *, port, command_id):  # noqa: ARG001 - the port's
        raise CodecThrew("encodeDownlink threw: no dim")

    commands._encode = encode
    await give(command())
    assert state() == ("failed", "deviceError")
    assert way.said == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"data": 1, "hex": "00"},
        {"hex": "0"},
        {"hex": "00", "port": 0},
        {"hex": "00", "attempts": 0},
        {"hex": "00", "attribute": "a"},
        {"data": {"x": "$y"}},
        {"data": 1, "attribute": "a", "equals": "$y"},
        {"data": [[[[[[[[[["deep"]]]]]]]]]]},
    ],
)
def test_a_rule_that_could_never_work_is_refused_with_its_place(rule):
    with pytest.raises(ProfileRefused):
        read_profile({"decoder": "json", "commands": {"x": rule}})
    assert read_profile({"decoder": "json", "commands": {"x": {"hex": "00"}}}).commands["x"].port == 1
