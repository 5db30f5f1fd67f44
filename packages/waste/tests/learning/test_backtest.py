"""Learning from emptyings alone: nothing of the future is used, and recorded data are foreseen better."""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from samstad_waste.domain.errors import HistoryRefused
from samstad_waste.domain.selective import FEATURES, Found, Gap, Past, gaps, walk
from samstad_waste.gateway.learning.table import read_table
from samstad_waste.plugin.commands import backtest

MONDAY = datetime(2026, 6, 1, 8, tzinfo=UTC)


def invented(bins=30, visits=25, seed=4) -> list[Found]:
    """Crews come when a bin looks full, late or early; each bin has a pace of its own."""
    chance = Random(seed)  # noqa: S311 - no secret
    found = []
    for number in range(bins):
        pace, at = chance.uniform(1.0, 4.0), MONDAY
        for _ in range(visits):
            wait_h = chance.uniform(0.5, 1.5) * 75 / pace
            at += timedelta(hours=wait_h)
            level = min(100.0, max(5.0, pace * wait_h + chance.gauss(0, 8)))
            found.append(Found(f"b{number}", f"street {number % 4}", at, round(level)))
    return found


def test_a_wait_is_between_visits_and_short_or_endless_ones_teach_nothing():
    hours = (0, 0.5, 30, 400, 420)
    found = [Found("a", "s", MONDAY + timedelta(hours=hour), 50) for hour in hours]
    assert [round(one.hours, 1) for one in gaps(found)] == [29.5, 20.0]
    assert gaps(found[:1]) == []


def test_what_is_found_later_changes_no_forecast_that_began_before():
    waits = gaps(invented(bins=6))
    start = waits[60].start
    changed = [one._replace(level=one.level / 2) if one.end > start else one for one in waits]
    before, after = (walk(many, Past(MONDAY)) for many in (waits, changed))
    for number, wait in enumerate(waits):
        if wait.start <= start:
            assert all(
                one == other or (math.isnan(one) and math.isnan(other))
                for one, other in zip(before[number], after[number], strict=True)
            )
    assert before != after


def test_a_bin_never_seen_is_foreseen_from_the_others():
    past = Past(MONDAY)
    for wait in gaps(invented(bins=6)):
        past.note(wait)
    row = dict(
        zip(FEATURES, past.features("new", "nowhere", MONDAY, MONDAY + timedelta(hours=8)), strict=True)
    )
    assert 40 < row["level of the bin"] < 90
    assert math.isnan(row["last level"])
    assert row["busy hours"] == 8
    assert row["emptyings of the bin"] == 0


def test_a_long_memory_forgets_the_oldest():
    past = Past(MONDAY)
    for number in range(700):
        at = MONDAY + timedelta(hours=10 * number)
        past.note(Gap("a", "s", at, at + timedelta(hours=10), 20.0 if number < 100 else 80.0))
    assert past.mean_of("a") == pytest.approx(80.0)


def written(path: Path, found: list[Found]) -> Path:
    lines = [f"{one.bin},{one.area},{one.at.isoformat()},{one.level}" for one in found]
    path.write_text("\n".join(["bin,area,at,level", *lines, "b1,,never,12", "b2,,2026-06-01T00:00:00Z,-4"]))
    return path


def test_the_command_compares_with_simple_rules(tmp_path, capsys):
    assert backtest(written(tmp_path / "t.csv", invented()), as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    errors = {row["model"]: row["mae"] for row in report["rows"]}
    assert errors["samstad"] < errors["mean of the bin"]
    assert 0.75 < report["held"] <= 1.0
    assert report["left_out"] == 2
    assert report["tested"] < report["learned"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a;b\n1;2\n", "needs the columns"),
        ("bin,area,at,level\nb,s,yesterday,1\n", "no two emptyings"),
        ("", "needs the columns"),
    ],
)
def test_a_table_that_is_none_says_what_to_change(tmp_path, capsys, text, said):
    (tmp_path / "t.csv").write_text(text)
    assert backtest(tmp_path / "t.csv") == 2
    told = capsys.readouterr()
    assert said in told.err
    assert not told.out


def test_too_few_emptyings_and_missing_files_are_told(tmp_path, capsys):
    assert backtest(written(tmp_path / "few.csv", invented(bins=2))) == 2
    assert "too few" in capsys.readouterr().err
    with pytest.raises(HistoryRefused, match="no file"):
        read_table(tmp_path / "none.csv", zone="UTC")


REFERENCE = Path(os.environ.get("SAMSTAD_REFERENCE") or "-") / "bins-edinburgh"


@pytest.mark.slow
@pytest.mark.skipif(not REFERENCE.is_dir(), reason="SAMSTAD_REFERENCE names no directory with bins-edinburgh")
def test_recorded_emptyings_of_edinburgh_are_foreseen(capsys):
    assert backtest(REFERENCE, as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    errors = {row["model"]: row["mae"] for row in report["rows"]}
    assert errors["samstad"] <= 13.0
    assert errors["mean of the bin"] > 16
    assert 0.87 <= report["held"] <= 0.93
    assert report["brier"] < report["brier_of_share"]
