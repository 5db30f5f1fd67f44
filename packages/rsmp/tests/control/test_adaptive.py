from samstad_rsmp.control.adaptive import Adaptive, Rung
from samstad_rsmp.control.crossing import Outflow

NOW = 1_000_000


def test_it_wishes_for_the_street_that_waits(scene):
    one = Adaptive(scene.crossing())
    decision = one.decide(scene.seen(side=scene.queue(1, 4)), scene.heads(), now_ms=NOW)
    assert decision.wish == {"SG2"}
    assert decision.rung is Rung.HORIZON


def test_a_platoon_that_a_neighbour_tells_of_is_waited_for(scene):
    view = scene.seen(side=scene.queue(1, 1, first_s=3))
    platoon = [Outflow(0, NOW + 1000 * n) for n in range(2, 24, 2)]
    alone = Adaptive(scene.crossing()).decide(view, scene.heads(), now_ms=NOW)
    told = Adaptive(scene.crossing()).decide(view, scene.heads(), platoon, now_ms=NOW)
    assert (alone.wish, told.wish) == ({"SG2"}, {"SG1"})


def test_neighbours_are_told_what_will_come_and_when(scene):
    onward = ("next", 3, 20.0)
    view = scene.seen(scene.queue(0, 2, onward=onward))
    flows = Adaptive(scene.crossing()).decide(view, scene.heads(), now_ms=NOW).outflows
    assert [one.link for one in flows["next"]] == [3, 3]
    assert all(NOW + 20_000 <= one.reaches_ms <= NOW + 26_000 for one in flows["next"])
    assert set(flows) == {"next"}


def test_who_has_waited_too_long_goes_before_all_plans(scene):
    view = scene.seen(scene.queue(0, 30), scene.queue(1, 1))
    busy = Adaptive(scene.crossing()).decide(view, scene.heads(side_waits=50), now_ms=NOW)
    late = Adaptive(scene.crossing()).decide(view, scene.heads(side_waits=95), now_ms=NOW)
    assert (busy.wish, late.wish) == ({"SG1"}, {"SG2"})


def test_green_waits_until_the_junction_is_empty_but_not_for_ever(scene):
    one = Adaptive(scene.crossing())
    view = scene.seen(side=scene.queue(1, 4), occupied=True)
    assert one.decide(view, scene.heads(), now_ms=NOW).wish == frozenset()
    red = scene.heads(main=None)
    assert one.decide(view, red, now_ms=NOW + 9_000).wish == frozenset()
    assert one.decide(view, red, now_ms=NOW + 11_000).wish == {"SG2"}


def test_each_loss_costs_one_rung_and_what_comes_back_is_used(scene):
    one = Adaptive(scene.crossing())
    view = scene.seen(side=scene.queue(1, 4))
    blind = one.decide(None, scene.heads(), now_ms=NOW)
    assert (blind.rung, blind.wish) == (Rung.OWN, None)
    assert one.decide(view, scene.heads(), now_ms=NOW + 1000).rung is Rung.HORIZON
    broken = Adaptive(scene.crossing())
    broken.lose_planner()
    decision = broken.decide(view, scene.heads(), now_ms=NOW)
    assert (decision.rung, decision.wish) == (Rung.RATE, {"SG2"})
    assert broken.failures == 1
