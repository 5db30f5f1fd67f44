"""Planned days against fixed rounds: the same days for both, and the same again for the same seed."""

from __future__ import annotations

import json

from samstad_waste.domain.routing import Leg, Solved, Step
from samstad_waste.plugin.commands import simulate
from samstad_waste.simulation.city import STEPS, Street, invent
from samstad_waste.simulation.policies import sparsest_rounds
from samstad_waste.simulation.year import Scenario, compare

SMALL = Scenario(bins=40, vehicles=1, days=10, settling=6)


def everything(problem):
    """Empty all that is asked, in order, a kilometre each."""
    start = Step("start", "", 0, 6 * 3600, 6 * 3600, 0)
    stops = [Step("stop", one.id, one.place, 7 * 3600, 7 * 3600, 1_000) for one in problem.visits]
    end = Step("end", "", 0, 8 * 3600, 8 * 3600, 1_000)
    return Solved(
        [Leg("lorry 0", [start, *stops, end], 1_000 * len(stops), 0.0)],
        {},
        feasible=True,
        cost=0,
        iterations=1,
    )


def test_the_same_waste_comes_whatever_is_emptied():
    city = invent(20, seed=2)
    one, other = Street(city, seed=2), Street(city, seed=2)
    for number in range(10 * STEPS):
        one.step(number)
        other.step(number)
        other.empty(list(range(20)))
    assert one.came == other.came
    assert one.spilt > other.spilt == 0
    assert other.service_level == 1.0


def test_the_sparsest_rounds_hold_the_level_and_sparser_ones_would_not():
    city = invent(60, seed=1)
    rounds, held = sparsest_rounds(city, seed=1, level=0.999, days=30, by_bin=True)
    assert held >= 0.999
    street = Street(city, seed=1)
    for number in range(30 * STEPS):
        if number % STEPS == 2 and number // STEPS % 2 == 0:
            street.empty(rounds.due(number // STEPS))
        street.step(number)
    assert street.service_level < held
    due = [one for day in range(60) for one in rounds.due(day)]
    assert all(abs(due.count(one) - 60 / rounds.intervals[one]) <= 1 for one in range(60))


def test_two_runs_of_a_seed_are_one_and_another_seed_is_another():
    first, again = (compare(SMALL, seed=3, solve=everything) for _ in range(2))
    assert first == again
    assert compare(SMALL, seed=4, solve=everything) != first
    fixed, planned = first
    assert fixed.policy != planned.policy
    assert planned.emptyings > 0


def test_with_dead_and_lying_sensors_nothing_is_forgotten():
    faulty = Scenario(bins=40, vehicles=1, days=20, settling=6, faulty=0.5)
    _, planned = compare(faulty, seed=3, solve=everything)
    assert planned.service_level > 0.95
    city = invent(400, seed=1, faulty=0.2)
    share = float((city.dead | city.lying).mean())
    assert 0.13 < share < 0.27
    assert not (city.dead & city.lying).any()


def test_the_command_refuses_what_cannot_be(capsys):
    for flags in ({"bins": 0}, {"faulty": 2.0}, {"seconds": 0.0}, {"seeds": 1_000}):
        assert simulate(**flags) == 2
    told = capsys.readouterr()
    assert "samstad waste simulate" in told.err
    assert not told.out


def test_the_command_tells_both_policies(capsys):
    assert simulate(bins=30, vehicles=1, days=3, seeds=1, seconds=0.02, as_json=True) == 0
    ((fixed, planned),) = json.loads(capsys.readouterr().out)
    assert (fixed["policy"], planned["policy"]) == ("fixed rounds", "planned")
    assert fixed["km"] > 0
