"""Public instances: the same routes as the library alone gives, in the public form."""

from __future__ import annotations

import json
from random import Random

import pytest
import pyvrp
import vrplib
from pyvrp.stop import MaxIterations

from samstad_waste.plugin.commands import solve


@pytest.fixture
def instance(tmp_path):
    chance = Random(2)  # noqa: S311 - no secret
    count = 30
    lines = ["NAME : invented", "TYPE : CVRP", f"DIMENSION : {count}", "EDGE_WEIGHT_TYPE : EUC_2D"]
    lines += ["CAPACITY : 60", "NODE_COORD_SECTION"]
    lines += [f"{n} {chance.randint(0, 500)} {chance.randint(0, 500)}" for n in range(1, count + 1)]
    lines += ["DEMAND_SECTION", "1 0", *(f"{n} {chance.randint(5, 15)}" for n in range(2, count + 1))]
    lines += ["DEPOT_SECTION", "1", "-1", "EOF"]
    path = tmp_path / "invented.vrp"
    path.write_text("\n".join(lines))
    return path


def test_cost_and_routes_are_those_of_the_library_with_the_same_seed(instance, tmp_path, capsys):
    out = tmp_path / "out.sol"
    assert solve(instance, iterations=40, seed=7, out=out, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    bare = pyvrp.solve(pyvrp.read(instance, round_func="round"), MaxIterations(40), seed=7, display=False)
    assert told["cost"] == bare.cost()
    written = vrplib.read_solution(out)
    assert written["cost"] == bare.cost()
    assert sorted(visit for route in written["routes"] for visit in route) == list(range(1, 30))
    again = pyvrp.read_solution(out, pyvrp.read(instance, round_func="round"))
    assert again.distance() == bare.cost()


@pytest.mark.parametrize("text", ["", "NAME : x\n", "\x00\x01", "DIMENSION : 2\nNODE_COORD_SECTION\n1 a b\n"])
def test_what_is_no_instance_is_refused(tmp_path, capsys, text):
    path = tmp_path / "x.vrp"
    path.write_text(text)
    assert solve(path) == 2
    told = capsys.readouterr()
    assert "no instance" in told.err
    assert not told.out


def test_wrong_flags_are_refused(instance, tmp_path, capsys):
    assert solve(instance, rounding="up") == 2
    assert "round, trunc" in capsys.readouterr().err
    assert solve(tmp_path / "none.vrp") == 2
