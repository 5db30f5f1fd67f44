from hypothesis import given, settings
from hypothesis import strategies as st

GROUPS = ["SG1", "SG2", "SG3", "SG4"]


def test_a_wish_stands_in_the_place_of_the_plan(street):
    one = street(traffic=False).started()
    for _ in range(60):
        one.controller.steer({"SG2", "SG3"}, one.now)
        states = one.run(1)
    assert states[-1][1] in "134"
    assert states[-1][0] not in "134"


def test_without_new_wishes_the_own_program_goes_on(street):
    one = street(traffic=False).started()
    one.controller.steer({"SG2"}, one.now)
    assert one.controller.is_steered(one.now + 2_900)
    assert not one.controller.is_steered(one.now + 3_000)
    left, same = one.run(200), street(traffic=False).started().run(200)
    assert left[-600:] == same[-600:]


def test_a_plan_that_an_operator_orders_is_not_adapted(street):
    one = street(traffic=False).started()
    one.order("M0002", status=True, timeplan=1)
    one.controller.steer({"SG2"}, one.now, holds_ms=600_000)
    one.run(1)
    assert not one.controller.is_steered(one.now)
    assert any(state[0] in "134" for state in one.run(90))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sets(st.sampled_from(GROUPS)), st.integers(1, 60)), max_size=25))
def test_whatever_is_wished_the_monitor_sees_nothing(street, wishes):
    one = street().started()
    for greens, tenths in wishes:
        one.controller.steer(greens, one.now)
        one.run(tenths / 10)  # it asserts that nothing was seen
    assert one.seen
