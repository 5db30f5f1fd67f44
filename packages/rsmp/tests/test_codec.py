import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_rsmp.codec import decode, encode
from samstad_rsmp.errors import MalformedMessage
from samstad_rsmp.messages import (
    AggregatedStatus,
    AggregatedStatusRequest,
    Alarm,
    AlarmValue,
    CommandArgument,
    CommandRequest,
    CommandResponse,
    CommandValue,
    MessageAck,
    MessageNotAck,
    RsmpVersion,
    SiteId,
    StatusName,
    StatusRequest,
    StatusResponse,
    StatusSubscribe,
    StatusSubscription,
    StatusUnsubscribe,
    StatusUpdate,
    StatusValue,
    Version,
    Watchdog,
)
from samstad_rsmp.versions import CORE_VERSIONS

ID = "5b911fa5-8549-48f0-a670-3ee8781362da"
AT = "2026-11-23T07:00:00.000Z"
TC = {"message_id": ID, "component_id": "TC"}
PLAN = [StatusValue("S0014", "status", "1", "recent"), StatusValue("S0014", "source", "startup", "recent")]
STATE = {
    "acknowledged": "notAcknowledged",
    "active": "Active",
    "suspended": "Suspended",
    "timestamp": AT,
    "category": "D",
    "priority": "3",
    "values": [AlarmValue("protocol", "rsmp")],
}
MESSAGES = [
    Version(message_id=ID, versions=[RsmpVersion("3.2.2")], site_ids=[SiteId("RN+SI0001")], sxl="1.2.1"),
    MessageAck(original_id=ID),
    MessageNotAck(original_id=ID, reason="no such status"),
    Watchdog(message_id=ID, timestamp=AT),
    AggregatedStatus(
        **TC,
        timestamp=AT,
        functional_position=None,
        functional_state=None,
        bits=[False] * 5 + [True] + [False] * 2,
    ),
    Alarm(**TC, code="A0007", specialization="Issue", **STATE),
    Alarm(**TC, code="A0007", specialization="Suspend"),
    StatusRequest(**TC, names=[StatusName("S0014", "status")]),
    StatusUnsubscribe(**TC, names=[StatusName("S0014", "status")]),
    StatusSubscribe(**TC, subscriptions=[StatusSubscription("S0014", "status", "60", on_change=True)]),
    StatusResponse(**TC, timestamp=AT, values=PLAN),
    StatusUpdate(**TC, timestamp=AT, values=PLAN),
    CommandRequest(**TC, arguments=[CommandArgument("M0007", "status", "setFixedTime", "True")]),
    CommandResponse(**TC, timestamp=AT, values=[CommandValue("M0007", "status", "True", "recent")]),
]
NEWER = [
    AggregatedStatusRequest(**TC),
    Alarm(**TC, code="A0007", specialization="Request"),
]


def name_of(message):
    return type(message).__name__


def wire(message, core="3.2.2"):
    return json.loads(encode(message, CORE_VERSIONS[core])[:-1])


def packet(message, **changes):
    return json.dumps({**wire(message), **changes}).encode()


@pytest.mark.parametrize("core", CORE_VERSIONS.values(), ids=list(CORE_VERSIONS))
@pytest.mark.parametrize("message", MESSAGES, ids=name_of)
def test_every_message_survives_the_way_there_and_back_in_every_version(message, core):
    sent = encode(message, core)
    assert sent.endswith(b"\x0c")
    assert sent.count(b"\x0c") == 1
    received = decode(sent[:-1], core)
    if not core.subscribe_on_change and isinstance(message, StatusSubscribe):
        assert b"sOc" not in sent
        assert received != message
    else:
        assert received == message


@pytest.mark.parametrize("message", NEWER, ids=name_of)
def test_what_came_with_3_1_5_is_refused_before(message):
    assert decode(encode(message, CORE_VERSIONS["3.1.5"])[:-1], CORE_VERSIONS["3.1.5"]) == message
    with pytest.raises(MalformedMessage, match=r"RSMP 3\.1\.4 has no"):
        encode(message, CORE_VERSIONS["3.1.4"])


@pytest.mark.parametrize("core", ["3.1.5", "3.2.2"])
@pytest.mark.parametrize("message", MESSAGES + NEWER, ids=name_of)
def test_what_is_sent_fits_the_published_schema(message, core, schema_of):
    schema = schema_of("core", core)
    schema.validate(wire(message, core))
    assert not schema.is_valid({**wire(message, core), "type": "Versio"})


