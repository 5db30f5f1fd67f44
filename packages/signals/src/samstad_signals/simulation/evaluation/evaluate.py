"""``samstad signals evaluate``: any SUMO scenario under several controllers and seeds."""

from __future__ import annotations

import json as jsonlib
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from samstad_signals.simulation.evaluation.one import Order, carry_out
from samstad_signals.simulation.evaluation.report import table, write_report
from samstad_signals.simulation.evaluation.results import Result
from samstad_signals.simulation.sumo.controllers import Kind
from samstad_signals.simulation.sumo.library import SumoMissing, load_libsumo
from samstad_signals.simulation.sumo.run import RunTerms
from samstad_signals.simulation.sumo.scene import SceneMissing, check_scene
from samstad_signals.simulation.sumo.sight import Seeing

__all__ = ["evaluate"]

Name = Literal["fixed", "actuated", "max-pressure", "adaptive", "local"]
ALL: tuple[Name, ...] = ("fixed", "actuated", "max-pressure", "adaptive")
FAULT, USAGE, SETTINGS = 1, 2, 3


def evaluate(  # noqa: PLR0913  # a command's arguments are its flags
    network: Path,
    *,
    controller: Annotated[tuple[Name, ...], Parameter(negative="")] = ALL,
    seeds: int = 3,
    first_seed: int = 1,
    seconds: float | None = None,
    see: Literal["connected", "radar"] = "connected",
    bus_weight: float = 5.0,
    scale: float = 1.0,
    new_insertion: bool = False,
    jobs: int = 1,
    into: Path | None = None,
    json: bool = False,
) -> int:
    """Compare controllers on a SUMO scenario: delays of all scheduled vehicles, stops and safety.

    Args:
        network: the scenario's .sumocfg; nothing is written beside it.
        controller: fixed (its own programs, run by SUMO), actuated (SUMO's), max-pressure, adaptive, local
            (its own programs, run by emulated controllers); as often as needed, the first four without it.
        seeds: how many runs of each.
        first_seed: the first seed; the others follow.
        seconds: for how long, instead of until the scenario's end.
        see: what controllers see: vehicles that tell of themselves (connected), or radars.
        bus_weight: how many cars a bus counts for.
        scale: of the demand.
        new_insertion: let SUMO insert vehicles at speed on the best lane, as its newer versions do; delays
            are then smaller for every controller.
        jobs: runs at the same time.
        into: a folder for report.md, its plots and runs.json.
        json: print one JSON document for each run instead of the table.
    """
    terms = [
        RunTerms(
            seed=seed,
            seconds=seconds,
            seeing=Seeing(see),
            bus_weight=bus_weight,
            scale=scale,
            old_insertion=not new_insertion,
        )
        for seed in range(first_seed, first_seed + seeds)
    ]
    orders = [Order(network, Kind(name), one) for name in dict.fromkeys(controller) for one in terms]
    if not orders or jobs < 1:
        return _fail("at least one controller, one seed and one job are needed", USAGE)
    try:
        load_libsumo()
        check_scene(network)
        results = _results(orders, jobs, json=json)
    except (SumoMissing, SceneMissing) as error:
        return _fail(str(error), SETTINGS)
    except (RuntimeError, BrokenProcessPool) as error:
        return _fail(f"SUMO ended: {error}", FAULT)
    if into is not None:
        _write(results, into, network, _terms_text(terms, see))
    if not json:
        print(table(results))  # noqa: T201  # a command's output
    return FAULT if any(one.unsafe for one in results if one.controller in {"adaptive", "local"}) else 0


def _results(orders: list[Order], jobs: int, *, json: bool) -> list[Result]:
    found = []
    for result in _run_all(orders, jobs):
        found.append(result)
        if json:
            print(jsonlib.dumps(result.plain()), flush=True)  # noqa: T201  # a command's output
        else:
            text = f"delay {result.delay_s:.1f} s, {result.unsafe} unsafe states"
            print(f"{result.controller}, seed {result.seed}: {text}", file=sys.stderr, flush=True)  # noqa: T201  # progress
    return found


def _run_all(orders: list[Order], jobs: int) -> Iterator[Result]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        yield from pool.map(carry_out, orders)


def _terms_text(terms: list[RunTerms], see: str) -> str:
    first = terms[0]
    how = "at speed 0 on the first lane" if first.old_insertion else "as SUMO's newer versions do"
    span = f"{first.seconds:g} s" if first.seconds is not None else "the scenario's own time"
    return (
        f"Seeds {first.seed} to {terms[-1].seed}, {span}, demand times {first.scale:g}, no teleporting, "
        f"vehicles inserted {how}, controllers see by {see}, a bus counts for {first.bus_weight:g} cars. "
        "Mean over seeds, the smallest and the largest in brackets."
    )


def _write(results: list[Result], into: Path, network: Path, terms: str) -> None:
    write_report(results, into, title=f"Controllers on {network.stem}", terms=terms)
    runs = jsonlib.dumps([one.plain() for one in results], indent=1)
    (into / "runs.json").write_text(runs + "\n", encoding="utf-8")


def _fail(detail: str, code: int) -> int:
    print(f"samstad signals evaluate: {detail}", file=sys.stderr)  # noqa: T201  # a command's output
    return code
