"""Adaptive control beside an emulated controller that stands alone: what its detectors see, once a second.

Its stages are those of the controller's own plans, and its longest greens too, so that an operator who knows
the plans knows what can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samstad_rsmp.control.adaptive import Adaptive, Head
from samstad_rsmp.control.crossing import Arrival, Crossing, Link, Stage, View
from samstad_rsmp.emulator.controller import Controller, Mode
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.settings import Junction
from samstad_rsmp.errors import RsmpError
from samstad_rsmp.session.alarms import AlarmEvent, AlarmState

__all__ = ["AdaptiveDevice", "crossing_of"]

PERIOD_MS = 1_000


def crossing_of(junction: Junction) -> Crossing:
    """Read a junction's plans as what a planner needs; RsmpError when they leave nothing to decide."""
    greens = dict.fromkeys(one for plan in junction.plans for one in _shown(junction, plan.number))
    kept = [one for one in greens if one and not any(one < other for other in greens)]
    if len(kept) < 2 or not junction.detectors:
        raise RsmpError(f"{junction.site_id}: adaptive control needs two stages and detectors")
    links = tuple(Link(n, one.group) for n, one in enumerate(junction.detectors))
    return Crossing(
        lanes=len(links),
        links=links,
        stages=tuple(
            Stage(greens, frozenset(n for n, link in enumerate(links) if link.group in greens))
            for greens in kept
        ),
        min_green_s={one.id: one.min_green_s for one in junction.groups},
        max_green_s={one.id: _longest_s(junction, one.id) for one in junction.groups},
        max_red_s={one.id: one.max_red_s for one in junction.groups},
        intergreen_s=_both_ways(junction),
    )


def _shown(junction: Junction, number: int) -> Iterator[frozenset[str]]:
    plan = next(one for one in junction.plans if one.number == number)
    for second in range(plan.cycle_s):
        yield frozenset(
            one.group
            for one in plan.windows
            if (second - one.start_s) % plan.cycle_s
            < ((one.end_s - one.start_s) % plan.cycle_s or plan.cycle_s)
        )


def _longest_s(junction: Junction, group: str) -> int:
    lengths = [
        (one.end_s - one.start_s) % plan.cycle_s + sum(band.most_s for band in plan.bands)
        for plan in junction.plans
        for one in plan.windows
        if one.group == group
    ]
    return max(lengths, default=0)


def _both_ways(junction: Junction) -> dict[str, dict[str, int]]:
    """Fill in the direction that the settings leave out, as the heads do."""
    found: dict[str, dict[str, int]] = {}
    for one, gaps in junction.intergreen_s.items():
        for other, gap_s in gaps.items():
            found.setdefault(one, {})[other] = gap_s
            found.setdefault(other, {}).setdefault(one, gap_s)
    return found


class AdaptiveDevice(EmulatedDevice):
    """The emulated controller with adaptive control beside it; ``is_lost`` is for trials of its loss."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._control = Adaptive(crossing_of(controller.junction))
        self._asked_ms = 0
        self.is_lost = False

    def advance(self, now_ms: int, *, connected: bool = True) -> Sequence[tuple[AlarmEvent, AlarmState]]:
        """Decide once a second, then let time pass."""
        if now_ms - self._asked_ms >= PERIOD_MS and not self.is_lost and self.controller.mode is Mode.NORMAL:
            self._asked_ms = now_ms
            decision = self._control.decide(self._view(), self._heads(now_ms), now_ms=now_ms)
            if decision.wish is not None:
                self.controller.steer(decision.wish, now_ms)
        return super().advance(now_ms, connected=connected)

    def _heads(self, now_ms: int) -> dict[str, Head]:
        heads = self.controller.heads
        found = {}
        for group in self.controller.junction.groups:
            green_ms = heads.green_ms(group.id, now_ms)
            waits_s = heads.waits_ms(group.id, now_ms) / 1000
            found[group.id] = Head(None if green_ms is None else green_ms / 1000, waits_s)
        return found

    def _view(self) -> View:
        """See the queues as a radar does; without own traffic, what stands on a detector is one vehicle."""
        one = self.controller
        waiting = one.traffic.queues() if one.traffic is not None else {}
        return View(
            [
                [Arrival(n, 0.0)] * (waiting.get(detector.id, 0) or one.detectors.is_occupied(detector.id))
                for n, detector in enumerate(one.junction.detectors)
            ]
        )
