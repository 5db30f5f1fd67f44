import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from samstad_models.alerts import (
    SEVERITIES,
    STATES,
    SUSPENSION_TRANSITIONS,
    TRANSITIONS,
    AlertRefusedError,
    acknowledge,
    assign,
    clear,
    comment,
    is_closed,
    raise_alert,
    repeat,
    resume,
    resume_if_due,
    state_of,
    suspend,
)
from samstad_models.catalogue import load_catalogue
from samstad_models.diagrams import alert_diagram, suspension_diagram


def lamp(observed_us=10, severity="medium"):
    return raise_alert(severity=severity, observed_us=observed_us)


def test_an_alert_is_closed_when_it_is_gone_and_seen_in_either_order():
    assert state_of(lamp()) == "new"
    seen = acknowledge(lamp(), by="anna")
    assert (state_of(seen), seen.acknowledged_by) == ("beingHandled", "anna")
    assert is_closed(clear(seen, observed_us=20))
    gone = clear(lamp(), observed_us=20)
    assert state_of(gone) == "goneUnseen"
    assert is_closed(acknowledge(gone, by="anna"))
    assert not is_closed(gone)


def test_a_repeat_counts_and_keeps_first_and_last():
    alert = repeat(repeat(lamp(10), observed_us=30), observed_us=5)
    assert (alert.occurrences, alert.first_seen_us, alert.last_seen_us) == (3, 5, 30)
    assert state_of(alert) == "new"


def test_a_clear_older_than_the_last_raise_does_not_clear():
    alert = clear(repeat(lamp(10), observed_us=30), observed_us=20)
    assert alert.active
    assert not clear(alert, observed_us=30).active


def test_a_late_raise_does_not_bring_back_what_is_gone():
    gone = clear(lamp(10), observed_us=20)
    late = repeat(gone, observed_us=15)
    assert (late.active, late.occurrences) == (False, 2)
    assert repeat(gone, observed_us=21).active


def test_what_comes_back_must_be_seen_anew_and_a_closed_alert_stays_closed():
    closed = clear(acknowledge(lamp(10), by="anna"), observed_us=20)
    with pytest.raises(AlertRefusedError) as refused:
        repeat(closed, observed_us=30)
    assert refused.value.reason == "closed"
    assert is_closed(repeat(closed, observed_us=15))
    back = repeat(clear(lamp(10), observed_us=20), observed_us=30)
    assert (back.active, back.acknowledged, back.acknowledged_by) == (True, False, None)


def test_a_worse_fault_must_be_seen_anew_and_a_milder_one_need_not():
    seen = acknowledge(lamp(10), by="anna")
    worse = repeat(seen, observed_us=20, severity="critical")
    assert (state_of(worse), worse.severity, worse.acknowledged_by) == ("new", "critical", None)
    milder = repeat(seen, observed_us=20, severity="low")
    assert (state_of(milder), milder.severity) == ("beingHandled", "low")
    assert repeat(seen, observed_us=5, severity="critical").severity == "medium"
    with pytest.raises(AlertRefusedError) as refused:
        repeat(seen, observed_us=20, severity="awful")
    assert refused.value.reason == "severity"


def test_silence_always_ends():
    silent = suspend(lamp(), until_us=100, now_us=50)
    assert resume_if_due(silent, now_us=99) is silent
    assert resume_if_due(silent, now_us=100).suspended_until_us is None
    assert resume(silent).suspended_until_us is None
    assert resume(lamp()) == lamp()
    assert suspend(silent, until_us=200, now_us=60).suspended_until_us == 200
    with pytest.raises(AlertRefusedError, match="must lie ahead"):
        suspend(lamp(), until_us=50, now_us=50)
    assert silent.active


def test_assignment_and_comments():
    closed = acknowledge(clear(lamp(), observed_us=20), by="anna")
    assert assign(lamp(), to="bo").assignee == "bo"
    assert assign(assign(lamp(), to="bo"), to=None).assignee is None
    with pytest.raises(AlertRefusedError):
        assign(closed, to="bo")
    noted = comment(closed, by="bo", text="Lamp changed", now_us=70)
    assert noted.comments[-1] == ("bo", 70, "Lamp changed")
    assert is_closed(noted)
    with pytest.raises(AlertRefusedError, match="needs a text"):
        comment(closed, by="bo", text="  ", now_us=70)


def test_acknowledging_twice_keeps_the_first_person():
    once = acknowledge(lamp(), by="anna")
    assert acknowledge(once, by="bo") is once


def test_the_tables_are_whole_and_drawn_in_the_docs():
    assert len({(row.state, row.event) for row in TRANSITIONS}) == len(TRANSITIONS)
    assert {row.state for row in TRANSITIONS} == set(STATES) - {"closed"}
    assert {row.event for row in SUSPENSION_TRANSITIONS} == {"suspend", "resume"}
    assert tuple(load_catalogue().value_lists["AlertSeverity"]) == SEVERITIES
    page = (Path(__file__).parents[3] / "docs" / "reference" / "models.md").read_text("utf-8")
    assert alert_diagram() in page
    assert suspension_diagram() in page
    assert "closed -->" not in alert_diagram().replace("closed --> [*]", "")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["raise", "clear"]), st.integers(11, 60)),
        max_size=5,
        unique_by=lambda x: x[1],
    )
)
def test_the_order_of_arrival_does_not_decide(observations):
    def play(order):
        alert = lamp(10)
        for event, at_us in order:
            alert = repeat(alert, observed_us=at_us) if event == "raise" else clear(alert, observed_us=at_us)
        return alert

    straight = play(sorted(observations, key=lambda x: x[1]))
    for order in itertools.islice(itertools.permutations(observations), 24):
        assert play(order) == straight


class AlertMachine(RuleBasedStateMachine):
    """Whatever comes in any order: active follows the latest observation, closed stays closed."""

    @initialize(at_us=st.integers(0, 50))
    def first(self, at_us):
        self.alert = lamp(at_us)
        self.last = ("raise", at_us)
        self.raises = 1

    @rule(at_us=st.integers(0, 100))
    def observe_fault(self, at_us):
        before = self.alert
        try:
            self.alert = repeat(before, observed_us=at_us)
        except AlertRefusedError:
            assert is_closed(before)
            return
        self.raises += 1
        if at_us >= self.last[1]:
            self.last = ("raise", at_us)

    @rule(at_us=st.integers(0, 100))
    def observe_gone(self, at_us):
        self.alert = clear(self.alert, observed_us=at_us)
        if at_us >= self.last[1]:
            self.last = ("clear", at_us)

    @rule()
    def see(self):
        self.alert = acknowledge(self.alert, by="anna")
        assert self.alert.acknowledged

    @precondition(lambda self: not is_closed(self.alert))
    @rule(until_us=st.integers(1, 9))
    def silence(self, until_us):
        before = self.alert
        self.alert = suspend(before, until_us=until_us, now_us=0)
        assert state_of(self.alert) == state_of(before)

    @invariant()
    def it_tells_the_truth(self):
        alert = getattr(self, "alert", None)
        if alert is None:
            return
        assert alert.active == (self.last[0] == "raise")
        assert alert.occurrences == self.raises
        assert alert.first_seen_us <= alert.last_seen_us
        assert (alert.acknowledged_by is not None) == alert.acknowledged


TestAlertMachine = AlertMachine.TestCase
TestAlertMachine.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)
