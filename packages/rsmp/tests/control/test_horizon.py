from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_rsmp.control.crossing import Arrival, Link, Stage, View
from samstad_rsmp.control.horizon import Horizon, Now

FREE = Now(0, 0, 60)


def test_green_goes_to_whoever_waits_and_stays_where_nobody_does(scene):
    search = Horizon(scene.crossing())
    assert search.plan(scene.seen(side=scene.queue(1, 3)), FREE)[:2] == (1, 0)
    assert search.plan(scene.seen(main=scene.queue(0, 3)), FREE).change_in_s is None


def test_a_queue_is_let_out_before_one_car_of_the_other_street(scene):
    planned = Horizon(scene.crossing()).plan(scene.seen(scene.queue(0, 6), scene.queue(1, 1)), FREE)
    assert planned.stage == 1
    assert planned.change_in_s >= 10
    assert len(planned.departures[0]) == 6


def test_nothing_changes_before_the_minimum_green_is_over(scene):
    planned = Horizon(scene.crossing()).plan(scene.seen(side=scene.queue(1, 9)), Now(0, 8, 60))
    assert planned.stage == 1
    assert planned.change_in_s == 8


def test_the_maximum_green_ends_even_an_endless_stream(scene):
    stream = scene.queue(0, 40)
    search = Horizon(scene.crossing())
    kept = search.plan(scene.seen(stream, scene.queue(1, 1)), Now(0, 0, 60))
    assert kept.change_in_s != 0
    assert search.plan(scene.seen(stream, scene.queue(1, 1)), Now(0, 0, 0))[:2] == (1, 0)


def test_a_bus_outweighs_some_cars(scene):
    search = Horizon(scene.crossing())
    cars = scene.queue(0, 5)
    assert search.plan(scene.seen(cars, scene.queue(1, 1)), FREE).change_in_s > 0
    assert search.plan(scene.seen(cars, scene.queue(1, 1, weight=30.0)), FREE).change_in_s == 0


def test_no_green_is_given_to_a_full_exit(scene):
    search = Horizon(scene.crossing())
    sides = (scene.queue(0, 1, first_s=3), scene.queue(1, 3))
    assert search.plan(scene.seen(*sides), FREE).change_in_s == 0
    assert search.plan(scene.seen(*sides, blocked={1}), FREE).change_in_s > 0


def test_whoever_must_yield_waits_for_those_that_come(scene):
    both = Stage(frozenset({"SG1"}), frozenset({0}), frozenset({1}))
    crossing = scene.crossing(
        links=(Link(0, "SG1"), Link(1, "SG1", frozenset({0}))), stages=(both, scene.crossing().stages[1])
    )
    planned = Horizon(crossing).plan(scene.seen(scene.queue(0, 4), scene.queue(1, 1)), Now(0, 50, 60))
    assert planned.departures[1][0] > planned.departures[0][3]


VEHICLES = st.lists(
    st.builds(
        Arrival, st.sampled_from([-1, 0, 1]), st.floats(0, 90), st.floats(0, 20), st.none(), st.floats(0, 500)
    ),
    max_size=45,
)


@settings(max_examples=60, deadline=None)
@given(st.tuples(VEHICLES, VEHICLES), st.integers(0, 1), st.floats(0, 40), st.floats(0, 80))
def test_any_view_gets_a_plan_within_the_bounds(scene, queues, stage, holds_s, ends_s):
    lanes = [
        [one._replace(link=lane if one.link >= 0 else -1) for one in found]
        for lane, found in enumerate(queues)
    ]
    planned = Horizon(scene.crossing()).plan(View(lanes), Now(stage, holds_s, ends_s))
    assert planned.stage in {0, 1}
    assert planned.change_in_s is None or planned.change_in_s >= holds_s - 2
    for queue, times in zip(lanes, planned.departures, strict=True):
        assert len(times) <= len(queue)
        assert times == sorted(times)
