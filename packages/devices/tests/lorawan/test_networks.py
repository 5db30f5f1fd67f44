"""One frame through every network server is one message; what is no frame is refused with its place."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import DownlinkAnswered, Joined, StatusReported, Uplink
from samstad_devices.gateway.lorawan import MAX_BODY_BYTES, NETWORKS, read_body

DEVICE = Identifier("devEUI", "A84041000181C061")
PAYLOAD = bytes.fromhex("0cd40b1e0001")
DATA = base64.b64encode(PAYLOAD).decode()
AT_US = 1_795_574_400_123_456
"""2026-11-25T02:40:00.123456Z"""
AT = "2026-11-25T02:40:00.123456Z"

FRAMES = {
    "chirpstack": {
        "deduplicationId": "6f0a", "time": "2026-11-25T03:40:00.123456789+01:00", "fCnt": 12, "fPort": 2,
        "deviceInfo": {"devEui": "a84041000181c061"}, "devAddr": "01ab", "data": DATA, "confirmed": True,
        "rxInfo": [{"gatewayId": "0016c001ff10a235", "rssi": -97, "snr": 7.5, "location": {}}],
        "txInfo": {"frequency": 868100000, "modulation": {"lora": {"spreadingFactor": 9}}},
    },
    "chirpstack-v3": {
        "devEUI": base64.b64encode(bytes.fromhex(DEVICE.text)).decode(), "fCnt": 12, "fPort": 2, "data": DATA,
        "rxInfo": [{"gatewayID": "ABbAAf8QojU=", "time": AT, "rssi": -97, "loRaSNR": 7.5}],
        "txInfo": {"frequency": 868100000, "loRaModulationInfo": {"spreadingFactor": 9}},
    },
    "the-things-stack": {
        "end_device_ids": {"dev_eui": DEVICE.text, "dev_addr": "01AB"}, "received_at": AT,
        "correlation_ids": ["gs:1", "as:up:01J"],
        "uplink_message": {
            "f_port": 2, "f_cnt": 12, "frm_payload": DATA, "received_at": "2026-11-25T02:40:01Z",
            "rx_metadata": [
                {"gateway_ids": {"eui": "0016C001FF10A235"}, "rssi": -97, "snr": 7.5, "time": AT}
            ],
            "settings": {"frequency": "868100000", "data_rate": {"lora": {"spreading_factor": 9}}},
        },
    },
    "actility": {
        "DevEUI_uplink": {
            "Time": AT, "DevEUI": DEVICE.text, "FPort": "2", "FCntUp": "12", "payload_hex": PAYLOAD.hex(),
            "MType": 4, "Lrrid": "0016C001FF10A235", "SpFact": "9", "Frequency": 868.1,
            "Lrrs": {"Lrr": [{"Lrrid": "0016C001FF10A235", "LrrRSSI": "-97.0", "LrrSNR": "7.5"}]},
        }
    },
    "proximus": {
        "DevEUI": DEVICE.text, "FPort": "2", "Fcntup": "12", "payload": PAYLOAD.hex(), "Spfact": "9",
        "timestamp": "1795574400.123456", "Lrrid": "0016C001FF10A235", "Lrrrssi": "-97.0", "Lrrsnr": "7.5",
    },
    "everynet": {
        "type": "uplink",
        "meta": {"device": DEVICE.text, "gateway": "0016c001ff10a235", "packet_hash": "36f8"},
        "params": {
            "payload": DATA, "port": 2, "counter_up": 12, "rx_time": 1795574400.123456, "duplicate": False,
            "radio": {"modulation": {"spreading": 9}, "freq": 868.1, "hardware": {"snr": 7.5, "rssi": -97}},
        },
    },
    "kerlink": {
        "id": "618a", "endDevice": {"devEui": DEVICE.text}, "fPort": 2, "fCntUp": 12, "encodingType": "HEXA",
        "payload": PAYLOAD.hex(), "recvTime": 1795574400123, "dataRate": "SF9BW125", "ulFrequency": 868.1,
        "gwInfo": [{"gwEui": "0016C001FF10A235", "rssi": -97, "snr": 7.5}],
    },
    "loriot": {
        "cmd": "gw", "EUI": DEVICE.text, "ts": 1795574400123, "fcnt": 12, "port": 2, "freq": 868100000,
        "dr": "SF9 BW125 4/5", "data": PAYLOAD.hex(), "bat": 127,
        "gws": [{"rssi": -97, "snr": 7.5, "gweui": "0016C001FF10A235", "time": AT}],
    },
    "multitech": {
        "deveui": "a8-40-41-00-01-81-c0-61", "data": DATA, "port": 2, "fcnt": 12, "time": AT, "freq": 868.1,
        "datr": "SF9BW125", "gweui": "00-16-c0-01-ff-10-a2-35", "rssi": -97, "lsnr": 7.5,
    },
}  # fmt: skip


def read(network: str, body: object, **said: str):
    return read_body(network, orjson.dumps(body), **said)


def test_every_network_has_a_frame_here():
    assert FRAMES.keys() | {"wmbus"} == NETWORKS.keys(), "gateways of meters have tests of their own"


@pytest.mark.parametrize("network", sorted(FRAMES))
def test_a_frame_is_the_same_message_whichever_network_brings_it(network):
    uplink = read(network, FRAMES[network])
    assert isinstance(uplink, Uplink)
    assert (uplink.device, uplink.payload, uplink.port, uplink.counter) == (DEVICE, PAYLOAD, 2, 12)
    assert uplink.spreading_factor == 9
    assert abs(uplink.time_us - AT_US) < 1_000
    (heard,) = uplink.receptions
    assert (heard.gateway, heard.rssi_dbm, heard.snr_db) == ("0016C001FF10A235", -97, 7.5)
    assert uplink.frequency_hz == (None if network == "proximus" else 868_100_000)


def test_what_only_some_networks_tell():
    assert read("chirpstack", FRAMES["chirpstack"]).deduplication == "6f0a"
    assert read("the-things-stack", FRAMES["the-things-stack"]).deduplication == "as:up:01J"
    assert read("chirpstack", FRAMES["chirpstack"]).confirmed
    assert read("actility", FRAMES["actility"]).confirmed
    assert read("loriot", FRAMES["loriot"]).battery_percent == 50.0
    assert read("loriot", {**FRAMES["loriot"], "bat": 255}).battery_percent is None
    assert not read("kerlink", FRAMES["kerlink"]).confirmed


def test_events_of_chirpstack_beside_uplinks():
    info = {"deviceInfo": {"devEui": DEVICE.text}, "time": AT}
    assert read("chirpstack", {**info, "devAddr": "01ab"}, event="join") == Joined(
        device=DEVICE, time_us=AT_US, device_address="01ab"
    )
    status = read("chirpstack", {**info, "margin": 7, "batteryLevel": 72.5}, event="status")
    assert status == StatusReported(device=DEVICE, time_us=AT_US, battery_percent=72.5, margin_db=7)
    fed = read("chirpstack", {**info, "externalPowerSource": True, "batteryLevel": 0}, event="status")
    assert fed.is_fed
    assert fed.battery_percent is None
    answered = read("chirpstack", {**info, "queueItemId": "q1", "acknowledged": True}, event="ack")
    assert answered == DownlinkAnswered(device=DEVICE, outcome="acknowledged", reference="q1", time_us=AT_US)
    assert read("chirpstack", {**info, "queueItemId": "q1"}, event="ack").outcome == "refused"
    assert read("chirpstack", {**info, "queueItemId": "q1"}, event="txack").outcome == "sent"
    assert read("chirpstack", info, event="log") is None


def test_events_of_the_things_stack_beside_uplinks():
    info = {"end_device_ids": {"dev_eui": DEVICE.text, "dev_addr": "01AB"}, "received_at": AT}
    assert isinstance(read("the-things-stack", {**info, "join_accept": {}}), Joined)
    answered = read("the-things-stack", {**info, "downlink_nack": {"correlation_ids": ["as:1", "samstad:7"]}})
    assert (answered.outcome, answered.reference) == ("refused", "samstad:7")
    assert read("the-things-stack", {**info, "location_solved": {}}) is None


def test_a_frame_without_payload_is_still_a_frame():
    silent = {name: value for name, value in FRAMES["chirpstack"].items() if name not in {"data", "fPort"}}
    uplink = read("chirpstack", silent)
    assert uplink.payload == b""
    assert uplink.port is None


def test_a_duplicate_that_the_network_marks_is_nothing():
    body = {**FRAMES["everynet"], "params": {**FRAMES["everynet"]["params"], "duplicate": True}}
    assert read("everynet", body) is None


@pytest.mark.parametrize(
    ("network", "change", "pointer"),
    [
        ("chirpstack", {"deviceInfo": {"devEui": "a840"}}, "/deviceInfo/devEui"),
        ("chirpstack", {"deviceInfo": None}, "/deviceInfo/devEui"),
        ("chirpstack", {"deviceInfo": "x"}, "/deviceInfo"),
        ("chirpstack", {"data": "%%%"}, "/data"),
        ("chirpstack", {"data": base64.b64encode(bytes(300)).decode()}, "/data"),
        ("chirpstack", {"fPort": 256}, "/fPort"),
        ("chirpstack", {"fCnt": -1}, "/fCnt"),
        ("chirpstack", {"fCnt": True}, "/fCnt"),
        ("chirpstack", {"fCnt": "NaN"}, "/fCnt"),
        ("chirpstack", {"time": "yesterday"}, "/time"),
        ("chirpstack", {"rxInfo": [{}, 3]}, "/rxInfo/1"),
        ("chirpstack", {"rxInfo": {}}, "/rxInfo"),
        ("chirpstack-v3", {"devEUI": "AQI="}, "/devEUI"),
        ("kerlink", {"encrypted": True}, "/encrypted"),
        ("kerlink", {"payload": "0g"}, "/payload"),
        ("loriot", {"ts": 10**17}, "/ts"),
        ("proximus", {"timestamp": "-5"}, "/timestamp"),
    ],
)
def test_a_wrong_member_is_named(network, change, pointer):
    with pytest.raises(MessageRefused) as refused:
        read(network, {**FRAMES[network], **change})
    assert refused.value.pointer == pointer
    assert refused.value.detail


def test_what_is_no_json_object_or_too_large_is_refused():
    for body in (b"", b"[]", b"{", b"\xff", b'"x"'):
        with pytest.raises(MessageRefused):
            read_body("chirpstack", body)
    with pytest.raises(MessageRefused, match="at most"):
        read_body("chirpstack", b" " * (MAX_BODY_BYTES + 1))


def test_of_a_thousand_gateways_some_are_kept():
    heard = [{"gatewayId": "00", "rssi": -1}] * 1_000
    assert len(read("chirpstack", {**FRAMES["chirpstack"], "rxInfo": heard}).receptions) == 64


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


def _replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], new)
    return copy


@given(st.sampled_from(sorted(FRAMES)), st.data())
def test_whatever_stands_in_a_member_is_a_message_or_refused(network, data):
    path = data.draw(st.sampled_from(list(_paths(FRAMES[network]))))
    body = _replaced(FRAMES[network], path, data.draw(JSON))
    try:
        message = read_body(network, orjson.dumps(body))
    except MessageRefused as refused:
        assert refused.detail  # noqa: PT017 - both ends are allowed
    else:
        assert message is None or message.device.kind == "devEUI"
