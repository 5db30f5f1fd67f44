import dataclasses
import json

import pytest

from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.session.buffer import MemoryBuffer
from samstad_rsmp.session.subscriptions import Due
from samstad_rsmp.session.supervisor import Wish


def plans(street):
    return [
        (message["sTs"], one["s"], one["q"])
        for _, message in street.said("StatusUpdate")
        for one in message["sS"]
        if one["n"] == "status"
    ]


def missed(street, count):
    """Bring a subscribed site up, take the link away, and let the plan change."""
    street.up()
    street.supervisor.subscribe([Wish("TC", "S0014", "status")], now_ms=street.now)
    street.run()
    street.disconnect()
    for number in range(count):
        street.now += 1000
        street.device.values["TC", "S0014"]["status"] = str(number % 200 + 2)
        street.site.tick(street.now)
    assert len(street.site.buffer) == count
    return street


def test_what_was_missed_comes_in_order_with_its_own_time_and_marked_as_old(street):
    one = missed(street(), 3)
    one.now += 1000
    one.connect()
    one.run()
    told = plans(one)
    assert [(value, quality) for _, value, quality in told] == [("2", "old"), ("3", "old"), ("4", "old")]
    assert [time for time, _, _ in told] == sorted({time for time, _, _ in told})
    assert len(one.site.buffer) == 0
    assert one.book.statuses["TC", "S0014", "status"].value == "4"


def test_before_3_2_they_are_not_marked(street):
    one = missed(street(site_cores=("3.1.5",)), 2)
    one.connect()
    one.run()
    assert {quality for _, _, quality in plans(one)} == {"recent"}


def test_ten_thousand_are_kept_and_none_is_lost(street):
    one = missed(street(), 10_000)
    one.connect()
    one.run()
    assert [value for _, value, quality in plans(one)] == [str(n % 200 + 2) for n in range(10_000)]
    assert len(one.site.buffer) == 0
    assert one.site.buffer.dropped == 0


def test_acknowledgements_go_ahead_of_what_is_resent(street):
    one = missed(street(), 1000)
    one.connect()
    while not one.supervisor.link.is_ready:
        one.wire._carry("site", "supervisor", one.now)
        one.wire._carry("supervisor", "site", one.now)
    one.supervisor.request_aggregated("TC", now_ms=one.now)
    request = one.supervisor.take_output()
    one.site.receive(request, one.now)
    said = [json.loads(packet)["type"] for packet in one.site.take_output().split(b"\x0c") if packet]
    assert said.index("MessageAck") < 10
    assert len(said) < 250


def test_a_link_that_breaks_again_resends_what_was_not_acknowledged(street):
    one = missed(street(), 300)
    one.connect()
    for _ in range(3):
        one.wire._carry("site", "supervisor", one.now)
        one.wire._carry("supervisor", "site", one.now)
    before = len(one.site.buffer)
    assert 0 < before < 300
    one.disconnect()
    one.connect()
    one.run()
    assert len(one.site.buffer) == 0
    assert plans(one)[-1][1] == str(299 % 200 + 2)


def test_alarms_are_kept_but_not_told_twice(street):
    one = street().up()
    one.disconnect()
    for event in (AlarmEvent.ACTIVATE, AlarmEvent.CLEAR):
        one.now += 1000
        state = one.device.alarms.happen(event, "TC", "A0009", now_ms=one.now)
        one.site.tell_alarm(event, state, one.now)
    one.connect()
    one.run()
    told = [message["aS"] for _, message in one.said("Alarm") if message["aCId"] == "A0009"]
    assert told == ["inActive", "Active"]  # as it is, then as it was; the last state is not told again
    assert one.book.alarms["TC", "A0009"].active == "inActive"


def test_statuses_that_are_not_kept_cease_and_are_wished_for_again(street):
    one = street(keeps=lambda code: code.startswith("S02")).up()
    one.supervisor.subscribe([Wish("TC", "S0014", "status")], now_ms=one.now)
    one.run()
    one.disconnect()
    one.device.values["TC", "S0014"]["status"] = "9"
    one.site.tick(one.now)
    assert len(one.site.buffer) == 0
    assert len(one.site.subscriptions) == 0
    one.connect()
    one.run()
    assert plans(one)[-1][1:] == ("9", "recent")


def test_requests_and_watchdogs_are_never_kept(street):
    one = street().up()
    one.run(60_000)
    one.supervisor.request_status("TC", "S0014", now_ms=one.now)
    one.site.receive(one.supervisor.take_output(), one.now)
    one.site.tick(one.now + 60_000)
    one.disconnect()
    assert len(one.site.buffer) == 0


@pytest.mark.parametrize("most", [1, 10])
def test_a_full_buffer_drops_the_oldest_and_counts(most):
    buffer = MemoryBuffer(most=most)
    for number in range(25):
        buffer.append(b"%d" % number)
    assert len(buffer) == most
    assert buffer.dropped == 25 - most
    assert buffer.peek(0, 100) == [b"%d" % n for n in range(25 - most, 25)]
    assert buffer.peek(most, 5) == []


def test_what_a_slow_supervisor_does_not_acknowledge_is_kept_and_sent_later(street):
    one = street().up()
    one.site._terms = dataclasses.replace(one.site._terms, most_pending=5)
    one.supervisor.subscribe([Wish("TC", "S0014", "status")], now_ms=one.now)
    one.run()
    one.wire.said.clear()
    for number in range(20):
        one.now += 100
        one.device.values["TC", "S0014"]["status"] = str(number + 2)
        one.site.tick(one.now)
    assert len(one.site.link.pending) <= 5 + one.site._terms.window
    one.run()
    assert sorted(int(value) for _, value, _ in plans(one)) == list(range(2, 22))
    assert len(one.site.buffer) == 0
    assert one.book.statuses["TC", "S0014", "status"].value == "21"


def test_a_buffer_that_overflows_while_it_is_sent_loses_only_the_oldest(street):
    one = missed(street(), 30)
    one.site.buffer._most = 30
    one.connect()
    for _ in range(2):
        one.wire._carry("site", "supervisor", one.now)
        one.wire._carry("supervisor", "site", one.now)
    for number in range(5):
        one.now += 100
        one.site._keep(one.site._update("TC", [one.site._valued(due(str(200 + number)))], one.now))
    one.run()
    assert len(one.site.buffer) == 0
    assert [value for _, value, _ in plans(one)][-1] == "204"
    assert not one.site.link.pending


def due(value):
    return Due("TC", "S0014", "status", value)
