"""A day's routes: what must be emptied is, what is not worth the way is not, and lorries unload and rest."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from samstad_waste.domain.errors import PlanRefused
from samstad_waste.domain.routing import Break, Problem, Unloading, Vehicle, Visit
from samstad_waste.domain.urgency import Policy, Urgency, worth
from samstad_waste.gateway.solving.engine import solve
from samstad_waste.gateway.solving.process import SolverProcess
from samstad_waste.spi.solver import SolverAway

HOUR = 3600
DEPOT, SITE = (16.54, 59.61), (16.56, 59.62)
LORRY = Vehicle("lorry", 0, {"other": 10_000}, start_s=6 * HOUR, end_s=15 * HOUR)


def day(bins=20, *, seed=1, vehicles=(LORRY,), **told) -> Problem:
    chance = Random(seed)  # noqa: S311 - no secret
    places = [DEPOT, SITE]
    places += [
        (16.54 + chance.uniform(-0.03, 0.03), 59.61 + chance.uniform(-0.02, 0.02)) for _ in range(bins)
    ]
    visits = [Visit(f"b{number}", number + 2, {"other": 300}, prize_m=50_000) for number in range(bins)]
    return Problem(
        places=places,
        visits=visits,
        vehicles=list(vehicles),
        unloadings=[Unloading("plant", 1)],
        seconds_of_search=0.2,
        **told,
    )


def stops(solved, kind="stop"):
    return [step for leg in solved.legs for step in leg.steps if step.kind == kind]


def test_every_bin_worth_its_way_is_emptied_once_and_the_metres_add_up():
    solved = solve(day())
    assert sorted(step.id for step in stops(solved)) == sorted(f"b{number}" for number in range(20))
    assert solved.feasible
    assert not solved.left
    (leg,) = solved.legs
    assert leg.metres == sum(step.metres for step in leg.steps)
    assert leg.litres == 6_000
    assert [leg.steps[0].kind, leg.steps[-1].kind] == ["start", "end"]


def test_a_bin_not_worth_the_way_is_left_unless_it_must():
    problem = day(6)
    far = (17.5, 59.9)
    places = [*problem.places, far]
    visit = Visit("far", 8, {"other": 300}, prize_m=2_000)
    for required in (False, True):
        visits = [*problem.visits, Visit(**{**_members(visit), "required": required})]
        solved = solve(Problem(**{**_members(problem), "places": places, "visits": visits}))
        assert ("far" in solved.left) is not required
    assert solved.feasible


def _members(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_a_lorry_unloads_on_the_way_and_before_it_goes_home():
    lorry = Vehicle("lorry", 0, {"other": 1_500}, unloading=(0,), ends_empty=True)
    solved = solve(day(vehicles=(lorry,)))
    (leg,) = solved.legs
    load = most = 0
    for step in leg.steps:
        load = 0 if step.kind == "unload" else load + 300 * (step.kind == "stop")
        most = max(most, load)
    assert most <= 1_500
    assert len(stops(solved, "unload")) >= 4
    assert (leg.steps[-2].kind, leg.steps[-1].place) == ("unload", 0)
    assert leg.steps[-1].arrive_s <= lorry.end_s


def test_a_crew_rests_within_the_times_of_its_break():
    lorry = Vehicle("lorry", 0, {"other": 90_000}, breaks=(Break(7 * HOUR, 8 * HOUR, 1_800),))
    solved = solve(day(60, vehicles=(lorry,)))
    (rest,) = stops(solved, "break")
    assert 7 * HOUR <= rest.arrive_s <= 8 * HOUR
    assert rest.leave_s - rest.arrive_s == 1_800
    steps = solved.legs[0].steps
    assert all(one.leave_s <= other.arrive_s for one, other in pairwise(steps))


def test_windows_hold_and_a_bin_that_no_lorry_takes_is_told():
    problem = day(8)
    visits = [
        *problem.visits[:-2],
        Visit("b6", 8, {"other": 300}, early_s=12 * HOUR, late_s=13 * HOUR, required=True),
        Visit("glass", 9, {"glass": 300}, prize_m=90_000),
    ]
    solved = solve(Problem(**{**_members(problem), "visits": visits}))
    (step,) = [step for step in stops(solved) if step.id == "b6"]
    assert 12 * HOUR <= step.arrive_s <= 13 * HOUR
    assert solved.left == {"glass": "capacity"}


def test_a_search_goes_on_from_yesterdays_routes():
    problem = day(40)
    first = solve(problem)
    start = {
        leg.vehicle: [int(step.id[1:]) for step in leg.steps if step.kind == "stop"] for leg in first.legs
    }
    again = solve(Problem(**{**_members(problem), "start": start, "seconds_of_search": 0.01}))
    assert again.cost <= first.cost
    broken = {"lorry": [3, 999, -7], "nobody": [1]}
    assert solve(Problem(**{**_members(problem), "start": broken})).feasible


@pytest.mark.parametrize(
    ("vehicle", "said"),
    [
        (Vehicle("v", 0, {}), "takes nothing"),
        (Vehicle("v", 0, {"other": 1}, start_s=9 * HOUR, end_s=9 * HOUR), "ten minutes"),
        (Vehicle("v", 0, {"other": 1}, breaks=(Break(0, 1, 10 * HOUR),)), "whole shift"),
        (Vehicle("v", 0, {"other": 1}, ends_empty=True), "unload nowhere"),
    ],
)
def test_an_impossible_fleet_says_what_to_change(vehicle, said):
    with pytest.raises(PlanRefused, match=said):
        solve(day(vehicles=(vehicle,)))
    with pytest.raises(PlanRefused, match="no vehicle"):
        solve(day(vehicles=()))


def test_what_an_emptying_is_worth():
    policy = Policy(overflow_m=10_000, passing_m=250, passing_from=0.4)
    assert worth(Urgency(0.3, 0.2), policy) == (True, False, 3_000, "risk")
    assert worth(Urgency(0.0, 0.6), policy) == (True, False, 150, "passing")
    assert worth(Urgency(0.995, 0.9), policy).required
    assert worth(Urgency(0.0, 0.1), policy).reason == "notNeeded"
    assert worth(Urgency(0.0, 0.1, due=True), policy).required
    assert not worth(Urgency(1.0, 1.0, pinned=False), policy).is_candidate
    assert worth(Urgency(0.0, 0.0, pinned=True), policy).reason == "asked"


async def test_the_process_answers_refuses_and_comes_again_after_a_kill():
    process = SolverProcess()
    try:
        assert (await process.solve(day(5))).feasible
        with pytest.raises(PlanRefused):
            await process.solve(day(5, vehicles=()))
        process._process.kill()
        await process._process.wait()
        assert (await process.solve(day(5))).feasible
        assert process.starts == 2
    finally:
        await process.close()


async def test_a_process_that_dies_at_work_is_told():
    process = SolverProcess()
    try:
        await process.solve(day(5))
        running = process._process

        async def dying():
            return running

        process._running = dying
        running.stdout.feed_eof()
        with pytest.raises(SolverAway):
            await process.solve(day(5))
    finally:
        await process.close()
