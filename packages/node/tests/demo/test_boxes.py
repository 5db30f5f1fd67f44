"""What the demo tells of its sensors, and what becomes of them where nothing answers."""

from __future__ import annotations

from samstad_node.demo.boxes import WAYS, box_entities, let_in
from samstad_node.demo.street import free_port


def test_each_sensor_has_a_model_a_place_and_a_life():
    entities = box_entities()
    ids = {one["id"] for one in entities}
    devices = [one for one in entities if one["type"] == "Device"]
    assert len(devices) == len(WAYS)
    for device in devices:
        assert device["lifeCycle"]["value"] == "inService"
        assert {device["refDeviceModel"]["object"], device["controlledAsset"]["object"]} <= ids
    identified = [one for one in devices if "https://w3id.org/samstad/identifiers" in one]
    assert [one["id"] for one in identified] == ["urn:ngsi-ld:Device:demo:level-lorawan"]


def test_without_a_node_nobody_is_let_in():
    assert let_in(free_port(), "key", {"coap": 1, "mqtt": 2}) == []
