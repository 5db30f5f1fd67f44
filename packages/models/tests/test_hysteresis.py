from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_models.hysteresis import Hysteresis, HysteresisState, step


def events(rule, values, every_us=1):
    state, seen = HysteresisState(), []
    for index, value in enumerate(values):
        state, event = step(rule, state, value=value, observed_us=index * every_us)
        if event is not None:
            seen.append((index, event))
    return seen


def test_between_the_limits_nothing_happens():
    assert events(Hysteresis(80, 60), [50, 79, 81, 70, 61, 79, 60, 70]) == [(2, "raise"), (6, "clear")]


def test_low_values_alarm_when_the_limit_to_raise_is_the_lower():
    assert events(Hysteresis(20, 30), [25, 19, 25, 29, 31, 25]) == [(1, "raise"), (4, "clear")]


def test_a_limit_must_be_passed_for_a_while():
    assert events(Hysteresis(80, 60, raise_after_us=2), [90, 50, 90, 90, 90]) == [(4, "raise")]
    assert events(Hysteresis(80, 60, clear_after_us=2), [90, 50, 70, 50, 50, 50]) == [
        (0, "raise"),
        (5, "clear"),
    ]


def test_equal_limits_raise_at_and_clear_below():
    assert events(Hysteresis(80, 80), [80, 80, 79, 80]) == [(0, "raise"), (2, "clear"), (3, "raise")]


def test_an_older_observation_is_passed_over():
    state, _ = step(Hysteresis(80, 60), HysteresisState(), value=50, observed_us=10)
    assert step(Hysteresis(80, 60), state, value=90, observed_us=9) == (state, None)
    assert step(Hysteresis(80, 60), state, value=90, observed_us=10)[1] == "raise"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30), st.integers(0, 3), st.integers(0, 3))
def test_raises_and_clears_take_turns(values, raise_after, clear_after):
    seen = [event for _, event in events(Hysteresis(70, 40, raise_after, clear_after), values)]
    assert seen == ["raise", "clear"] * (len(seen) // 2) + ["raise"] * (len(seen) % 2)
