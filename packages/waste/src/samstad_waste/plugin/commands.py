"""Commands under ``samstad waste``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from samstad_waste.domain.errors import WasteError

if TYPE_CHECKING:
    from samstad_waste.gateway.learning.backtest import Report

__all__ = ["backtest", "simulate", "solve"]


def backtest(table: Path, *, last: float = 0.3, zone: str = "Europe/Stockholm", as_json: bool = False) -> int:
    """Foresee recorded emptyings that lie after everything learned, and compare with simple rules.

    Args:
        table: CSV with the columns bin, area, at and level (percent), or Edinburgh's recorded emptyings.
        last: share of the waits, by time, that is foreseen and not learned from.
        zone: time zone of times without one.
        as_json: write the report as JSON.
    """
    from samstad_waste.gateway.learning.backtest import backtest as run  # noqa: PLC0415 - large libraries
    from samstad_waste.gateway.learning.table import read_table  # noqa: PLC0415

    try:
        found, left = read_table(table, zone=zone)
        report = run(found, last=last)
    except WasteError as error:
        print(f"samstad waste backtest: {error.detail}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    told = {**asdict(report), "left_out": left}
    print(json.dumps(told, indent=2) if as_json else _table(report, left))  # noqa: T201
    return 0


def solve(  # noqa: PLR0913 - a command's arguments are its flags
    file: Path,
    *,
    seconds: float = 10.0,
    iterations: int = 0,
    seed: int = 1,
    rounding: str = "round",
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Solve a routing problem in VRPLIB's format or PyVRP's, as plans of a day are solved.

    Args:
        file: the instance.
        seconds: CPU seconds of search, on one core.
        iterations: search so many iterations instead.
        seed: of chance; the same seed and iterations give the same routes.
        rounding: of distances, as the instance's set says: round, trunc, dimacs, exact or none.
        out: write the routes there, in VRPLIB's format.
        as_json: write the report as JSON.
    """
    from samstad_waste.gateway.solving.instances import solve_file  # noqa: PLC0415 - large libraries

    try:
        found = solve_file(file, rounding=rounding, seconds=seconds, iterations=iterations, seed=seed)
    except WasteError as error:
        print(f"samstad waste solve: {error.detail}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    if out is not None:
        out.write_text(found.text(), encoding="utf-8")
    if as_json:
        told = {**asdict(found), "cost": found.cost if found.feasible else None}
        print(json.dumps(told))  # noqa: T201 - a command's output
    else:
        what = f"{found.clients} clients, {len(found.routes)} routes, {found.iterations} iterations"
        print(f"{what}\ncost {found.cost:g}" if found.feasible else f"{what}\nnothing feasible")  # noqa: T201
    return 0 if found.feasible else 1


def simulate(  # noqa: PLR0913 - a command's arguments are its flags
    *,
    bins: int = 1_100,
    vehicles: int = 4,
    days: int = 365,
    seeds: int = 3,
    faulty: float = 0.0,
    seconds: float = 1.0,
    by_area: bool = False,
    as_json: bool = False,
) -> int:
    """Compare planned days with the sparsest fixed rounds that hold 99.9 %, in an invented city.

    Args:
        bins: in the city.
        vehicles: that collect.
        days: that are counted, after two weeks of settling.
        seeds: cities that are compared.
        faulty: share of sensors that are dead or lie.
        seconds: CPU seconds of search for each day.
        by_area: compare with rounds of one interval for each area, instead of one by each bin's true mean.
        as_json: write the outcomes as JSON.
    """
    from samstad_waste.gateway.solving.engine import solve as engine  # noqa: PLC0415 - large libraries
    from samstad_waste.simulation.year import Scenario, compare  # noqa: PLC0415

    if not (0 < bins <= 5_000 and 0 < vehicles <= 100 and 0 < days <= 3_650 and 0 < seeds <= 100):
        print("samstad waste simulate: up to 5000 bins, 100 vehicles, ten years, 100 seeds.", file=sys.stderr)  # noqa: T201
        return 2
    if not 0 <= faulty <= 1 or seconds <= 0:
        print("samstad waste simulate: --faulty is a share, --seconds above 0.", file=sys.stderr)  # noqa: T201
        return 2
    scenario = Scenario(bins, vehicles, days, faulty, seconds=seconds, by_bin=not by_area)
    pairs = []
    for seed in range(1, seeds + 1):
        pair = compare(scenario, seed=seed, solve=engine, told=lambda line: print(line, file=sys.stderr))  # noqa: T201
        pairs.append([asdict(one) for one in pair])
    print(json.dumps(pairs, indent=2) if as_json else _compared(pairs))  # noqa: T201 - a command's output
    return 0


def _compared(pairs: list[list[dict[str, float]]]) -> str:
    names = ("km", "hours", "emptyings", "fill", "overflow_h", "service_level", "unserved")
    lines = [
        f"{'for each day':<16}{'fixed':>10}{'planned':>10}{'change':>9}   (lowest to highest of the seeds)"
    ]
    for name in names:
        fixed, planned = ([pair[side][name] for pair in pairs] for side in (0, 1))
        means = [sum(values) / len(values) for values in (fixed, planned)]
        changes = [after / before - 1 for before, after in zip(fixed, planned, strict=True) if before]
        spread = f"{min(changes):+.1%} to {max(changes):+.1%}" if changes else ""
        change = f"{means[1] / means[0] - 1:+.1%}" if means[0] else ""
        lines.append(f"{name:<16}{means[0]:>10.4g}{means[1]:>10.4g}{change:>9}   {spread}")
    return "\n".join(lines)


def _table(report: Report, left: int) -> str:
    lines = [
        f"{report.learned} waits learned from, the next {report.tested} foreseen; {left} rows left out.",
        "",
        f"{'fill at the next emptying, points':<36}{'MAE':>7}{'RMSE':>7}",
        *(f"{row.model:<36}{row.mae:>7.2f}{row.rmse:>7.2f}" for row in report.rows),
        "",
        f"The interval of 90 % held {report.held:.1%}; it is {report.width:.0f} points wide on average.",
        f"Probability of full: Brier score {report.brier:.4f}, of one share {report.brier_of_share:.4f}.",
        "Bins of which nothing had been seen: "
        + ", ".join(f"{row.model} {row.mae:.2f}" for row in report.new_bins),
    ]
    return "\n".join(lines)
