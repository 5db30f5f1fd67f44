from __future__ import annotations

import pytest

from samstad_models import alerts
from samstad_signals.domain.alarms import AlarmSeen, category_of, severity_of, take_alarm
from samstad_signals.domain.link import NEVER_UP, LinkRules, link_down, link_fault, link_up

S = 1_000_000
SEEN = AlarmSeen("SG1", "A0201", 2, 10 * S, active=True, acknowledged=False, suspended=False)


def test_a_short_loss_is_no_fault_a_long_one_is_persistent_and_clears_by_itself():
    link = link_down(link_up(NEVER_UP, now_us=0), now_us=10 * S, reason="no acknowledgement")
    assert link_fault(link, now_us=20 * S) == "none"
    assert link_fault(link, now_us=310 * S) == "persistent"
    assert link_fault(link_up(link, now_us=311 * S), now_us=312 * S) == "none"
    assert link_down(link, now_us=12 * S, reason="again") is link


def test_a_link_that_drops_often_is_intermittent_for_an_hour():
    link = NEVER_UP
    for at in (0, 100, 200):
        link = link_down(link_up(link, now_us=at * S), now_us=(at + 1) * S, reason="x")
    link = link_up(link, now_us=210 * S)
    assert link_fault(link, now_us=220 * S) == "intermittent"
    assert link_fault(link, now_us=220 * S, rules=LinkRules(most_drops=4)) == "none"
    assert link_fault(link, now_us=3650 * S) == "none"


def test_an_alarm_is_raised_acknowledged_and_closed():
    alert = take_alarm(None, SEEN)
    assert alert.severity == "high"
    assert alerts.state_of(alert) == "new"
    gone = take_alarm(alert, SEEN._replace(active=False, observed_us=20 * S))
    assert alerts.state_of(gone) == "goneUnseen"
    closed = take_alarm(gone, SEEN._replace(active=False, acknowledged=True, observed_us=20 * S))
    assert alerts.is_closed(closed)
    assert take_alarm(None, SEEN._replace(active=False)) is None


def test_all_alarms_told_again_after_a_reconnect_change_nothing():
    alert = take_alarm(None, SEEN)
    assert take_alarm(alert, SEEN) == alert
    handled = alerts.acknowledge(alert, by="operator:anna")
    echoed = take_alarm(handled, SEEN._replace(acknowledged=True, observed_us=12 * S))
    assert echoed.occurrences == 1
    assert echoed.acknowledged_by == "operator:anna"


def test_a_buffered_alarm_does_not_open_what_is_closed_but_a_new_occurrence_does():
    closed = take_alarm(
        take_alarm(None, SEEN), SEEN._replace(active=False, acknowledged=True, observed_us=20 * S)
    )
    assert take_alarm(closed, SEEN) is closed
    anew = take_alarm(closed, SEEN._replace(observed_us=30 * S))
    assert alerts.state_of(anew) == "new"
    assert anew.first_seen_us == 30 * S


def test_a_suspension_in_the_street_has_an_end_and_an_operators_is_kept():
    alert = take_alarm(None, SEEN)
    silent = take_alarm(alert, SEEN._replace(suspended=True, observed_us=11 * S))
    assert silent.suspended_until_us == 11 * S + 86_400 * S
    short = alerts.suspend(alert, until_us=60 * S, now_us=11 * S)
    assert take_alarm(short, SEEN._replace(suspended=True)).suspended_until_us == 60 * S
    assert take_alarm(silent, SEEN).suspended_until_us is None


def test_an_unknown_priority_is_grave_and_a_door_is_about_security():
    assert severity_of(9) == "high"
    assert category_of("A0010") == "security"
    assert category_of("A0201") == "deviceFault"
    with pytest.raises(alerts.AlertRefusedError):
        alerts.suspend(take_alarm(None, SEEN), until_us=1, now_us=2)
