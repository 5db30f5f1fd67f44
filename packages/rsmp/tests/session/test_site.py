import dataclasses

import msgspec
import pytest

from samstad_rsmp.messages import CommandArgument, CommandRequest, StatusSubscribe, StatusSubscription
from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.session.events import Refused
from samstad_rsmp.session.supervisor import Wish
from samstad_rsmp.testing import counting_ids

PLAN = {"status": "True", "securityCode": "2222", "timeplan": "3"}


def values(street):
    return [
        [(one["sCI"], one["n"], one["s"], one["q"]) for one in message["sS"]]
        for _, message in street.said("StatusUpdate", "StatusResponse")
    ]


def refusals(events):
    return [event.reason for event in events if isinstance(event, Refused)]


def alarm(street, event, code="A0009", component="TC"):
    state = street.device.alarms.happen(event, component, code, now_ms=street.now)
    street.site.tell_alarm(event, state, street.now)


# -- statuses


def test_a_status_is_asked_for(street):
    one = street().up()
    one.supervisor.request_status("TC", "S0014", now_ms=one.now)
    one.run()
    assert values(one) == [[("S0014", "status", "1", "recent"), ("S0014", "source", "startup", "recent")]]
    assert one.book.statuses["TC", "S0014", "status"].value == "1"


def test_what_is_not_there_is_unknown_and_a_component_that_is_not_there_undefined(street):
    one = street().up()
    one.supervisor.request_status("TC", "S0095", now_ms=one.now)
    one.supervisor.request_status("TC9", "S0095", now_ms=one.now)
    one.run()
    assert values(one) == [[("S0095", "status", None, "unknown")], [("S0095", "status", None, "undefined")]]


def test_a_value_that_the_list_forbids_is_never_sent(street):
    one = street().up()
    one.device.values["TC", "S0014"] = {"status": "300", "source": "startup"}
    one.supervisor.request_status("TC", "S0014", now_ms=one.now)
    events = one.run()
    assert values(one) == [[("S0014", "status", None, "unknown"), ("S0014", "source", "startup", "recent")]]
    assert one.site.valuer.faults == {("S0014", "status"): "300 is more than 255"}
    assert refusals(events) == []


def test_a_status_of_another_kind_of_component_is_refused(street):
    one = street().up()
    one.supervisor.request_status("DL1", "S0014", ["status"], now_ms=one.now)
    events = one.run()
    assert refusals(events) == ["status S0014 is of a Traffic Light Controller, DL1 is a Detector logic"]
    assert values(one) == []


def test_a_subscription_is_told_at_once_then_on_change_and_only_what_changed(street):
    one = street().up()
    wishes = [Wish("TC", "S0014", "status"), Wish("TC", "S0014", "source")]
    one.supervisor.subscribe(wishes, now_ms=one.now)
    one.run()
    assert values(one) == [[("S0014", "status", "1", "recent"), ("S0014", "source", "startup", "recent")]]
    one.wire.said.clear()
    one.run(1000)
    assert values(one) == []
    one.device.values["TC", "S0014"]["status"] = "2"
    one.run(1000)
    assert values(one) == [[("S0014", "status", "2", "recent")]]


def test_a_subscription_that_is_there_changes_its_terms_without_an_update(street):
    one = street().up()
    one.supervisor.subscribe([Wish("TC", "S0014", "status", 60, on_change=False)], now_ms=one.now)
    one.run()
    one.wire.said.clear()
    one.supervisor.subscribe([Wish("TC", "S0014", "status", 5, on_change=False)], now_ms=one.now)
    one.run()
    one.run(4_999)
    assert values(one) == []
    one.run(1)
    assert values(one) == [[("S0014", "status", "1", "recent")]]


def test_an_update_on_change_starts_the_interval_anew(street):
    one = street().up()
    one.supervisor.subscribe([Wish("TC", "S0014", "status", 10)], now_ms=one.now)
    one.run()
    one.wire.said.clear()
    one.device.values["TC", "S0014"]["status"] = "2"
    one.run(6_000)
    one.run(9_999)
    assert len(values(one)) == 1
    one.run(1)
    assert len(values(one)) == 2


