"""Meters by wireless M-Bus: who sent a telegram, what it says, and with which key."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.wmbus import meter_of, read_telegram
from samstad_devices.gateway.lorawan import read_body

TELEGRAM = bytes.fromhex(
    "2E4493157856341233037A2A0020255923C95AAA26D1B2E7493B013EC4A6F6D3529B520EDFF0EA6DEFC99D6D69EBF3"
)
"""The gas meter of the OMS specification, volume 2, annex N: mode 5, 28 504.27 m3."""
KEY = bytes.fromhex("0102030405060708090A0B0C0D0E0F11")


def test_the_published_telegram_says_what_it_says_there():
    told = read_telegram(TELEGRAM, [bytes(16), KEY])
    assert (told["volume"], told["volume_unit"], told["error_flags"]) == (28_504.27, "m3", 0)
    for keys in ([], [bytes(16)]):
        with pytest.raises(MessageRefused, match="no key of the meter"):
            read_telegram(TELEGRAM, keys)


def test_a_gateway_tells_which_meter_it_heard():
    body = orjson.dumps({"telegram": TELEGRAM.hex(), "gateway": "roof-1", "rssi": -77})
    message = read_body("wmbus", body)
    assert str(message.device) == "meterId:ELS-12345678"
    assert message.receptions[0].rssi_dbm == -77
    assert read_body("wmbus", body).deduplication == message.deduplication
    for wrong in ({}, {"telegram": "zz"}, {"telegram": "2E44"}, {"telegram": "00" * 20}, {"telegram": 5}):
        with pytest.raises(MessageRefused):
            read_body("wmbus", orjson.dumps(wrong))


@given(st.binary(max_size=80), st.integers(0, 46), st.binary(max_size=4))
def test_any_bytes_are_a_telegram_or_are_refused(raw, at, change):
    for telegram in (raw, TELEGRAM[:at] + change + TELEGRAM[at + len(change) :]):
        for read in (meter_of, lambda told: read_telegram(told, [KEY])):
            try:
                assert read(telegram) is not None
            except MessageRefused as error:
                assert error.detail  # noqa: PT017 - either is right
