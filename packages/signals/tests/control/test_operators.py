from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from samstad_signals.domain.amendments import Amendment, amend, due_returns, return_arguments
from samstad_signals.domain.lease import Lease, LeaseRefused, require, take, take_over
from samstad_signals.domain.orders import ORDERS, OrderRefused, order_of, shows_mode
from samstad_signals.domain.parameters import difference, judge_checksum, read_parameters
from samstad_signals.domain.timetable import Choice, Line, TimetableWrong, check_lines, choose_plan

S = 1_000_000
ANNA = Lease("k101", "anna", "roadworks", 600 * S)
BO = Lease("k101", "bo", "accident", 900 * S)


def test_two_operators_at_once_the_second_hears_who_has_it_and_for_how_long():
    lease = take(None, ANNA, now_us=0)
    with pytest.raises(LeaseRefused, match=r"anna controls k101 for another 500 s \(roadworks\)"):
        take(lease, BO, now_us=100 * S)
    assert take(lease, BO, now_us=600 * S) == BO  # it has ended by itself
    assert take(lease, ANNA._replace(until_us=700 * S), now_us=100 * S).until_us == 700 * S


def test_a_takeover_ends_the_other_who_can_do_nothing_more():
    lease, ended = take_over(ANNA, BO, now_us=100 * S)
    assert (lease, ended) == (BO, ANNA)
    with pytest.raises(LeaseRefused, match="bo controls"):
        require(lease, operator="anna", now_us=101 * S)
    assert require(lease, operator="bo", now_us=101 * S) is lease
    with pytest.raises(LeaseRefused, match="take it first"):
        require(lease, operator="bo", now_us=900 * S)


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"until_us": 0}, {"until_us": 9 * 3600 * S}])
def test_nobody_takes_a_junction_without_a_reason_or_for_ever(wrong):
    with pytest.raises(LeaseRefused):
        take(None, ANNA._replace(**wrong), now_us=0)


WORK = frozenset({"mon", "tue", "wed", "thu", "fri"})
CITY = (Line(WORK, time(6, 30), 2), Line(WORK, time(9), 1), Line(frozenset({"sat", "holiday"}), time(8), 5))
CORRIDOR = (Line(WORK, time(15), 3), Line(WORK, time(18), 0))
HOLIDAYS = {date(2026, 12, 24): "holiday"}


def at(*when, tables=(("city", CITY),)):
    now = datetime(*when, tzinfo=ZoneInfo("Europe/Stockholm"))
    return choose_plan(tables, special_days=HOLIDAYS, now=now)


def test_the_latest_line_that_has_begun_holds():
    assert at(2026, 11, 25, 7).plan == 2
    assert at(2026, 11, 25, 9).plan == 1
    assert at(2026, 11, 25, 5) == Choice(
        1, "city", datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Europe/Stockholm"))
    )


def test_a_special_day_is_no_weekday():
    assert at(2026, 12, 24, 7).plan == 1  # Thursday: still what held on Wednesday evening, not the 2 of 06:30
    assert at(2026, 12, 24, 8).plan == 5
    assert at(2026, 12, 25, 7).plan == 2


def test_the_most_special_table_decides_and_may_give_back_to_the_controller():
    tables = (("junction k101", ()), ("corridor ring", CORRIDOR), ("city", CITY))
    assert at(2026, 11, 25, 16, tables=tables)[:2] == (3, "corridor ring")
    assert at(2026, 11, 25, 19, tables=tables).plan == 0
    assert at(2026, 11, 25, 19, tables=()) is None


@pytest.mark.parametrize(
    "line",
    [Line(frozenset({"noday"}), time(7), 1), Line(frozenset(), time(7), 1), Line(WORK, time(7), 256)],
)
def test_a_timetable_that_cannot_be_followed_is_refused(line):
    check_lines(CITY, special_days=HOLIDAYS)
    with pytest.raises(TimetableWrong):
        check_lines([line], special_days=HOLIDAYS)
    with pytest.raises(TimetableWrong, match="two lines"):
        check_lines([CITY[0], CITY[0]], special_days=HOLIDAYS)