def test_traffic_data_come_at_whole_intervals_and_never_at_once(street):
    one = street(now=1_795_000_010_000).up()
    one.supervisor.subscribe([Wish("DL1", "S0201", "vehicles", 60)], now_ms=one.now)
    one.run()
    one.device.values["DL1", "S0201"]["vehicles"] = "8"
    rest = 60_000 - one.now % 60_000
    one.run(rest - 1)
    assert values(one) == []
    one.run(1)
    assert values(one) == [[("S0201", "vehicles", "8", "recent")]]


def test_no_updates_come_after_unsubscribing(street):
    one = street().up()
    one.supervisor.subscribe([Wish("TC", "S0014", "status")], now_ms=one.now)
    one.run()
    one.supervisor.unsubscribe("TC", "S0014", ["status"], now_ms=one.now)
    one.run()
    one.wire.said.clear()
    one.device.values["TC", "S0014"]["status"] = "2"
    one.run(1000)
    assert one.said() == []


def test_too_many_subscriptions_are_refused(street):
    one = street().up()
    one.site.subscriptions._most = 1
    wishes = [Wish("TC", "S0014", "status"), Wish("TC", "S0014", "source")]
    one.supervisor.subscribe(wishes, now_ms=one.now)
    assert refusals(one.run()) == ["too many subscriptions"]
    assert len(one.site.subscriptions) == 0


def test_a_version_without_on_change_updates_on_change_when_the_interval_is_zero(street):
    one = street(site_cores=("3.1.3",), sxl="1.0.15").up()
    terms = StatusSubscription("S0014", "status", "0")
    request = StatusSubscribe(message_id=counting_ids(9)(), component_id="TC", subscriptions=[terms])
    one.supervisor.link.send(request, one.now)
    one.run()
    one.device.values["TC", "S0014"]["status"] = "2"
    one.run(1000)
    assert [value[0][2] for value in values(one)] == ["1", "2"]


# -- commands


def test_a_command_is_carried_out_and_echoed(street):
    one = street().up()
    one.supervisor.command("TC", "M0002", PLAN, now_ms=one.now)
    one.run()
    assert one.device.commands == [("TC", "M0002", PLAN)]
    ((_, response),) = one.said("CommandResponse")
    assert {value["n"]: (value["v"], value["age"]) for value in response["rvs"]} == {
        name: (value, "recent") for name, value in PLAN.items()
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"securityCode": "1111"}, "Incorrect security code"),
        ({"timeplan": "300"}, "M0002 timeplan: 300 is more than 255"),
        ({"timeplan": None}, "command M0002 lacks timeplan"),
    ],
)
def test_a_wrong_command_is_refused_and_nothing_is_done(street, changes, told):
    one = street().up()
    given = {name: value for name, value in {**PLAN, **changes}.items() if value is not None}
    arguments = [CommandArgument("M0002", name, "setPlan", value) for name, value in given.items()]
    arguments += [
        CommandArgument("M0007", "status", "setFixedTime", "True"),
        CommandArgument("M0007", "securityCode", "setFixedTime", "2222"),
    ]
    request = CommandRequest(message_id=counting_ids(9)(), component_id="TC", arguments=arguments)
    one.supervisor.link.send(request, one.now)
    assert refusals(one.run()) == [told]
    assert one.device.commands == []
    assert one.said("CommandResponse") == []


def test_a_code_is_changed_with_the_old_one_only(street):
    one = street().up()
    change = {"status": "Level1", "oldSecurityCode": "9", "newSecurityCode": "3333"}
    one.supervisor.command("TC", "M0103", change, now_ms=one.now)
    assert refusals(one.run()) == ["Incorrect security code"]
    assert one.device.codes[1] == "1111"
    one.supervisor.command("TC", "M0103", change | {"oldSecurityCode": "1111"}, now_ms=one.now)
    assert refusals(one.run()) == []
    assert one.device.codes[1] == "3333"


def test_a_command_that_the_device_does_not_have_is_unknown_and_a_component_undefined(street):
    one = street().up()
    level = {"status": "1-5", "securityCode": "2222"}
    one.supervisor.command("TC", "M0021", level, now_ms=one.now)
    one.supervisor.command("TC9", "M0021", level, now_ms=one.now)
    one.run()
    ages = [{value["age"] for value in message["rvs"]} for _, message in one.said("CommandResponse")]
    assert ages == [{"unknown"}, {"undefined"}]
    assert one.device.commands == []