@pytest.mark.parametrize(
    ("changes", "pointer", "told"),
    [
        ({"type": "Versio"}, "/type", "Versio"),
        ({"mType": "rsmsg"}, "/mType", "rsmsg"),
        ({"mId": "7"}, "/mId", "regex"),
        ({"SXL": 1}, "/SXL", "got `int`"),
        ({"RSMP": []}, "/RSMP", "length >= 1"),
        ({"siteId": [{"sid": "RN"}]}, "/siteId/0", "sId"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changes, pointer, told):
    with pytest.raises(MalformedMessage, match=told) as refused:
        decode(packet(MESSAGES[0], **changes))
    assert refused.value.pointer == pointer
    assert refused.value.message_id == changes.get("mId", ID)


def test_extra_members_are_tolerated_and_a_missing_mark_is_not():
    message = decode(packet(MESSAGES[0], step="Request", SXLS=[{"name": "tlc", "version": "1.2.1"}]))
    assert message == MESSAGES[0]
    bare = {key: value for key, value in wire(MESSAGES[0]).items() if key != "mType"}
    with pytest.raises(MalformedMessage, match="mType is missing"):
        decode(json.dumps(bare).encode())


@pytest.mark.parametrize("core", CORE_VERSIONS.values(), ids=list(CORE_VERSIONS))
def test_old_versions_spell_alarm_states_in_any_way_and_new_ones_in_one(core):
    sent = packet(MESSAGES[5], aS="active", ack="NotAcknowledged", aSp="issue")
    if core.exact_case:
        with pytest.raises(MalformedMessage, match="aSp is 'issue', not one of Issue"):
            decode(sent, core)
    else:
        assert decode(sent, core) == MESSAGES[5]


def test_bits_are_text_in_3_1_2_alone():
    status, old = MESSAGES[4], CORE_VERSIONS["3.1.2"]
    assert wire(status, "3.1.2")["se"] == ["false"] * 5 + ["true"] + ["false"] * 2
    assert decode(packet(status, se=["False"] * 5 + ["True"] + ["False"] * 2), old) == status
    with pytest.raises(MalformedMessage, match="se holds strings where booleans are due"):
        decode(packet(status, se=["false"] * 8))
    with pytest.raises(MalformedMessage, match=r"se holds \['maybe'\]"):
        decode(packet(status, se=["maybe", *["false"] * 7]), old)


def test_a_value_is_null_exactly_where_nothing_is_known():
    update = MESSAGES[11]
    unknown = [{"sCI": "S0014", "n": "status", "s": None, "q": "unknown"}]
    assert decode(packet(update, sS=unknown)).values[0].value is None
    for value, quality in ((None, "recent"), ("1", "undefined")):
        with pytest.raises(MalformedMessage) as refused:
            decode(packet(update, sS=[{"sCI": "S0014", "n": "status", "s": value, "q": quality}]))
        assert refused.value.pointer == "/sS/0/s"


def test_arrays_are_values_from_3_2():
    values = [StatusValue("S0035", "emergencyroutes", [{"id": "1"}], "recent")]
    update = msgspec.structs.replace(MESSAGES[11], values=values)
    assert decode(encode(update)[:-1]) == update
    with pytest.raises(MalformedMessage, match="strings only"):
        encode(update, CORE_VERSIONS["3.1.5"])


def test_a_subscription_without_interval_and_changes_is_refused():
    one = StatusSubscription("S0014", "status", "0", on_change=False)
    with pytest.raises(MalformedMessage, match="neither an interval nor changes"):
        encode(msgspec.structs.replace(MESSAGES[9], subscriptions=[one]))
    fraction = StatusSubscription("S0014", "status", "2.5", on_change=False)
    assert encode(msgspec.structs.replace(MESSAGES[9], subscriptions=[fraction]))


def test_an_alarm_issue_tells_its_whole_state():
    with pytest.raises(MalformedMessage, match="without its state"):
        encode(Alarm(**TC, code="A0007", specialization="Issue", acknowledged="Acknowledged"))


@given(st.binary(max_size=200))
def test_junk_is_refused_and_nothing_else_happens(junk):
    with pytest.raises(MalformedMessage):
        decode(junk)


@pytest.mark.parametrize(
    "junk", [b"[" * 100_000, b'{"a":' * 100_000, b'{"type":"Watchdog","mId":\xff}', b"{}{}"]
)
def test_deep_and_broken_packets_are_refused(junk):
    with pytest.raises(MalformedMessage):
        decode(junk)
