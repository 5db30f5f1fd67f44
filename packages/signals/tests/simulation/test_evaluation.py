"""A crossing of our own in SUMO; scripts/sumo_networks.py makes it."""

import json
from pathlib import Path

import pytest

from samstad_signals.simulation.evaluation.evaluate import evaluate
from samstad_signals.simulation.evaluation.report import bars, lines, table
from samstad_signals.simulation.evaluation.results import MEASURES, Result
from samstad_signals.simulation.sumo.scene import SceneMissing, check_scene, link_scene

CROSSING = Path(__file__).parent / "crossing" / "crossing.sumocfg"


def result(controller, seed, delay, **more):
    plain = {
        "controller": controller, "seed": seed, "delay_s": delay, "delay_p95_s": delay * 2,
        "scheduled": 100, "arrived": 90, "unfinished": 8, "outside": 2, "stops": 1.0, "bus_delay_s": None,
        "queue": 3.0, "queue_most": 9, "longest_red_s": 60.0, "unsafe": 0, "late": 0, "end_s": 600.0,
        "decision_mean_ms": None, "decision_p99_ms": None, "queues": (1.0, 2.0),
    }  # fmt: skip
    return Result(**(plain | more))


RESULTS = [result("fixed", 1, 30.0), result("fixed", 2, 40.0), result("adaptive", 1, 15.0, unsafe=1)]


def test_the_table_counts_who_never_entered_and_tells_what_was_unsafe():
    text = table(RESULTS)
    assert "| Delay, all scheduled vehicles (s) | 35.0 (30.0 to 40.0) | 15.0 |" in text
    assert "| Unfinished or never entered (vehicles) | 10.0 | 10.0 |" in text
    assert "| Unsafe states seen | 0 | 1 |" in text
    assert "buses" not in text  # none were there


def test_plots_are_pictures_that_can_be_read_aloud():
    picture = bars(RESULTS, MEASURES[0])
    assert picture.startswith("<svg")
    assert 'aria-label="Delay' in picture
    assert picture.count("<circle") == 3
    assert "<script" not in picture + lines(RESULTS)


def test_what_sumo_writes_lands_in_a_folder_of_our_own(tmp_path):
    twin = link_scene(CROSSING, tmp_path / "scene")
    assert twin.is_symlink()
    assert twin.parent == tmp_path / "scene"
    assert (twin.parent / "crossing.net.xml").resolve() == CROSSING.parent / "crossing.net.xml"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<configuration/>", "names no net-file"),
        ("<configuration", "is no SUMO configuration"),
        ('<c><net-file value="gone.net.xml"/></c>', "gone.net.xml, which is not there"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_told_before_anything_starts(tmp_path, text, why, capsys):
    configuration = tmp_path / "one.sumocfg"
    configuration.write_text(text)
    with pytest.raises(SceneMissing, match=why):
        check_scene(configuration)
    pytest.importorskip("libsumo", reason="libsumo is not installed")
    assert evaluate(configuration, controller=("fixed",)) == 3
    assert why in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.system
def test_adaptive_control_is_safe_and_better_than_the_fixed_program(tmp_path, capsys):
    pytest.importorskip("libsumo", reason="libsumo is not installed")
    into = tmp_path / "report"
    terms = {"seeds": 1, "seconds": 600, "into": into}
    assert evaluate(CROSSING, controller=("fixed", "local", "adaptive"), **terms) == 0
    fixed, local, adaptive = json.loads((into / "runs.json").read_text())
    assert "Unsafe states seen | 0 | 0 | 0 |" in capsys.readouterr().out
    assert adaptive["delay_s"] < 0.8 * fixed["delay_s"]
    assert abs(local["delay_s"] - fixed["delay_s"]) < 0.25 * fixed["delay_s"]  # the same program, emulated
    assert not adaptive["late"]
    assert adaptive["scheduled"] == fixed["scheduled"]
    assert (into / "delay.svg").read_text().startswith("<svg")
    assert {one.name for one in CROSSING.parent.iterdir()} == {
        f"crossing.{kind}" for kind in ("add.xml", "net.xml", "rou.xml", "sumocfg")
    }


@pytest.mark.slow
@pytest.mark.system
def test_radars_see_less_and_control_stays_safe(tmp_path, capsys):
    pytest.importorskip("libsumo", reason="libsumo is not installed")
    assert evaluate(CROSSING, controller=("adaptive",), seeds=1, seconds=400, see="radar", json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unsafe"] == 0
    assert found["arrived"] > 0
    assert not list(tmp_path.iterdir())
