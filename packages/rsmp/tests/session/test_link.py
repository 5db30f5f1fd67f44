import json

import pytest

from samstad_rsmp.codec import encode
from samstad_rsmp.errors import NotNow
from samstad_rsmp.messages import MessageAck, StatusName, StatusRequest
from samstad_rsmp.session.events import Closed, Garbled, Received, Refused
from samstad_rsmp.testing import counting_ids


def test_watchdogs_go_both_ways_every_minute(street):
    one = street().up()
    one.run(59_999)
    assert one.said("Watchdog") == []
    one.run(1)
    assert [end for end, _ in one.said("Watchdog")] == ["site", "supervisor"]


def test_a_silent_peer_is_no_reason_to_give_up_but_a_missing_acknowledgement_is(street):
    one = street().up()
    one.supervisor.tick(one.now + 60_000)  # its watchdog goes out, into nothing
    assert one.supervisor.tick(one.now + 89_999) == []
    assert one.supervisor.tick(one.now + 90_000) == [Closed("no acknowledgement of Watchdog within 30 s")]
    assert one.supervisor.tick(one.now + 999_000) == []
    with pytest.raises(NotNow, match="the link is not up: closed"):
        one.supervisor.request_aggregated("TC", now_ms=one.now)


@pytest.mark.parametrize(
    ("packet", "told", "answered"),
    [
        (b"{", "not JSON: Input data was truncated", False),
        (
            b'{"mType":"rSMsg","type":"Nonsense","mId":"00000009-0000-4000-8000-000000000001"}',
            "Invalid value",
            True,
        ),
        (b'{"mType":"rSMsg","type":"Nonsense","mId":"9"}', "Invalid value", False),
    ],
)
def test_junk_is_answered_where_it_can_be_and_the_link_stays(street, packet, told, answered):
    one = street().up()
    (event,) = one.supervisor.receive(packet + b"\x0c", one.now)
    assert isinstance(event, Garbled)
    assert event.detail.startswith(told)
    assert (b"MessageNotAck" in one.supervisor.take_output()) is answered
    assert one.supervisor.link.is_ready


def test_an_answer_to_nothing_harms_nobody(street):
    one = street().up()
    assert one.site.receive(encode(MessageAck(original_id=counting_ids(9)())), one.now) == []
    assert one.site.is_ready


def test_split_and_joined_packets_are_the_same_to_the_link(street):
    one = street().up()
    ids = counting_ids(9)
    requests = [
        encode(StatusRequest(message_id=ids(), component_id="TC", names=[StatusName("S0014", "status")]))
        for _ in range(3)
    ]
    stream = b"\x0c\x0c" + b"\x0c".join(requests)
    events = [event for byte in stream for event in one.site.receive(bytes([byte]), one.now)]
    assert [type(event) for event in events] == [Received] * 3
    said = [json.loads(packet)["type"] for packet in one.site.take_output().split(b"\x0c") if packet]
    assert said == ["MessageAck", "StatusResponse"] * 3


def test_a_refusal_is_told_with_the_message_it_is_about(street):
    one = street().up()
    request = StatusRequest(
        message_id=counting_ids(9)(), component_id="TC", names=[StatusName("S0014", "nothing")]
    )
    one.supervisor.link.send(request, one.now)
    events = one.run()
    assert Refused(request, "status S0014 has no 'nothing'; it has status, source") in events
    assert not one.said("StatusResponse")
