"""Adaptive control of one junction, asked once a second: it says which groups should be green.

What it says is a wish: the controller's heads keep intergreens and minimum greens whatever is wished, and
return to their own program when no wish comes any more. The planner may fail: then the rung of the ladder
below it decides, and without a view nothing is wished at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from samstad_rsmp.control.crossing import Arrival, Crossing, Outflow, View
from samstad_rsmp.control.horizon import Horizon, Now, Planned, Tuning
from samstad_rsmp.control.rate import best_rate

__all__ = ["Adaptive", "Decision", "Head", "Rung"]

CLEARING_S = 6
"""How long a red is extended while vehicles stand inside the junction."""
AHEAD_S = 10
"""A group that waits is served so long before it has waited too long."""


class Rung(Enum):
    """Who decided."""

    HORIZON = "rolling horizon"
    RATE = "rate index"
    OWN = "own program"


class Head(NamedTuple):
    """What one group shows.

    Attributes:
        green_s: for how long it has been green, None when it is not.
        waits_s: for how long somebody has waited at its red, 0 when nobody does.
    """

    green_s: float | None
    waits_s: float = 0.0


class Decision(NamedTuple):
    """What should be.

    Attributes:
        wish: the groups that should be green, None to leave it to the controller's own program.
        rung: who decided.
        outflows: what each neighbour may expect, by its name; None when nothing new is known.
    """

    wish: frozenset[str] | None
    rung: Rung
    outflows: dict[str, list[Outflow]] | None = None


@dataclass
class _Change:
    since_ms: int
    takes_s: int


class Adaptive:
    """One junction's control; all times are of one clock that the caller owns."""

    def __init__(self, crossing: Crossing, tuning: Tuning | None = None) -> None:
        self.crossing = crossing
        self._tuning = tuning or Tuning()
        self._search: Horizon | None = Horizon(crossing, self._tuning)
        self._stage = 0
        self._change: _Change | None = None
        self._planned_ms = -60_000
        self.failures = 0

    @property
    def stage(self) -> int:
        """The stage that is green or coming."""
        return self._stage

    def decide(
        self, view: View | None, heads: Mapping[str, Head], inflows: Sequence[Outflow] = (), *, now_ms: int
    ) -> Decision:
        """Say what should be green now."""
        if view is None:
            self._change = None
            return Decision(None, Rung.OWN)
        self._settle(heads, now_ms)
        if self._change is not None:
            return Decision(self._while_changing(view, heads, now_ms), Rung.HORIZON)
        now = Now(self._stage, self._holds_s(heads), self._ends_s(heads))
        due = self._overdue(heads)
        if due is not None and now.holds_s <= 0:
            self._begin(due, now_ms)
            return Decision(self._while_changing(view, heads, now_ms), Rung.HORIZON)
        if len(self.crossing.stages) == 1 or (now.holds_s > 2 and now_ms - self._planned_ms < 4_000):
            return Decision(self._greens(), Rung.HORIZON)
        return self._plan(_with_inflows(view, self.crossing, inflows, now_ms), heads, now, now_ms)

    def _plan(self, view: View, heads: Mapping[str, Head], now: Now, now_ms: int) -> Decision:
        rung = Rung.HORIZON
        try:
            if self._search is None:
                raise ValueError  # noqa: TRY301  # a planner that is switched off fails like any other
            planned = self._search.plan(view, now)
        except (ValueError, IndexError, ArithmeticError):
            self.failures += 1
            rung = Rung.RATE
            planned = Planned(best_rate(self.crossing, view, self._stage), 0, [], 0.0)
        self._planned_ms = now_ms
        flows = _outflows(view, planned, now_ms) if planned.departures else None
        if planned.stage != self._stage and planned.change_in_s == 0 and now.holds_s <= 0:
            self._begin(planned.stage, now_ms)
            return Decision(self._while_changing(view, heads, now_ms), rung, flows)
        return Decision(self._greens(), rung, flows)

    def lose_planner(self) -> None:
        """Go on without the rolling horizon, as when it is late or broken."""
        self._search = None

    def _greens(self) -> frozenset[str]:
        return self.crossing.stages[self._stage].greens

    def _begin(self, stage: int, now_ms: int) -> None:
        self._change = _Change(now_ms, self.crossing.change_s(self._stage, stage))
        self._stage = stage

    def _settle(self, heads: Mapping[str, Head], now_ms: int) -> None:
        """End a change when all is green that should be, and nothing else."""
        shown = {name for name, head in heads.items() if head.green_s is not None}
        if shown == self._greens():
            self._change = None
        elif self._change is None:
            self._stage = self._nearest(shown)
            self._change = _Change(now_ms, 0)

    def _nearest(self, shown: set[str]) -> int:
        def distance(number: int) -> int:
            return len(self.crossing.stages[number].greens ^ shown)

        return min(range(len(self.crossing.stages)), key=distance)

    def _while_changing(self, view: View, heads: Mapping[str, Head], now_ms: int) -> frozenset[str]:
        change = self._change
        greens = self._greens()
        if change is None or not view.occupied:
            return greens
        if (now_ms - change.since_ms) / 1000 >= change.takes_s + CLEARING_S:
            return greens
        return frozenset(name for name in greens if heads[name].green_s is not None)

    def _holds_s(self, heads: Mapping[str, Head]) -> float:
        """Return how long until another stage may come: what ends for it must have been green long enough."""
        stages = self.crossing.stages
        waits = [
            max(
                (self._left_s(name, heads[name]) for name in self._greens() - other.greens),
                default=0.0,
            )
            for number, other in enumerate(stages)
            if number != self._stage
        ]
        return min(waits, default=0.0)

    def _left_s(self, name: str, head: Head) -> float:
        return self.crossing.min_green_s.get(name, 0) - (head.green_s or 0.0)

    def _ends_s(self, heads: Mapping[str, Head]) -> float:
        limits = (
            self.crossing.max_green_s.get(name, 10_000) - (heads[name].green_s or 0.0)
            for name in self._greens()
        )
        return min(limits, default=10_000.0)

    def _overdue(self, heads: Mapping[str, Head]) -> int | None:
        late = {
            name: head.waits_s
            for name, head in heads.items()
            if head.waits_s > self.crossing.max_red_s.get(name, 10_000) - AHEAD_S
        }
        if not late:
            return None
        worst = max(late, key=lambda name: late[name])
        fitting = [n for n, stage in enumerate(self.crossing.stages) if worst in stage.greens]
        return max(fitting, key=lambda n: len(self.crossing.stages[n].greens & late.keys()), default=None)


def _with_inflows(view: View, crossing: Crossing, inflows: Sequence[Outflow], now_ms: int) -> View:
    """Put behind what is seen what neighbours expect to send."""
    if not inflows:
        return view
    queues = [list(queue) for queue in view.queues]
    for flow in sorted(inflows, key=lambda one: one.reaches_ms):
        reaches_s = (flow.reaches_ms - now_ms) / 1000
        if reaches_s > 0:
            queues[crossing.links[flow.link].lane].append(Arrival(flow.link, reaches_s, flow.weight))
    for queue in queues:
        queue.sort(key=lambda one: one.reaches_s)
    return replace(view, queues=queues)


def _outflows(view: View, planned: Planned, now_ms: int) -> dict[str, list[Outflow]]:
    found: dict[str, list[Outflow]] = {}
    for queue, times in zip(view.queues, planned.departures, strict=True):
        for one, leaves_s in zip(queue, times, strict=False):
            if one.onward is not None:
                where, link, takes_s = one.onward
                reaches_ms = now_ms + round((max(leaves_s, one.reaches_s) + takes_s) * 1000)
                found.setdefault(where, []).append(Outflow(link, reaches_ms, one.weight))
    return found
