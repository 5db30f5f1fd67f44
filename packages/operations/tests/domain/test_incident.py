"""An incident is told once, and again only where its rule says so."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from samstad_operations.domain.alert import FOREVER_US, Alert
from samstad_operations.domain.book import Rule, Step, matches
from samstad_operations.domain.incident import Incident, advance, due_us, is_over, join, leave

S = 1_000_000
M = 60 * S
RULE = Rule(severity=2, to=("street",), gather_us=10 * S, fold_us=15 * M, steps=(Step(20 * M, ("chief",)),))
START = 1_000 * M


def alert(name: str = "a", severity: int = 3, silent_until_us: int = 0) -> Alert:
    return Alert(name, "power", "lampFault", severity, f"lamp:{name}", silent_until_us=silent_until_us)


def of(*names: str, at_us: int = START) -> Incident:
    incident = Incident("faults", ("type=lampFault",))
    for name in names:
        incident = join(incident, alert(name), now_us=at_us)
    return incident


def reasons(tellings) -> list[str]:
    return [one.reason for one in tellings]


def test_sixty_lamps_of_one_cabinet_are_told_in_one_message():
    incident = of(*(str(number) for number in range(60)))
    same, none = advance(incident, RULE, now_us=START + 9 * S)
    assert (same, none) == (incident, [])
    told, tellings = advance(incident, RULE, now_us=START + 10 * S)
    assert [(one.reason, one.to) for one in tellings] == [("new", ("street",))]
    assert advance(told, RULE, now_us=START + 11 * S)[1] == []


def test_what_joins_later_waits_for_the_time_of_folding():
    incident, _ = advance(of("a"), RULE, now_us=START + 10 * S)
    incident = join(incident, alert("b"), now_us=START + M)
    assert advance(incident, RULE, now_us=START + 15 * M)[1] == []
    incident, tellings = advance(incident, RULE, now_us=START + 10 * S + 15 * M)
    assert reasons(tellings) == ["more"]
    assert reasons(advance(incident, RULE, now_us=START + 16 * M)[1]) == []


def test_what_gets_worse_does_not_wait_for_the_time_of_folding():
    incident, _ = advance(of("a"), RULE, now_us=START + 10 * S)
    incident = join(incident, alert("a", severity=4), now_us=START + M)
    incident, tellings = advance(incident, RULE, now_us=START + M + 10 * S)
    assert reasons(tellings) == ["worse"]
    better = join(incident, alert("a", severity=3), now_us=START + 2 * M)
    assert advance(better, RULE, now_us=START + 19 * M)[1] == []


def test_escalation_comes_where_nobody_acknowledged_and_not_otherwise():
    incident, _ = advance(of("a"), RULE, now_us=START + 10 * S)
    later = START + 10 * S + 20 * M
    assert advance(incident, RULE, now_us=later - 1)[1] == []
    escalated, tellings = advance(incident, RULE, now_us=later)
    assert [(one.reason, one.to) for one in tellings] == [("escalated", ("chief",))]
    assert advance(escalated, RULE, now_us=later + 60 * M)[1] == []
    acknowledged = leave(incident, "a")
    assert advance(acknowledged, RULE, now_us=later)[1] == []
    assert is_over(acknowledged, RULE, now_us=later)


def test_an_alert_that_comes_and_goes_is_not_told_each_time():
    incident, _ = advance(of("a"), RULE, now_us=START + 10 * S)
    told = 0
    for minute in range(1, 15):
        incident = join(leave(incident, "a"), alert("a"), now_us=START + minute * M)
        incident, tellings = advance(incident, RULE, now_us=START + minute * M + 20 * S)
        told += len(tellings)
    assert told == 0
    assert reasons(advance(incident, RULE, now_us=START + 16 * M)[1]) == ["new"]


def test_what_is_gone_before_it_was_told_is_never_told():
    incident = leave(of("a"), "a")
    assert advance(incident, RULE, now_us=START + 60 * M)[1] == []
    assert is_over(incident, RULE, now_us=START)


def test_a_suspended_alert_is_silent_until_its_time():
    incident = join(Incident("faults", ()), alert(silent_until_us=START + 60 * M), now_us=START)
    assert advance(incident, RULE, now_us=START + 59 * M)[1] == []
    assert due_us(incident, RULE) == START + 60 * M + 10 * S
    assert reasons(advance(incident, RULE, now_us=START + 60 * M + 10 * S)[1]) == ["new"]
    forever = join(incident, alert(silent_until_us=FOREVER_US), now_us=START)
    assert advance(forever, RULE, now_us=START + 9_999 * M)[1] == []
    assert reasons(advance(join(forever, alert(), now_us=START + M), RULE, now_us=START + 2 * M)[1]) == [
        "new"
    ]


def test_reminders_come_only_where_the_rule_wants_them():
    rule = RULE._replace(again_us=5 * M, steps=())
    incident, _ = advance(of("a"), rule, now_us=START + 10 * S)
    assert advance(incident, rule, now_us=START + 5 * M)[1] == []
    assert reasons(advance(incident, rule, now_us=START + 6 * M)[1]) == ["again"]
    assert advance(incident, RULE._replace(steps=()), now_us=START + 600 * M)[1] == []


def test_a_rule_is_about_what_it_names_and_nothing_else():
    square = ((16.0, 59.0), (17.0, 59.0), (17.0, 60.0), (16.0, 60.0))
    rule = Rule(3, ("a",), frozenset({"power"}), frozenset({"lampFault"}), frozenset({"org:1"}), square)
    fits = alert()._replace(owners=("org:1",), place=(16.5, 59.5))
    assert matches(rule, fits)
    others = [
        fits._replace(severity=2),
        fits._replace(category="safety"),
        fits._replace(kind="other"),
        fits._replace(owners=("org:2",)),
        fits._replace(place=(17.5, 59.5)),
        fits._replace(place=None),
    ]
    assert not [one for one in others if matches(rule, one)]


EVENTS = st.lists(
    st.tuples(st.integers(0, 20 * 60), st.sampled_from("abc"), st.sampled_from(["raise", "worse", "leave"])),
    max_size=30,
)


@given(EVENTS, st.booleans())
def test_over_any_story_nobody_is_called_too_often_or_forgotten(events, reminded):
    rule = RULE._replace(again_us=30 * M if reminded else 0)
    incident, now_us = Incident("faults", ()), START
    told: list[tuple[int, str]] = []
    stories = [*events, (40 * 60, "a", "none")]
    for wait_s, name, event in stories:
        until_us = now_us + wait_s * S
        # As the role does: whatever is due is done, at its time.
        while (due := max(due_us(incident, rule), now_us)) <= until_us:
            before = incident
            if is_over(incident, rule, now_us=due):
                incident = Incident("faults", ())
                break
            incident, tellings = advance(incident, rule, now_us=due)
            assert incident is not before, "what is due must be done, or it is due for ever"
            assert incident.members, "nobody is told of nothing"
            told += [(due, one.reason) for one in tellings]
            now_us = due
        now_us = until_us
        if event == "leave":
            incident = leave(incident, name)
        elif event != "none":
            incident = join(incident, alert(name, 4 if event == "worse" else 3), now_us=now_us)
    news = [at for at, reason in told if reason in {"new", "more"}]
    assert all(later - sooner >= RULE.gather_us for sooner, later in pairwise(news))
    assert [reason for _, reason in told].count("again") == 0 or reminded
    assert all(one.told for one in incident.members.values() if now_us - one.since_us > 20 * M)
