"""A thousand devices change their network server: places, rules and history stay; no service is touched."""

from __future__ import annotations

import base64

import orjson
import pytest

from samstad_devices.domain.names import IDENTIFIERS
from samstad_devices.gateway.lorawan import read_body

DEVICES = 1_000


def chirpstack(number: int, counter: int, level: int) -> bytes:
    told = {
        "deviceInfo": {"devEui": f"{number:016x}"},
        "devAddr": "01020304",
        "time": f"2025-11-25T02:{counter:02d}:00Z",
        "fCnt": counter,
        "fPort": 1,
        "data": base64.b64encode(bytes((1, 0x78, level))).decode(),
        "rxInfo": [{"gatewayId": "aa", "rssi": -90, "snr": 5}],
    }
    return orjson.dumps(told)


def the_things_stack(number: int, counter: int, level: int) -> bytes:
    told = {
        "end_device_ids": {"dev_eui": f"{number:016X}", "device_id": f"bin-{number}", "dev_addr": "0A0B0C0D"},
        "uplink_message": {
            "f_cnt": counter,
            "f_port": 1,
            "frm_payload": base64.b64encode(bytes((1, 0x78, level))).decode(),
            "received_at": f"2025-11-25T03:{counter:02d}:00Z",
            "rx_metadata": [{"gateway_ids": {"eui": "BB"}, "rssi": -80, "snr": 7}],
        },
    }
    return orjson.dumps(told)


@pytest.fixture
def clock(clock):
    clock.us = 1_764_039_600_000_000 + 7_200_000_000  # 2025-11-25T05:00:00Z
    return clock


@pytest.fixture
def city(city, device_of):
    for number in range(1, DEVICES + 1):
        city.put(device_of(number))
        city.put(
            {
                "id": f"urn:ngsi-ld:WasteContainer:a:{number}",
                "type": "WasteContainer",
                "note": {"value": "mine"},
            }
        )
    return city


async def send(ingest, way, network, bodies):
    for body in bodies:
        assert await ingest.take(way, read_body(network, body, event="up"))
    while await ingest.step():
        pass


async def test_a_thousand_devices_move_from_one_network_server_to_another(ingest, city):
    numbers = range(1, DEVICES + 1)
    before = {one: city.entities[f"urn:ngsi-ld:Device:a:{one}"][IDENTIFIERS] for one in numbers}
    await send(ingest, "lorawan/old", "chirpstack", (chirpstack(one, 5, 40) for one in numbers))
    # They join the new network: their counters begin anew, in a session of another address.
    await send(ingest, "lorawan/new", "the-things-stack", (the_things_stack(one, 1, 55) for one in numbers))
    # The old network still has one to send that it had kept: it goes into the history alone.
    await send(ingest, "lorawan/old", "chirpstack", [chirpstack(7, 4, 30)])
    for number in numbers:
        place = city.entities[f"urn:ngsi-ld:WasteContainer:a:{number}"]
        assert place["fillingLevel"]["value"] == 0.55
        assert place["note"] == {"value": "mine"}
        device = f"urn:ngsi-ld:Device:a:{number}"
        assert city.entities[device][IDENTIFIERS] == before[number]
        assert ingest.heard[device].lost == 0
    levels = [one["fillingLevel"]["value"] for one in city.updates if "fillingLevel" in one]
    assert (levels.count(0.4), levels.count(0.55)) == (DEVICES, DEVICES)
    late = [one["fillingLevel"]["value"] for one in city.history if "fillingLevel" in one]
    assert late == [0.3]
    assert not ingest.figures.quarantined
