"""A device's life goes only along the table, and every step says who, when and why."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import TransitionRefused
from samstad_devices.domain.lifecycle import (
    ACCEPTS,
    GUARDS,
    REVOKES,
    STATES,
    TRANSITIONS,
    Facts,
    Step,
    move,
    next_states,
    reception_of,
)

ALL = Facts(has_identifier=True, has_contract=True, has_position=True, has_asset=True, was_heard=True)
states = st.sampled_from(STATES)
facts = st.builds(Facts, **{name: st.booleans() for name in Facts.__dataclass_fields__})


def step(start: str, end: str, known: Facts = ALL, **told) -> Step:
    return move(Step(start, end, **{"who": "anna", "why": "as planned", "time_us": 7, **told}), known)


def test_a_whole_life_from_purchase_to_scrap():
    life = ["planned", "ordered", "received", "commissioned", "inService", "maintenance", "inService"]
    life.append("decommissioned")
    for start, end in pairwise(life):
        assert step(start, end) == Step(start, end, "anna", "as planned", 7)
    assert next_states("decommissioned") == ()


@pytest.mark.parametrize(
    ("start", "end", "lacks", "todo"),
    [
        ("ordered", "received", "has_contract", "no contract"),
        ("ordered", "received", "has_identifier", "no identifier"),
        ("received", "commissioned", "has_position", "no position"),
        ("received", "commissioned", "was_heard", "no message"),
        ("commissioned", "inService", "has_asset", "no place"),
        ("maintenance", "inService", "has_asset", "no place"),
    ],
)
def test_a_guard_stops_and_says_what_to_do(start, end, lacks, todo):
    with pytest.raises(TransitionRefused, match=todo) as refused:
        step(start, end, replace(ALL, **{lacks: False}))
    assert refused.value.pointer == "/lifeCycle"
    assert step(start, end).end == end


def test_all_that_lacks_is_told_at_once():
    with pytest.raises(TransitionRefused, match=r"no identifier.*no position.*no message"):
        step("received", "commissioned", Facts())


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("planned", "inService", "it can become ordered or received or decommissioned"),
        ("decommissioned", "inService", "the end"),
        ("inService", "retired", "no state of a device"),
        ("inService", "inService", "cannot become inService"),
    ],
)
def test_there_is_no_other_way(start, end, told):
    with pytest.raises(TransitionRefused, match=told):
        step(start, end)


@pytest.mark.parametrize("told", [{"who": " "}, {"why": ""}, {"why": "\t\n"}])
def test_nobody_goes_on_without_a_name_and_a_reason(told):
    with pytest.raises(TransitionRefused, match="who wants it and why"):
        step("planned", "ordered", **told)


@given(states, states, facts)
def test_move_agrees_with_the_table(start, end, known):
    row = next((row for row in TRANSITIONS if (row.start, row.end) == (start, end)), None)
    open_way = row is not None and all(GUARDS[name].holds(known) for name in row.guards)
    try:
        done = step(start, end, known)
    except TransitionRefused:
        assert not open_way
    else:
        assert open_way
        assert (done.start, done.end) == (start, end)


@given(states, facts, facts)
def test_knowing_more_never_closes_a_way(start, known, more):
    both = Facts(**{name: getattr(known, name) or getattr(more, name) for name in Facts.__dataclass_fields__})
    for end in next_states(start):
        try:
            step(start, end, known)
        except TransitionRefused:
            continue
        assert step(start, end, both)


def test_every_state_is_reached_and_only_living_devices_are_published():
    assert {row.end for row in TRANSITIONS} | {"planned"} == set(STATES)
    assert len({(row.start, row.end) for row in TRANSITIONS}) == len(TRANSITIONS)
    assert set(ACCEPTS) == set(STATES)
    assert {state for state in STATES if reception_of(state) == "publish"} == {"commissioned", "inService"}
    assert all(reception_of(state) == "quarantine" for state in REVOKES)
    assert reception_of(None) == reception_of("stolen") == "quarantine"
