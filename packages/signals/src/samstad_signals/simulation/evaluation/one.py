"""One run in a process of its own: libsumo holds one simulation for each process."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from samstad_signals.simulation.evaluation.results import Result
from samstad_signals.simulation.sumo.controllers import Kind
from samstad_signals.simulation.sumo.run import Run, RunTerms, simulate
from samstad_signals.simulation.sumo.trips import Trips, read_trips

__all__ = ["Order", "carry_out"]

KEPT_VIOLATIONS = 20
LATE = "maximum red"


@dataclass(frozen=True)
class Order:
    """One run that is wanted."""

    configuration: Path
    kind: Kind
    terms: RunTerms


def carry_out(order: Order) -> Result:
    """Run it and return what was found."""
    with tempfile.TemporaryDirectory(prefix="samstad-evaluate-") as folder:
        run = simulate(order.configuration, order.kind, order.terms, into=Path(folder))
        trips = read_trips(run.trips)
    return _result(order, run, trips)


def _result(order: Order, run: Run, trips: Trips) -> Result:
    took = sorted(run.took_s)
    late = sum(LATE in one for one in run.violations)
    return Result(
        controller=order.kind.value,
        seed=order.terms.seed,
        scheduled=trips.scheduled,
        arrived=trips.arrived,
        unfinished=trips.unfinished,
        outside=trips.outside,
        delay_s=trips.delay_s,
        delay_p95_s=trips.delay_p95_s,
        stops=trips.stops,
        bus_delay_s=trips.bus_delay_s,
        queue=sum(run.queues) / max(1, len(run.queues)),
        queue_most=max(run.queues, default=0),
        longest_red_s=run.longest_red_s,
        decision_mean_ms=1000 * sum(took) / len(took) if took else None,
        decision_p99_ms=1000 * took[int(0.99 * len(took))] if took else None,
        unsafe=len(run.violations) - late,
        late=late,
        end_s=run.end_s,
        violations=tuple(run.violations[:KEPT_VIOLATIONS]),
        queues=tuple(_by_minute(run.queues)),
    )


def _by_minute(queues: list[int]) -> list[float]:
    parts = [queues[n : n + 60] for n in range(0, len(queues), 60)]
    return [round(sum(part) / len(part), 2) for part in parts]
