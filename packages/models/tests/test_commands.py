from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from samstad_models.catalogue import load_catalogue
from samstad_models.commands import (
    ACTORS,
    FINAL_STATUSES,
    STATUSES,
    TRANSITIONS,
    CommandRefusedError,
    advance,
    allowed_events,
    expire_if_due,
    is_final,
    new_command,
    supersedes,
)
from samstad_models.diagrams import command_diagram

MINUTE = 60_000_000
EVENTS = sorted({row.event for row in TRANSITIONS})
CAUSES = [None, *sorted({cause for row in TRANSITIONS for cause in row.causes})]


def dim(now_us=0, valid_until_us=10 * MINUTE):
    return new_command(
        target="urn:ngsi-ld:Streetlight:1", name="dim", now_us=now_us, valid_until_us=valid_until_us
    )


def told(state, *events, actor="gateway", now_us=MINUTE):
    for event in events:
        state = advance(state, event, actor=actor, now_us=now_us)
    return state


def test_a_command_is_sent_delivered_and_confirmed_by_what_the_device_shows():
    state = told(dim(), "send", "deliver", "confirm")
    assert (state.status, state.attempts, state.since_us, state.cause) == ("confirmed", 1, MINUTE, None)
    with pytest.raises(CommandRefusedError, match="final"):
        told(state, "send")


def test_an_event_that_comes_again_changes_nothing():
    confirmed = told(dim(), "send", "confirm")
    assert told(confirmed, "confirm", now_us=5 * MINUTE) is confirmed
    delivered = told(dim(), "send", "deliver")
    assert told(delivered, "deliver") is delivered
    with pytest.raises(CommandRefusedError) as refused:
        told(confirmed, "deliver")
    assert refused.value.reason == "status"


def test_sending_again_counts_the_attempts():
    assert told(dim(), "send", "send", "send").attempts == 3


def test_who_may_cause_what():
    assert allowed_events("queued", "issuer") == ("cancel",)
    assert allowed_events("sent", "issuer") == ()
    assert "confirm" in allowed_events("delivered", "gateway")
    for actor in ("issuer", "operator", "node"):
        with pytest.raises(CommandRefusedError) as refused:
            advance(told(dim(), "send"), "confirm", actor=actor, now_us=MINUTE)
        assert refused.value.reason == "actor"


def test_a_rejection_says_why():
    with pytest.raises(CommandRefusedError) as refused:
        told(dim(), "reject")
    assert refused.value.reason == "cause"
    with pytest.raises(CommandRefusedError, match="not noRoute"):
        advance(dim(), "reject", actor="gateway", now_us=MINUTE, cause="noRoute")
    state = advance(dim(), "reject", actor="gateway", now_us=MINUTE, cause="safetyLimit")
    assert (state.status, state.cause) == ("rejected", "safetyLimit")
    with pytest.raises(CommandRefusedError, match="takes as its cause none"):
        advance(dim(), "send", actor="gateway", now_us=MINUTE, cause="safetyLimit")


def test_what_is_too_late_is_never_sent_but_a_late_confirmation_counts():
    with pytest.raises(CommandRefusedError) as refused:
        told(dim(), "send", now_us=10 * MINUTE)
    assert refused.value.reason == "time"
    delivered = told(dim(), "send", "deliver")
    assert told(delivered, "confirm", now_us=11 * MINUTE).status == "confirmed"


def test_expiry_says_how_far_it_came():
    assert expire_if_due(dim(), now_us=9 * MINUTE).status == "queued"
    assert expire_if_due(dim(), now_us=10 * MINUTE).cause == "notSent"
    assert expire_if_due(told(dim(), "send"), now_us=10 * MINUTE).cause == "notDelivered"
    assert expire_if_due(told(dim(), "send", "deliver"), now_us=10 * MINUTE).cause == "notConfirmed"
    confirmed = told(dim(), "send", "confirm")
    assert expire_if_due(confirmed, now_us=10 * MINUTE) is confirmed
    with pytest.raises(CommandRefusedError, match="still valid"):
        advance(dim(), "expire", actor="node", now_us=MINUTE)
    with pytest.raises(CommandRefusedError, match="validUntil"):
        dim(now_us=MINUTE, valid_until_us=MINUTE)


def test_a_newer_command_makes_the_older_one_to_the_same_actuator_void():
    older, newer = dim(), dim(now_us=MINUTE)
    assert supersedes(newer, older)
    assert not supersedes(older, newer)
    assert not supersedes(newer._replace(name="reset"), older)
    assert not supersedes(newer._replace(target="urn:ngsi-ld:Streetlight:2"), older)
    assert not supersedes(newer, told(older, "send", "confirm"))
    assert advance(older, "supersede", actor="node", now_us=MINUTE).cause == "newerCommand"


def test_unknown_events_are_told():
    with pytest.raises(CommandRefusedError) as refused:
        told(dim(), "explode")
    assert refused.value.reason == "event"


def test_the_table_is_whole():
    assert len({(row.status, row.event) for row in TRANSITIONS}) == len(TRANSITIONS)
    assert {row.status for row in TRANSITIONS} == set(STATUSES) - FINAL_STATUSES
    assert {row.target for row in TRANSITIONS} == set(STATUSES) - {"queued"}
    assert {actor for row in TRANSITIONS for actor in row.actors} == set(ACTORS)
    # An event leads to one status wherever it happens; that is what makes repetition harmless.
    assert len({(row.event, row.target) for row in TRANSITIONS}) == len(EVENTS)
    lists = load_catalogue().value_lists
    assert tuple(lists["CommandStatus"]) == STATUSES
    assert set(lists["CommandCause"]) == set(CAUSES) - {None}


def test_the_diagram_in_the_docs_is_the_table():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "models.md").read_text("utf-8")
    assert command_diagram() in page
    assert "    delivered --> confirmed: confirm" in command_diagram()


class CommandMachine(RuleBasedStateMachine):
    """Whatever anybody does in any order: final is final, late is never sent, nobody acts for another."""

    @initialize()
    def issue(self):
        self.now_us = 0
        self.state = dim()
        self.final = None

    @rule(minutes=st.integers(0, 4))
    def wait(self, minutes):
        self.now_us += minutes * MINUTE

    @rule(event=st.sampled_from(EVENTS), actor=st.sampled_from(ACTORS), cause=st.sampled_from(CAUSES))
    def act(self, event, actor, cause):
        before = self.state
        try:
            self.state = advance(before, event, actor=actor, now_us=self.now_us, cause=cause)
        except CommandRefusedError:
            return
        if self.state is before:
            return
        rows = [r for r in TRANSITIONS if (r.status, r.event) == (before.status, event)]
        assert [r.target for r in rows] == [self.state.status]
        assert actor in rows[0].actors
        assert event != "send" or self.now_us < before.valid_until_us

    @rule()
    def tick(self):
        self.state = expire_if_due(self.state, now_us=self.now_us)
        assert is_final(self.state.status) or self.now_us < self.state.valid_until_us

    @invariant()
    def final_is_final(self):
        if getattr(self, "final", None) is not None:
            assert self.state is self.final
        elif hasattr(self, "state") and is_final(self.state.status):
            self.final = self.state


TestCommandMachine = CommandMachine.TestCase
TestCommandMachine.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)
