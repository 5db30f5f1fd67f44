"""A message becomes what its place knows, or waits, or is in quarantine with a reason; it is never lost."""

from __future__ import annotations

import asyncio

import pytest

from samstad_devices.domain.codec import Codec
from samstad_devices.domain.errors import CodecExceeded, CodecThrew
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Joined, StatusReported, Uplink
from samstad_ngsild.client import Unreachable
from samstad_ngsild.errors import BadRequestData

BIN = "urn:ngsi-ld:WasteContainer:a:1"
BOX = "urn:ngsi-ld:Device:a:1"
MINUTE = 60_000_000
NOW = 1_764_036_000_000_000


def uplink(level=62, *, number=1, counter=1, at=NOW, payload=None):
    raw = bytes([1, 120, level]) if payload is None else payload
    return Uplink(device=Identifier("devEUI", f"{number:016X}"), payload=raw, counter=counter, time_us=at)


async def send(ingest, *messages):
    for message in messages:
        await ingest.take("lorawan/chirpstack", message)
    while await ingest.step():
        pass


async def quarantined(frames):
    return [one.reason for one in await frames.quarantined(device=None, after=0, limit=100)]


async def test_a_message_becomes_what_its_place_knows(ingest, city, frames):
    await send(ingest, uplink())
    level = city.entities[BIN]["fillingLevel"]
    assert (level["value"], level["unitCode"], level["observedAt"]) == (0.62, "C62", "2025-11-25T02:00:00Z")
    assert city.entities[BOX]["dateLastValueReported"]["value"]["@value"] == "2025-11-25T02:00:00Z"
    assert await quarantined(frames) == []
    assert await frames.waiting(after=0, limit=10) == []


async def test_messages_of_one_device_are_told_in_their_order_and_all_of_them(ingest, city):
    await send(ingest, *(uplink(level, counter=level, at=NOW + level) for level in (10, 20, 30)))
    assert [one["fillingLevel"]["value"] for one in city.updates if one["id"] == BIN] == [0.1, 0.2, 0.3]


async def test_a_late_message_goes_into_the_history_and_the_present_stays(ingest, city, frames):
    await send(ingest, uplink(50, counter=5))
    await send(ingest, uplink(10, counter=4, at=NOW - MINUTE))
    assert city.entities[BIN]["fillingLevel"]["value"] == 0.5
    late = next(one for one in city.history if one["id"] == BIN)
    assert (late["type"], late["fillingLevel"]["value"]) == ("WasteContainer", 0.1)
    assert ingest.figures.late == 1
    assert (await frames.heard())[BOX].counter == 5


async def test_a_broker_that_is_away_costs_no_message(ingest, city, frames):
    city.is_away = True
    await ingest.take("x", uplink())
    with pytest.raises(Unreachable):
        await ingest.step()
    assert len(await frames.waiting(after=0, limit=10)) == 1
    city.is_away = False
    assert await ingest.step() == 1
    assert city.entities[BIN]["fillingLevel"]["value"] == 0.62
    assert await ingest.step() == 0


@pytest.mark.parametrize(
    ("change", "message", "reason"),
    [
        ({}, uplink(number=99), "unknown-device"),
        ({"lifeCycle": {"type": "Property", "value": "decommissioned"}}, uplink(), "life-cycle"),
        ({"lifeCycle": {"type": "Property", "value": "ordered"}}, uplink(), "life-cycle"),
        ({"lifeCycle": None}, uplink(), "life-cycle"),
        ({"refDeviceModel": None}, uplink(), "profile"),
        ({}, uplink(payload=b"\x01\x78"), "payload"),
        ({"controlledAsset": {"type": "Relationship", "object": "urn:gone"}}, uplink(), "no-entity"),
    ],
)
async def test_what_cannot_be_published_is_in_quarantine_with_the_reason(  # noqa: PLR0917 - fixtures
    ingest, city, frames, directory, change, message, reason, device_of
):
    directory.take_devices([device_of(1, **change)])
    await send(ingest, message)
    assert await quarantined(frames) == [reason]
    assert "fillingLevel" not in city.entities[BIN]
    (one,) = await frames.quarantined(device=str(message.device), after=0, limit=10)
    assert one.message == message
    assert one.detail.endswith((".", "replay."))


async def test_an_identity_that_was_given_twice_reaches_no_place(ingest, city, frames, directory, device_of):
    other = device_of(7)
    other["https://w3id.org/samstad/identifiers"]["value"] = ["devEUI:0000000000000001"]
    directory.take_devices([other])
    await send(ingest, uplink())
    assert await quarantined(frames) == ["twice-given"]
    directory.take_devices([{**other, "deletedAt": "2025-11-25T02:00:00Z"}])
    assert await frames.release(device=None, reason="twice-given") == 1
    await send(ingest)
    assert city.entities[BIN]["fillingLevel"]["value"] == 0.62


