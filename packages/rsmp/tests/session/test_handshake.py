import json

import pytest

from samstad_rsmp.codec import encode
from samstad_rsmp.messages import Watchdog
from samstad_rsmp.session.events import Closed, Garbled, Ready
from samstad_rsmp.session.handshake import TABLES, Did, Phase, Role
from samstad_rsmp.session.link import Timing
from samstad_rsmp.testing import counting_ids
from samstad_rsmp.versions import CORE_VERSIONS

AT = "2026-11-23T07:00:00.000Z"


def order(street):
    return [(end[:2], json.loads(packet)["type"]) for end, packet in street.wire.said]


def test_from_3_1_4_one_message_is_under_way_at_a_time(street):
    one = street()
    one.run()
    assert order(one)[:8] == [
        ("si", "Version"),
        ("su", "MessageAck"),
        ("su", "Version"),
        ("si", "MessageAck"),
        ("si", "Watchdog"),
        ("su", "MessageAck"),
        ("su", "Watchdog"),
        ("si", "MessageAck"),
    ]
    after = [kind for end, kind in order(one)[8:] if kind != "MessageAck"]
    assert after == ["AggregatedStatus", "Alarm", "Alarm", "Alarm"]


@pytest.mark.parametrize("core", CORE_VERSIONS)
def test_sites_of_every_version_come_up(street, core):
    one = street(site_cores=(core,))
    events = one.run()
    ready = [event for event in events if isinstance(event, Ready)]
    assert [event.core.name for event in ready] == [core, core]
    assert not [event for event in events if isinstance(event, Closed | Garbled)]
    assert one.book.aggregated.bits[5] is True
    assert set(one.book.alarms) == {("TC", "A0009"), ("SG1", "A0202"), ("DL1", "A0301")}


def test_the_highest_common_version_is_used(street):
    one = street(site_cores=("3.1.4", "3.1.5", "3.2.0"), cores=("3.1.5", "3.1.2", "3.2.2"))
    events = one.run()
    assert {event.core.name for event in events if isinstance(event, Ready)} == {"3.1.5"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cores": ("3.1.2",)}, "no RSMP version in common: we speak 3.1.2, you 3.2.2"),
        ({"sxls": ("1.1.0",)}, "SXL version 1.2.1, expected 1.1.0"),
        ({"sites": ("RN+SI0002",)}, "unknown site id RN+SI0001"),
    ],
)
def test_a_mismatch_is_refused_with_its_reason_and_ends_the_link(street, changes, told):
    one = street(**changes)
    events = one.run()
    assert one.said("MessageNotAck")[0][1]["rea"] == told
    assert [event.reason for event in events if isinstance(event, Closed)] == [
        told,
        f"the peer refused Version: {told}",
    ]
    assert not one.said("Watchdog")
    assert not one.site.is_ready


@pytest.mark.parametrize(
    ("sxl", "is_known"), [("1.1", True), ("1.1.0", True), ("1.2", False), ("1.1.0beta", False)]
)
def test_a_version_may_be_written_short_but_not_otherwise(street, sxl, is_known):
    one = street(sxl="1.1.0", sxls=("1.1.0",))
    said = json.loads(one.site.take_output()[:-1]) | {"SXL": sxl}
    one.supervisor.receive(json.dumps(said).encode() + b"\x0c", one.now)
    answers = [json.loads(packet) for packet in one.supervisor.take_output().split(b"\x0c") if packet]
    assert [answer["type"] for answer in answers] == (
        ["MessageAck", "Version"] if is_known else ["MessageNotAck"]
    )
    assert answers[-1].get("SXL", sxl) == sxl  # the answer names it as the site did


def test_before_the_versions_nothing_else_is_taken(street):
    one = street()
    early = encode(Watchdog(message_id=counting_ids(9)(), timestamp=AT))
    (event,) = one.supervisor.receive(early, one.now)
    assert event.detail == "Watchdog is out of sequence: new"
    assert b"MessageNotAck" in one.supervisor.take_output()
    one.run()
    assert one.site.is_ready  # it harmed nothing


def test_a_handshake_that_stops_is_given_up(street):
    one = street(timing=Timing(handshake_ms=5_000))
    assert one.supervisor.tick(one.now + 4_999) == []
    assert one.supervisor.tick(one.now + 5_000) == [Closed("the handshake stopped at: new")]


def test_extra_members_of_a_version_are_tolerated(street):
    one = street()
    said = json.loads(one.site.take_output()[:-1]) | {"step": "Request", "SXLS": [{"name": "tlc"}]}
    one.supervisor.receive(json.dumps(said).encode() + b"\x0c", one.now)
    one.run()
    assert one.site.is_ready


@pytest.mark.parametrize("table", TABLES.values())
def test_every_phase_of_a_table_leads_to_ready(table):
    reached = {Phase.NEW}
    for _ in table:
        reached |= {after for (before, _), (_, after) in table.items() if before in reached}
    assert Phase.READY in reached
    assert {before for before, _ in table} <= reached
    assert not [did for before, did in table if before is Phase.READY]


def test_the_supervisor_never_speaks_first():
    for (role, _), table in TABLES.items():
        send, _phase = table[Phase.NEW, Did.CONNECTED]
        assert (send.value == "") is (role is Role.SUPERVISOR)