# -- alarms


def test_an_alarm_lives_its_life(street):
    one = street().up()
    alarm(one, AlarmEvent.ACTIVATE)
    one.run(1)
    for wish in ("Acknowledge", "Suspend", "Resume", "Request"):
        one.supervisor.wish_of_alarm(wish, "TC", "A0009", now_ms=one.now)
        one.run(1)
    alarm(one, AlarmEvent.CLEAR)
    one.run(1)
    told = [
        (message["aSp"], message["aS"], message["ack"], message["sS"])
        for end, message in one.said("Alarm")
        if end == "site"
    ]
    assert told == [
        ("Issue", "Active", "notAcknowledged", "notSuspended"),
        ("Acknowledge", "Active", "Acknowledged", "notSuspended"),
        ("Suspend", "Active", "Acknowledged", "Suspended"),
        ("Suspend", "Active", "Acknowledged", "notSuspended"),
        ("Issue", "Active", "Acknowledged", "notSuspended"),
        ("Issue", "inActive", "Acknowledged", "notSuspended"),
    ]
    assert one.book.alarms["TC", "A0009"].active == "inActive"


def test_a_suspended_alarm_is_not_issued(street):
    one = street().up()
    alarm(one, AlarmEvent.SUSPEND)
    one.run(1)
    one.wire.said.clear()
    alarm(one, AlarmEvent.ACTIVATE)
    one.run(1)
    assert one.said("Alarm") == []
    one.supervisor.wish_of_alarm("Resume", "TC", "A0009", now_ms=one.now)
    one.run(1)
    assert one.book.alarms["TC", "A0009"].active == "Active"


def test_an_alarm_that_a_component_cannot_have_is_refused(street):
    one = street().up()
    one.supervisor.wish_of_alarm("Acknowledge", "TC", "A0301", now_ms=one.now)
    assert refusals(one.run()) == ["component 'TC' has no alarm A0301"]
    assert one.said("Alarm")[0][0] == "supervisor"


def test_an_older_state_never_replaces_a_newer_one(street):
    one = street().up()
    alarm(one, AlarmEvent.ACTIVATE)
    one.run(1)
    newer = one.book.alarms["TC", "A0009"]
    older = msgspec.structs.replace(newer, timestamp="2020-01-01T00:00:00.000Z", active="inActive")
    assert not one.book.take_alarm(older)
    assert one.book.alarms["TC", "A0009"] is newer


def test_the_bits_are_told_when_they_change(street):
    one = street().up()
    one.run(1000)
    assert one.said("AggregatedStatus") == []
    one.device.bits = (False, False, False, True, False, True, False, False)
    one.run(1000)
    assert len(one.said("AggregatedStatus")) == 1
    one.supervisor.request_aggregated("TC", now_ms=one.now)
    one.run()
    assert len(one.said("AggregatedStatus")) == 2
    assert one.book.aggregated.bits[3] is True


# -- several supervisors


def test_a_secondary_supervisor_gets_no_alarms_and_answers_go_to_the_asker_alone(street):
    first, second = street().up(), street(primary=False)
    second.device = second.site.device = first.device
    second.run()
    assert second.site.is_ready
    assert second.said("Alarm") == []
    assert len(second.said("AggregatedStatus")) == 1
    second.supervisor.request_status("TC", "S0014", now_ms=second.now)
    second.run()
    first.run()
    assert len(second.said("StatusResponse")) == 1
    assert first.said() == []


@pytest.mark.parametrize(
    ("sync", "primary", "ahead"), [(True, True, 0), (False, True, None), (True, False, None)]
)
def test_the_clock_is_set_by_the_primary_supervisor_alone_and_once_a_day(street, sync, primary, ahead):
    one = street(primary=primary)
    one.site._terms = dataclasses.replace(one.site._terms, sync_clock=sync)
    one.run()
    assert one.device.clock_ahead_ms == ahead
    one.device.clock_ahead_ms = 77
    one.run(60_000)
    assert one.device.clock_ahead_ms == 77
