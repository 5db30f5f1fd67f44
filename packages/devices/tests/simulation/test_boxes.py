"""Emulated boxes send as real ones do, and go on after what a node does not take."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from samstad_devices.domain.cayenne import read_cayenne
from samstad_devices.gateway.lorawan import read_body
from samstad_devices.simulation import boxes
from samstad_devices.simulation.boxes import Box, level_at, lorawan_body, run_boxes

BOX = Box("lorawan", "http://127.0.0.1:9/x", "t", "A84041000000D0E0", start=17)


def test_a_frame_of_a_box_is_one_that_the_network_server_would_tell():
    message = read_body("chirpstack", lorawan_body(BOX, 4), event="up")
    assert (str(message.device), message.counter) == ("devEUI:A84041000000D0E0", 4)
    assert read_cayenne(message.payload) == {"percentage_1": 29}
    assert {level_at(BOX, count) for count in range(200)} == set(range(100))
    assert (
        orjson.loads(lorawan_body(BOX, 5))["deduplicationId"]
        != orjson.loads(lorawan_body(BOX, 4))["deduplicationId"]
    )


async def test_a_box_goes_on_when_nobody_takes_what_it_sends(monkeypatch):
    told = []

    async def send(box, count):
        told.append((box.way, count))
        if count == 7:
            raise OSError("nobody there")
        if count == 9:
            raise ZeroDivisionError

    monkeypatch.setattr(boxes, "WAYS", {"lorawan": send})
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(run_boxes([BOX], pause=timedelta(0), first=7), 30)
    assert told == [("lorawan", 7), ("lorawan", 8), ("lorawan", 9)]