@pytest.mark.parametrize("error", [CodecThrew("It threw."), CodecExceeded("It looped.")])
async def test_a_codec_that_fails_keeps_the_frame_and_it_is_replayed_when_it_is_mended(  # noqa: PLR0917 - fixtures
    ingest, city, frames, directory, runner, codecs, error, model_of
):
    codec = Codec("function decodeUplink() {}")
    field = {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1"}
    directory.take_models([model_of(decoder="javascript", codec=codec.digest, fields=[field])])
    await send(ingest, uplink(payload=b"\x3e"))
    assert await quarantined(frames) == ["codec"], "nobody brought the codec"
    codecs[codec.digest] = codec
    runner.error = error
    await frames.release(device=None, reason="codec")
    await send(ingest, uplink(number=2, payload=b"\x3e"))
    assert await quarantined(frames) == ["codec", "codec"]
    runner.error = None
    assert await frames.release(device=None, reason="codec") == 2
    await send(ingest)
    assert city.entities[BIN]["fillingLevel"]["value"] == 0.62
    assert await quarantined(frames) == []


async def test_a_message_that_spoils_a_batch_does_not_hold_up_the_others(ingest, city, frames, monkeypatch):
    whole = city.update_many

    async def picky(entities):
        if any(one.get("fillingLevel", {}).get("value") == 0.66 for one in entities):
            raise BadRequestData("That cannot be.")
        return await whole(entities)

    monkeypatch.setattr(city, "update_many", picky)
    await send(ingest, uplink(66), uplink(10, number=2))
    assert await quarantined(frames) == ["refused"]
    assert city.entities["urn:ngsi-ld:WasteContainer:a:2"]["fillingLevel"]["value"] == 0.1
    assert "fillingLevel" not in city.entities[BIN]


async def test_a_fault_of_ours_costs_one_message_its_turn_and_no_more(ingest, city, frames, monkeypatch):
    monkeypatch.setattr("samstad_devices.service.ingest.fragments", lambda *_, **__: 1 / 0)
    await send(ingest, uplink())
    assert await quarantined(frames) == ["fault"]
    monkeypatch.undo()
    await frames.release(device=None, reason="fault")
    await send(ingest)
    assert city.entities[BIN]["fillingLevel"]["value"] == 0.62


async def test_on_the_shelf_a_device_tells_of_itself_alone(ingest, city, directory, device_of):
    directory.take_devices([device_of(1, lifeCycle={"type": "Property", "value": "received"})])
    await send(ingest, uplink())
    assert "fillingLevel" not in city.entities[BIN]
    assert "dateLastValueReported" in city.entities[BOX]
    assert ingest.figures.tested == 1
    assert ingest.heard[BOX].accepted_us == NOW


async def test_what_lies_beyond_the_plausible_is_not_published(ingest, city):
    await send(ingest, uplink(200))
    assert "fillingLevel" not in city.entities[BIN]
    assert ingest.figures.doubts == {"implausible": 1}


async def test_lost_frames_are_counted_by_the_counter_and_a_join_begins_anew(ingest):
    await send(ingest, uplink(counter=10), uplink(counter=14, at=NOW + 1))
    assert ingest.heard[BOX].lost == 3
    await send(ingest, Joined(device=Identifier("devEUI", f"{1:016X}"), time_us=NOW + 2))
    await send(ingest, uplink(counter=0, at=NOW + 3))
    assert ingest.heard[BOX].lost == 3
    assert ingest.heard[BOX].frames == 4


async def test_the_networks_word_on_the_battery_reaches_the_device(ingest, city):
    await send(ingest, StatusReported(device=Identifier("devEUI", f"{1:016X}"), battery_percent=44))
    assert city.entities[BOX]["batteryLevel"]["value"] == 0.44
    assert "batteryLevel" not in city.entities[BIN]


async def test_a_device_that_appears_gets_what_it_said_before(ingest, city, frames, directory, device_of):
    working = asyncio.create_task(ingest.run())
    await ingest.take("x", uplink(number=3))
    while await quarantined(frames) != ["unknown-device"]:  # noqa: ASYNC110 - a thread does it
        await asyncio.sleep(0.005)
    city.put({"id": "urn:ngsi-ld:WasteContainer:a:3", "type": "WasteContainer"})
    city.put(device_of(3))
    directory.take_devices([device_of(3)])
    ingest.more.set()
    while "fillingLevel" not in city.entities["urn:ngsi-ld:WasteContainer:a:3"]:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    assert await quarantined(frames) == []
    working.cancel()
