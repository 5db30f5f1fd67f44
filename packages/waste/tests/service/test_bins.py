"""Bins from what sensors tell to levels, emptyings and alerts in the broker."""

from __future__ import annotations

import pytest

from samstad_ngsild.client import Selection, Unreachable
from samstad_waste import mapping
from samstad_waste.domain.names import own

NOW = 1_764_036_000_000_000
HOUR = 3_600_000_000
BIN = "urn:ngsi-ld:WasteContainer:street:1"
MODEL = "urn:ngsi-ld:WasteContainerModel:city:m"
WAIT = 24 * HOUR


def container(**told):
    return {
        "id": BIN,
        "type": "WasteContainer",
        "name": mapping.prop("Torget"),
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [18.0, 59.3]}},
        "refWasteContainerModel": mapping.rel(MODEL),
        **told,
    }


def model():
    geometry = {"type": "JsonProperty", "json": {"sensorHeight": 1.2, "fullHeight": 1.0}}
    return {"id": MODEL, "type": "WasteContainerModel", own("fillGeometry"): geometry}


def device(number, hour, **told):
    return {
        "id": f"urn:ngsi-ld:Device:street:{number}",
        "type": "Device",
        "controlledAsset": mapping.rel(BIN),
        **{own(name): mapping.prop(value, mapping.iso(NOW + hour * HOUR)) for name, value in told.items()},
    }


@pytest.fixture
async def street(bins, city):
    await city.create(container())
    bins.take_models([model()])
    bins.take_containers([container()])
    return bins


async def level(city):
    return (await city.retrieve(BIN)).get("fillingLevel", {}).get("value")


async def test_distances_of_a_device_become_the_bins_level_and_an_emptying(street, city, writer):
    for hour, distance in enumerate((1.0, 0.7, 0.4)):
        street.take_devices([device(1, hour, sensedDistance=distance)])
    await writer.write()
    assert await level(city) == pytest.approx(0.8)
    street.take_devices([device(1, 3, sensedDistance=1.19)])
    await writer.write()
    assert await level(city) == pytest.approx(0.8), "one reading is no emptying"
    street.take_devices([device(1, 4, sensedDistance=1.15)])
    await writer.write()
    assert await level(city) == pytest.approx(0.05)
    (emptying,) = [one async for one in city.query(Selection(type=own("WasteEmptying")))]
    assert emptying[own("levelBefore")]["value"] == pytest.approx(0.8)
    assert emptying[own("refWasteContainer")]["object"] == BIN


async def test_what_is_told_twice_is_one(street, writer):
    for _ in range(2):
        street.take_devices([device(1, 0, sensedDistance=0.7)])
    street.take_containers([container(fillingLevel=mapping.prop(0.5, mapping.iso(NOW), "C62"))])
    await writer.write()
    assert street.figures == {"levels": 1, "emptyings": 0, "doubtful": 0}
    assert await writer.write() == 0


async def test_two_sensors_make_one_level_and_a_counter_counts_from_the_emptying(street):
    street.take_devices([device(1, 0, sensedDistance=1.0), device(2, 0, sensedDistance=0.8)])
    assert street.find(BIN).words.keys() == {
        (f"urn:ngsi-ld:Device:street:{n}", own("sensedDistance")) for n in (1, 2)
    }
    street.take_devices([device(1, 1, sensedDistance=1.0)])
    assert street.find(BIN).track.known.level == pytest.approx(0.3)


async def test_a_bin_without_a_model_says_what_to_do(bins):
    bins.take_containers([container()])
    bins.take_devices([device(1, 0, sensedDistance=1.0)])
    assert "refWasteContainerModel" in bins.refused[BIN]
    assert bins.find(BIN).track.known is None
    assert not [one for one in bins.outbox.values() if "fillingLevel" in one]


async def test_a_broker_that_is_away_costs_nothing(street, city, writer, told, monkeypatch):
    async def away(*_):
        raise Unreachable("No answer came.")

    street.take_devices([device(1, 0, sensedDistance=0.7)])
    with monkeypatch.context() as broken:
        broken.setattr(city, "update_many", away)
        assert await writer.write() == 0
        assert writer.is_behind
    street.take_devices([device(1, 1, sensedDistance=0.6)])
    await writer.write()
    assert await level(city) == pytest.approx(0.6)
    assert not writer.is_behind
    assert len(told) == 1


async def alert(city, kind):
    return await city.find(mapping.alert_id(BIN, kind))


async def test_an_overflow_is_told_and_goes_with_the_emptying(street, city, writer, alerting):
    async def look(hour):
        await alerting.look([BIN], now_us=NOW + hour * HOUR, visit_after_us=WAIT)
        await writer.write()

    for hour, distance in ((0, 0.8), (1, 0.5), (2, 0.25)):
        street.take_devices([device(1, hour, sensedDistance=distance)])
    await look(2)
    told = await alert(city, "overflowNow")
    assert (told["active"]["value"], told["severity"]["value"]) == (True, "high")
    assert told["alertSource"]["object"] == BIN
    assert await alert(city, "fire") is None
    await city.append(told["id"], {"acknowledged": mapping.prop(value=True), "assignee": mapping.prop("Eva")})
    for hour, distance in ((3, 1.19), (4, 1.18)):
        street.take_devices([device(1, hour, sensedDistance=distance)])
    await look(4)
    after = await alert(city, "overflowNow")
    assert after["active"]["value"] is False
    assert after["assignee"]["value"] == "Eva", "what a person did stays"


async def test_fire_tilt_and_silence_are_told(street, city, writer, alerting):
    hot = device(1, 0, sensedDistance=1.0, sensedAngle=80)
    hot["temperature"] = mapping.prop(85, mapping.iso(NOW))
    street.take_devices([hot])
    await alerting.look([BIN], now_us=NOW + HOUR, visit_after_us=WAIT)
    await writer.write()
    assert (await alert(city, "fire"))["severity"]["value"] == "critical"
    assert (await alert(city, "tilted"))["active"]["value"] is True
    assert await alert(city, "silent") is None
    await alerting.look([BIN], now_us=NOW + 40 * HOUR, visit_after_us=WAIT)
    await writer.write()
    assert (await alert(city, "silent"))["active"]["value"] is True


async def test_after_a_restart_an_alert_goes_on_and_is_cleared(street, city, writer, alerting):
    street.take_devices([device(1, 0, sensedDistance=1.0, sensedAngle=80)])
    await alerting.look([BIN], now_us=NOW, visit_after_us=WAIT)
    await writer.write()
    alerting._active.clear()
    alerting.is_loaded = False
    street.take_devices([device(1, 1, sensedDistance=1.0, sensedAngle=2)])
    await alerting.look([BIN], now_us=NOW + HOUR, visit_after_us=WAIT)
    await writer.write()
    told = await alert(city, "tilted")
    assert (told["active"]["value"], told["occurrenceCount"]["value"]) == (False, 1)
    assert (BIN, "tilted") not in alerting.active


async def test_impossible_levels_are_told_after_the_third(street, city, writer, alerting):
    for hour in range(3):
        street.take_devices([device(1, hour, sensedDistance=3.0)])
    assert "below the bottom" in street.refused[BIN]
    await alerting.look([BIN], now_us=NOW, visit_after_us=WAIT)
    await writer.write()
    assert (await alert(city, "implausible"))["active"]["value"] is True
    assert await level(city) is None
