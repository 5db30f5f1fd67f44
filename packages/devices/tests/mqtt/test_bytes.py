"""The codec: what a foreign client writes is read as it was meant, and nothing else crashes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from samstad_devices.gateway.mqtt import writing
from samstad_devices.gateway.mqtt.packets import Connect, Puback, Publish, Subscribe, Subscription, Will
from samstad_devices.gateway.mqtt.reading import Frames, read_packet
from samstad_devices.gateway.mqtt.reasons import MqttRefused, Reason
from samstad_devices.gateway.mqtt.session import Session
from samstad_devices.gateway.mqtt.topics import Purpose, Topics

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2) + raw


def connect(version: int = 4, **told) -> bytes:
    flags = 0x02 | (0x80 if "user" in told else 0) | (0x40 if "password" in told else 0)
    flags |= 0x04 if "will" in told else 0
    properties = b"\x00" if version == 5 else b""
    body = text("MQTT") + bytes((version, told.pop("flags", flags))) + b"\x00\x3c" + properties + text("c")
    if "will" in told:
        body += properties + text(told["will"]) + text("gone")
    for name in ("user", "password"):
        body += text(told[name]) if name in told else b""
    return bytes((0x10, len(body))) + body


def one(raw: bytes, version: int = 4):
    ((first, body),) = Frames(100_000).feed(raw)
    return read_packet(first, body, version=version)


@pytest.mark.parametrize("version", [4, 5])
def test_a_connect_is_read_with_its_will_user_and_token(version):
    packet = one(connect(version, will="d/me/up", user="u", password="t"))
    assert packet == Connect(
        version=version,
        client_id="c",
        is_clean=True,
        keep_alive_s=60,
        username="u",
        password=b"t",
        will=Will("d/me/up", b"gone", 0),
        properties={},
    )
    assert one(connect(version)).password is None


@given(topic=texts.filter(lambda text: text and not {"+", "#"} & set(text)), payload=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_what_is_published_comes_back_as_it_was_meant(topic, payload):
    for version in (4, 5):
        raw = writing.publish(topic, payload, qos=1, packet_id=7, version=version)
        sent = Publish(topic, payload, qos=1, packet_id=7, is_repeated=False, properties={})
        assert one(raw, version) == sent
        assert one(b"\x3a" + raw[1:], version) != sent, "it came again"


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_a_stream_is_cut_the_same_however_it_arrives(payloads, step):
    raw = b"".join(writing.publish("t", one, qos=1, packet_id=1, version=4) for one in payloads)
    frames, found = Frames(1_000), []
    for start in range(0, len(raw), step):
        found += frames.feed(raw[start : start + step])
    assert found == Frames(1_000).feed(raw)
    assert [read_packet(*frame, version=4).payload for frame in found] == payloads


@given(st.binary(max_size=120), st.sampled_from([4, 5]), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_no_bytes_do_more_than_be_refused(body, version, first):
    try:
        read_packet(first, body, version=version)
    except MqttRefused as error:
        refused = error
    else:
        return
    assert refused.detail
    assert refused.reason >= 0x80


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_a_stranger_gets_no_further_than_connect(data):
    session = Session(66_000)
    try:
        packets = session.received(data)
    except MqttRefused:
        return
    assert not packets or isinstance(packets[0], Connect)


def test_every_property_of_a_foreign_client_is_read():
    told = Properties(PacketTypes.PUBLISH)
    told.PayloadFormatIndicator, told.MessageExpiryInterval = 1, 60
    told.ContentType, told.ResponseTopic, told.CorrelationData = "text/plain", "r", b"\x01"
    told.UserProperty = [("a", "1"), ("a", "2")]
    body = text("t") + b"\x00\x09" + told.pack() + b"!"
    packet = read_packet(0x32, body, version=5)
    assert packet.payload == b"!"
    assert packet.properties["user"] == [("a", "1"), ("a", "2")]
    assert packet.properties["message_expiry_s"] == 60
    with pytest.raises(MqttRefused, match="none of publish"):
        read_packet(0x32, text("t") + b"\x00\x09\x05\x11\x00\x00\x00\x01", version=5)
    with pytest.raises(MqttRefused, match="twice"):
        read_packet(0x32, text("t") + b"\x00\x09\x04\x01\x01\x01\x01", version=5)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\x10\xff\xff\xff\xff\x01", Reason.MALFORMED),
        (b"\x30\xff\xff\xff\x7f", Reason.PACKET_TOO_LARGE),
        (b"\x36\x03\x00\x01t", Reason.MALFORMED),
        (b"\x38\x03\x00\x01t", Reason.MALFORMED),
        (b"\x32\x05\x00\x01t\x00\x00", Reason.PROTOCOL_ERROR),
        (b"\x30\x02\x00\x00", Reason.PROTOCOL_ERROR),
        (b"\x30\x05\x00\x03a/#", Reason.PROTOCOL_ERROR),
        (b"\x30\x04\x00\x02\xff\xff", Reason.MALFORMED),
        (b"\x30\x03\x00\x01\x00", Reason.MALFORMED),
        (b"\x30\x03\x00\x09a", Reason.MALFORMED),
        (b"\x80\x06\x00\x01\x00\x01a\x00", Reason.MALFORMED),
        (b"\x82\x02\x00\x01", Reason.MALFORMED),
        (b"\x82\x06\x00\x01\x00\x01a\x03", Reason.MALFORMED),
        (b"\xc0\x01\x00", Reason.MALFORMED),
        (b"\x20\x02\x00\x00", Reason.PROTOCOL_ERROR),
        (connect(3), Reason.UNSUPPORTED_VERSION),
        (connect(4, flags=0x03), Reason.MALFORMED),
        (connect(4, flags=0x42, password="t"), Reason.MALFORMED),
    ],
)
def test_what_is_wrong_is_named(raw, reason):
    with pytest.raises(MqttRefused) as caught:
        one(raw)
    assert caught.value.reason is reason


def test_subscriptions_and_acknowledgements_are_read():
    assert one(b"\x82\x06\x00\x01\x00\x01a\x01") == Subscribe(1, (Subscription("a", 1),))
    assert one(b"\x40\x02\x00\x05") == Puback(5, 0)
    assert one(b"\x40\x04\x00\x05\x87\x00", version=5) == Puback(5, 0x87)
    assert one(b"\x40\x02\x00\x05") != Puback(5, 1)


def test_nobody_may_send_much_before_connect_and_nobody_connects_twice():
    session = Session(66_000)
    with pytest.raises(MqttRefused) as caught:
        session.received(b"\x10\x90\x4e")
    assert caught.value.reason is Reason.PACKET_TOO_LARGE
    session = Session(66_000)
    with pytest.raises(MqttRefused, match="once"):
        session.received(connect() + connect())
    with pytest.raises(MqttRefused, match="first"):
        Session(66_000).received(b"\xc0\x00")


def test_topics_are_the_devices_own_and_no_others():
    topics = Topics("urn:ngsi-ld:Device:a/b+c:1")
    assert topics.purpose("d/me/up") == Purpose("up")
    assert topics.purpose("d/urn:ngsi-ld:Device:a%2Fb%2Bc:1/up/12") == Purpose("up", 12)
    assert topics.purpose("d/me/ack") == Purpose("ack")
    for topic in (
        "d/me/down",
        "d/me/up/256",
        "d/me/up/x",
        "d/me/up/²",
        "d/other/up",
        "d/me",
        "x/d/me/up",
        "d/me/up/",
    ):
        assert topics.purpose(topic) is None, topic
    assert topics.is_down("d/me/down")
    for wanted in ("#", "d/#", "d/+/down", "d/me/+", "d/me/up", "$share/g/d/me/down", "d/x/down"):
        assert not topics.is_down(wanted), wanted
