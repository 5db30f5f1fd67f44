"""Bodies that network servers really sent are read as they should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from samstad_devices.gateway.lorawan import read_body

BODIES = {
    "actilityEnterprise": "actility",
    "chirpStack": "chirpstack-v3",
    "chirpStackV4": "chirpstack",
    "everynet": "everynet",
    "kerlink": "kerlink",
    "loriot": "loriot",
    "multiTech": "multitech",
    "proximus": "proximus",
    "theThingsStack": "the-things-stack",
}
PORTS = {"chirpStack": 5, "chirpStackV4": 5, "everynet": 7, "loriot": 2, "proximus": 6, "theThingsStack": 1}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_recorded_body_is_the_frame_that_it_says(name):
    root = os.environ.get("SAMSTAD_REFERENCE")
    if not root or not (Path(root) / "lorawan-webhooks").is_dir():
        pytest.skip("SAMSTAD_REFERENCE names no directory with lorawan-webhooks")
    body = (Path(root) / "lorawan-webhooks" / f"{name}.uplink.json").read_bytes()
    if name == "theThingsStack":
        # The sample cuts the times of the network short, which none really does.
        body = body.replace(b'"2020-02-12T15:15..."', b'"2020-02-12T15:15:45.9Z"')
    uplink = read_body(BODIES[name], body)
    assert uplink.device.text == "01020304050607AB"
    assert uplink.payload == b"bumlux"
    assert uplink.port == PORTS.get(name, 2)
    assert uplink.counter != 0
    assert uplink.time_us > 1_500_000_000_000_000
    assert all(heard.gateway and heard.rssi_dbm < 0 for heard in uplink.receptions)
    assert len(uplink.receptions) == (2 if name == "kerlink" else 1)
