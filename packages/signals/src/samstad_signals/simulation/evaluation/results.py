"""What a comparison found: one result for each run, one line for each controller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median
from typing import Any

__all__ = ["MEASURES", "Measure", "Result", "Summary", "summarise"]


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        controller: who decided.
        seed: of the run.
        scheduled, arrived, unfinished, outside: vehicles; ``outside`` never came in.
        delay_s: mean over all scheduled vehicles of the time lost while driving and before entering.
        delay_p95_s: the 95th percentile of the same.
        stops: how often a vehicle came to a stand.
        bus_delay_s: the mean delay of buses.
        queue: vehicles that stood before signals, mean over time.
        queue_most: the most at one moment.
        longest_red_s: the longest red of a group at which somebody waited.
        decision_mean_ms, decision_p99_ms: time of one decision at one junction.
        unsafe: conflicts, intergreens, minimum greens, yellows and start-ups that the monitor saw broken.
        late: groups that waited beyond their maximum and its grace.
        queues: mean queue of each minute.
    """

    controller: str
    seed: int
    scheduled: int
    arrived: int
    unfinished: int
    outside: int
    delay_s: float
    delay_p95_s: float
    stops: float
    bus_delay_s: float | None
    queue: float
    queue_most: int
    longest_red_s: float
    decision_mean_ms: float | None
    decision_p99_ms: float | None
    unsafe: int
    late: int
    end_s: float
    violations: tuple[str, ...] = ()
    queues: tuple[float, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Measure:
    """One row of the comparison: what it is called, its unit and whether less is better."""

    field: str
    title: str
    unit: str
    is_less_better: bool = True


MEASURES = (
    Measure("delay_s", "Delay, all scheduled vehicles", "s"),
    Measure("delay_p95_s", "Delay, 95th percentile", "s"),
    Measure("stops", "Stops for each vehicle", ""),
    Measure("queue", "Mean queue", "vehicles"),
    Measure("longest_red_s", "Longest red with a call", "s"),
    Measure("bus_delay_s", "Delay of buses", "s"),
    Measure("arrived", "Arrived", "vehicles", is_less_better=False),
    Measure("missing", "Unfinished or never entered", "vehicles"),
)


@dataclass(frozen=True)
class Summary:
    """One measure of one controller over all seeds."""

    controller: str
    measure: Measure
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean."""
        return mean(self.values)

    @property
    def median(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def worst(self) -> float:
        """The worst run."""
        return max(self.values) if self.measure.is_less_better else min(self.values)


def summarise(results: Sequence[Result], measure: Measure) -> list[Summary]:
    """Return one summary for each controller that has the measure, in the order of the results."""
    names = dict.fromkeys(one.controller for one in results)
    found = ((name, _values(results, name, measure)) for name in names)
    return [Summary(name, measure, values) for name, values in found if values]


def _values(results: Iterable[Result], name: str, measure: Measure) -> tuple[float, ...]:
    values = []
    for one in results:
        if one.controller != name:
            continue
        if measure.field == "missing":
            values.append(float(one.unfinished + one.outside))
        elif (value := getattr(one, measure.field)) is not None:
            values.append(float(value))
    return tuple(values)
