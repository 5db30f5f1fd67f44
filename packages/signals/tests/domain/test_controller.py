from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_signals.domain.controller import (
    NEW_CONTROLLER,
    SUBSCRIBED,
    Told,
    controller_status,
    fold_bits,
    fold_values,
    signal_mode,
    signal_state,
)

T0 = 1_764_057_600_000_000  # 2025-11-25T08:00:00Z


def told(state, at_us=T0, /, **values):
    rows = [Told(*key.split("_", 1), value) for key, value in values.items()]
    return fold_values(state, rows, observed_us=at_us, received_us=at_us)


def test_a_plan_that_is_forced_from_the_centre_is_central_control():
    state = told(NEW_CONTROLLER, S0014_status="3", S0014_source="forced")
    assert state.plan == 3
    assert signal_mode(state) == "central"
    assert signal_mode(NEW_CONTROLLER) is None


def test_the_gravest_mode_holds():
    state = told(NEW_CONTROLLER, S0014_status="3", S0014_source="forced", S0011_status="False,True")
    assert signal_mode(state) == "flashing"
    assert controller_status(state, connected=True) == "degraded"
    assert signal_mode(told(state, S0007_status="False")) == "dark"
    assert signal_mode(told(state, S0011_status="False")) != "flashing"


def test_a_buffered_value_never_overtakes_a_newer_one():
    state = told(NEW_CONTROLLER, T0, S0014_status="3")
    late = told(state, T0 - 1, S0014_status="9", S0097_checksum="aa")
    assert late.plan == 3
    assert late.checksum == "aa"  # told for the first time, however old


def test_what_cannot_be_read_leaves_things_as_they_were():
    state = told(told(NEW_CONTROLLER, S0014_status="3"), S0014_status="three", S0011_status="yes")
    assert (state.plan, state.yellow_flash, state.unreadable) == (3, None, 2)
    assert told(state, S9999_status="x")._replace(times=state.times) == state


def test_the_clock_is_held_against_ours_not_against_its_own_timestamp():
    rows = [("year", "2025"), ("month", "11"), ("day", "25"), ("hour", "8"), ("minute", "0"), ("second", "7")]
    values = [Told("S0096", name, value) for name, value in rows]
    state = fold_values(NEW_CONTROLLER, values, observed_us=T0 + 7_000_000, received_us=T0)
    assert state.clock_skew_s == 7
    assert fold_values(NEW_CONTROLLER, values[:5], observed_us=T0, received_us=T0).clock_skew_s is None


def test_the_bits_say_how_grave_a_fault_is():
    fine = fold_bits(NEW_CONTROLLER, [False] * 8, observed_us=T0)
    failed = fold_bits(fine, ["false", "false", "True", *["false"] * 5], observed_us=T0 + 1)
    assert controller_status(fine, connected=True) == "ok"
    assert controller_status(failed, connected=True) == "failed"
    assert controller_status(fine, connected=False) == "unreachable"
    assert fold_bits(failed, [False] * 8, observed_us=T0) is failed
    with pytest.raises(ValueError, match="8 bits"):
        fold_bits(fine, [True], observed_us=T0)


def test_signal_states_claim_only_what_is_shown():
    assert [signal_state(one) for one in "A0149NcbP"] == [
        "red", "redAmber", "green", "green", "greenFlashing", "amber", "amberFlashing", "dark", "red",
    ]  # fmt: skip
    assert {signal_state(one) for one in "defg-?"} == {"unknown"}


VALUES = st.lists(
    st.builds(
        Told,
        st.sampled_from([*SUBSCRIBED, "S0096", "S7"]),
        st.sampled_from(["status", "signalgroupstatus", "source", "year"]),
        st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["1", "True", "True,False", "A1"])),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), VALUES), max_size=6))
def test_any_order_of_messages_is_survived_and_the_second_telling_changes_nothing(messages):
    state = NEW_CONTROLLER
    for at_us, values in messages:
        state = fold_values(state, values, observed_us=at_us, received_us=at_us)
        again = fold_values(state, values, observed_us=at_us, received_us=at_us)
        assert again._replace(unreadable=0) == state._replace(unreadable=0)
