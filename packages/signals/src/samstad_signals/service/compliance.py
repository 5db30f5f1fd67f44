"""Whether controllers do what their plans say: each green against the window of the plan that runs.

Greens are read from what signal groups show (S0001), by the controller's own time; plans as the centre knows
them are given by people. A group deviates when most of its latest greens do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from samstad_signals.domain.controller import signal_mode, signal_state
from samstad_signals.domain.measures.compliance import Deviation, check_compliance
from samstad_signals.domain.measures.greens import Green
from samstad_signals.domain.plan import PlanTimes, Window
from samstad_signals.errors import RequestRefused
from samstad_signals.service.fleet import Fleet
from samstad_signals.spi.keeping import Keep, Keeping

__all__ = ["PLAN_DEVIATION", "Compliance", "GroupRecord", "KnownPlan"]

KIND = "plan"
PLAN_DEVIATION = "planDeviation"
SECOND_US = 1_000_000
LATEST = 6
MANY, FEW = 4, 1
SETTLING_CYCLES = 2
"""After a change of plan a controller needs so long to be in step."""
GREENS_KEPT = 240
GREEN = frozenset({"green", "greenFlashing"})
FOLLOWING = frozenset({"coordinated", "central"})
"""Modes in which a controller is held to its plan."""


class KnownPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan of a controller as the centre knows it.

    Attributes:
        cycle_s: length of the cycle.
        offset_s: begin of the cycle against the common time.
        greens: by signal group number, begin and end of each green in the cycle.
        actuated: groups that may begin later, end earlier, or not come.
    """

    cycle_s: int = msgspec.field(name="cycle")
    greens: dict[int, list[tuple[int, int]]]
    offset_s: int = msgspec.field(name="offset", default=0)
    actuated: list[int] = []

    def times(self, number: int) -> PlanTimes:
        """Return it in the domain's words."""
        greens = {group: tuple(Window(*one) for one in rows) for group, rows in self.greens.items()}
        return PlanTimes(number, self.cycle_s, self.offset_s, greens)


@dataclass
class GroupRecord:
    """The latest greens of a group, and how many were as planned."""

    greens: deque[Green] = field(default_factory=lambda: deque(maxlen=GREENS_KEPT))
    right: deque[bool] = field(default_factory=lambda: deque(maxlen=LATEST))
    latest: tuple[Deviation, ...] = ()
    since_us: int | None = None


class Compliance:
    """Watches greens.

    Args:
        fleet: shows groups, and gets alerts.
        keeping: where plans survive.
    """

    def __init__(self, fleet: Fleet, keeping: Keeping) -> None:
        self.records: dict[tuple[str, int], GroupRecord] = {}
        self._plans: dict[tuple[str, int], KnownPlan] = {}
        self._since: dict[str, tuple[int | None, int]] = {}
        self._fleet = fleet
        self._keeping = keeping
        fleet.on_groups = self.take

    async def load(self) -> None:
        """Take what was kept."""
        for key, body in (await self._keeping.load(KIND)).items():
            site_id, _, number = key.partition("\x1f")
            self._plans[site_id, int(number)] = msgspec.json.decode(body, type=KnownPlan)

    def plans(self, site_id: str) -> Mapping[int, KnownPlan]:
        """Return the plans that the centre knows of a junction."""
        return {number: plan for (site, number), plan in self._plans.items() if site == site_id}

    async def set_plan(self, site_id: str, number: int, plan: KnownPlan) -> None:
        """Know a plan.

        Raises:
            RequestRefused: a window does not fit its cycle.
        """
        if not 1 <= plan.cycle_s <= 255 or not 1 <= number <= 255:
            raise RequestRefused("A plan is 1 to 255, and its cycle 1 to 255 s.")
        for group, windows in plan.greens.items():
            for begin, end in windows:
                if not (0 <= begin <= plan.cycle_s and 0 <= end <= plan.cycle_s and begin != end):
                    raise RequestRefused(
                        f"group {group}: {begin} to {end} is no window of a cycle of {plan.cycle_s} s"
                    )
        key = f"{site_id}\x1f{number}"
        await self._keeping.save([Keep(KIND, key, msgspec.json.encode(plan))])
        self._plans[site_id, number] = plan
        for (site, _), record in self.records.items():
            if site == site_id:
                record.right.clear()

    def take(self, site_id: str, before: str, after: str, at_us: int) -> None:
        """Take a change of what the groups of a junction show."""
        for number, (old, new) in enumerate(zip(before, after, strict=False), start=1):
            was, is_green = signal_state(old) in GREEN, signal_state(new) in GREEN
            if was == is_green:
                continue
            record = self.records.setdefault((site_id, number), GroupRecord())
            if is_green:
                record.since_us = at_us
            elif record.since_us is not None:
                green = Green(record.since_us / SECOND_US, at_us / SECOND_US)
                record.since_us = None
                record.greens.append(green)
                self._check(site_id, number, record, green, at_us)

    def _check(self, site_id: str, number: int, record: GroupRecord, green: Green, at_us: int) -> None:
        state = self._fleet.junction(site_id).state
        plan_now, since_us = self._since.get(site_id, (None, 0))
        if state.plan != plan_now:
            self._since[site_id] = (state.plan, at_us)
            record.right.clear()
            return
        known = self._plans.get((site_id, state.plan or 0))
        if known is None or signal_mode(state) not in FOLLOWING:
            return
        if green.start_s * SECOND_US < since_us + SETTLING_CYCLES * known.cycle_s * SECOND_US:
            return
        found = check_compliance(
            known.times(state.plan or 0), number, [green], is_actuated=number in known.actuated
        )
        record.latest = found.deviations
        record.right.append(not found.deviations)
        wrong = record.right.count(False)
        key = (f"g{number}", PLAN_DEVIATION)
        if wrong >= MANY:
            self._fleet.found(site_id, key, severity="medium", now_us=at_us)
        elif wrong <= FEW:
            self._fleet.gone(site_id, key, now_us=at_us)