def test_words_become_commands_of_the_exchange_list():
    assert order_of("selectPlan", {"plan": 3}) == ("M0002", {"status": "True", "timeplan": "3"})
    assert order_of("setSplits", {"plan": 1, "bands": {"1": 5, "2": 0}}).values["status"] == "1-5,2-0"
    flash = order_of("setMode", {"mode": "flashing", "timeoutMinutes": 10})
    assert flash == ("M0001", {"status": "YellowFlash", "timeout": "10", "intersection": "0"})
    assert shows_mode(flash, yellow_flash=True, switched_on=True)
    assert not shows_mode(flash, yellow_flash=None, switched_on=True)
    assert not shows_mode(flash, yellow_flash=True, switched_on=False)


@pytest.mark.parametrize(
    ("name", "arguments", "cause"),
    [
        ("explode", {}, "unknownCommand"),
        ("selectPlan", {"plan": 0}, "invalidArguments"),
        ("selectPlan", {"plan": True}, "invalidArguments"),
        ("selectPlan", {"plan": "3"}, "invalidArguments"),
        ("setMode", {"mode": "green"}, "invalidArguments"),
        ("setMode", {"mode": ["dark"]}, "invalidArguments"),
        ("setMode", {"mode": "dark"}, "safetyLimit"),
        ("setEmergencyRoute", {"emergencyroute": 1}, "invalidArguments"),
        ("setSplits", {"plan": 1, "bands": {"x": 1}}, "invalidArguments"),
        ("setCycleTime", {"plan": 1, "cycleTime": 0}, "invalidArguments"),
    ],
)
def test_a_wrong_order_is_refused_before_anything_is_sent(name, arguments, cause):
    with pytest.raises(OrderRefused) as refused:
        order_of(name, arguments)
    assert refused.value.cause == cause
    assert len(ORDERS) == 9


OFFSET = Amendment("k101", "setOffset", 1, 30, 12, "anna", "roadworks", 100 * S)


def test_an_amendment_returns_to_what_held_before_the_first():
    in_force = amend({}, OFFSET, now_us=0)
    in_force = amend(in_force, OFFSET._replace(value=40, before=30, until_us=200 * S), now_us=50 * S)
    assert due_returns(in_force.values(), now_us=199 * S) == []
    (due,) = due_returns(in_force.values(), now_us=200 * S)
    assert order_of(due.name, return_arguments(due)) == ("M0015", {"status": "12", "plan": "1"})


@pytest.mark.parametrize(
    "wrong", [{"name": "setMode"}, {"reason": ""}, {"value": 300}, {"until_us": 0}, {"until_us": 10**13}]
)
def test_an_amendment_without_end_or_reason_is_refused(wrong):
    with pytest.raises(OrderRefused):
        amend({}, OFFSET._replace(**wrong), now_us=0)


def test_a_checksum_tells_what_nobody_here_has_seen():
    first = read_parameters("aa", "cGxhbj0xCmN5Y2xlPTgwCg==", taken_us=1)
    second = read_parameters("bb", "cGxhbj0xCmN5Y2xlPTkwCg==", taken_us=2)
    assert judge_checksum([], "aa") == "unarchived"
    assert judge_checksum([first, second], "bb") == "known"
    assert judge_checksum([first, second], "aa") == "restored"
    assert judge_checksum([first, second], "cc") == "changed"
    assert difference(first, second).lines[-2:] == ("-cycle=80", "+cycle=90")
    assert difference(first, first).same
    assert difference(first, second._replace(content=b"\xff")).lines is None
    with pytest.raises(ValueError, match="no base64"):
        read_parameters("aa", "%%%", taken_us=1)
