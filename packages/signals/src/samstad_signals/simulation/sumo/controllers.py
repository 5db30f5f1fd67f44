"""Who may decide at the junctions of a run: SUMO itself (fixed, actuated), max-pressure, adaptive control."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import Enum
from time import thread_time
from typing import Any, Protocol

from samstad_rsmp.control.adaptive import Adaptive, Decision, Rung
from samstad_rsmp.control.crossing import Outflow
from samstad_rsmp.control.horizon import Tuning
from samstad_signals.simulation.sumo.imported import Imported
from samstad_signals.simulation.sumo.joined import JoinedJunction
from samstad_signals.simulation.sumo.sight import Street

__all__ = ["AdaptiveCity", "Control", "Kind", "MaxPressure", "OwnPrograms", "actuate"]

ACTUATED = 3
LEAST_S, LONGEST_S = 5.0, 50.0
PERIOD_MS = 10_000
"""Max-pressure decides so often, as in the published comparisons."""
SILENT_MS = 5_000
"""What a neighbour said is forgotten after so long."""


class Kind(Enum):
    """The controllers that can be compared."""

    FIXED = "fixed"
    ACTUATED = "actuated"
    MAX_PRESSURE = "max-pressure"
    ADAPTIVE = "adaptive"
    LOCAL = "local"


class Control(Protocol):
    """Decides for all junctions, each from what it sees itself and what its neighbours say."""

    def decide(
        self, streets: Mapping[str, Street], joined: Mapping[str, JoinedJunction], now_ms: int
    ) -> None:
        """Steer the controllers."""
        ...


class OwnPrograms:
    """Leaves every emulated controller to its own program."""

    def decide(
        self, streets: Mapping[str, Street], joined: Mapping[str, JoinedJunction], now_ms: int
    ) -> None:
        """Steer nothing."""


class AdaptiveCity:
    """Adaptive control at each junction; neighbours exchange what they expect to send."""

    def __init__(self, junctions: Mapping[str, Imported], tuning: Tuning | None = None) -> None:
        self.controls = {name: Adaptive(one.crossing, tuning) for name, one in junctions.items()}
        self._said: dict[str, dict[str, tuple[int, list[Outflow]]]] = defaultdict(dict)
        self.took_s: list[float] = []
        self.rungs: dict[Rung, int] = defaultdict(int)
        self.silent: set[str] = set()
        """Junctions whose messages are lost."""
        self.blind: set[str] = set()
        """Junctions whose detection is lost."""

    def decide(
        self, streets: Mapping[str, Street], joined: Mapping[str, JoinedJunction], now_ms: int
    ) -> None:
        """Let each junction decide by itself."""
        for name, control in self.controls.items():
            junction = joined[name]
            begin = thread_time()
            view = None if name in self.blind else streets[name].view
            decision = control.decide(view, junction.heads(now_ms), self._heard(name, now_ms), now_ms=now_ms)
            self.took_s.append(thread_time() - begin)
            self.rungs[decision.rung] += 1
            if decision.wish is not None:
                junction.controller.steer(decision.wish, now_ms)
            self._tell(name, decision, now_ms)

    def _heard(self, name: str, now_ms: int) -> list[Outflow]:
        said = self._said[name].values()
        return [flow for at_ms, flows in said if now_ms - at_ms <= SILENT_MS for flow in flows]

    def _tell(self, name: str, decision: Decision, now_ms: int) -> None:
        if decision.outflows is None or name in self.silent:
            return
        for where, flows in decision.outflows.items():
            self._said[where][name] = (now_ms, flows)


class MaxPressure:
    """Every ten seconds the stage with the most standing before its links less what stands behind them."""

    def __init__(self, junctions: Mapping[str, Imported]) -> None:
        self._junctions = junctions
        self._chosen: dict[str, tuple[int, int]] = {}

    def decide(
        self, streets: Mapping[str, Street], joined: Mapping[str, JoinedJunction], now_ms: int
    ) -> None:
        """Choose by pressure."""
        for name, imported in self._junctions.items():
            stage, since_ms = self._chosen.get(name, (0, -PERIOD_MS))
            if now_ms - since_ms >= PERIOD_MS:
                stage = self._best(imported, streets[name].standing)
                self._chosen[name] = (stage, now_ms)
            joined[name].controller.steer(imported.crossing.stages[stage].greens, now_ms)

    @staticmethod
    def _best(imported: Imported, standing: Mapping[str, int]) -> int:
        def pressure(number: int) -> int:
            stage = imported.crossing.stages[number]
            ways = [imported.ways[n] for n in stage.strong | stage.weak]
            before = {way.lane for way in ways}
            behind = {way.exit for way in ways}
            return sum(standing.get(lane, 0) for lane in before) - sum(
                standing.get(lane, 0) for lane in behind
            )

        return max(range(len(imported.crossing.stages)), key=pressure)


def actuate(sumo: Any, junctions: Mapping[str, Imported]) -> None:
    """Turn each program into SUMO's own actuated control, inside its bounds where it tells any."""
    for name in junctions:
        lights = sumo.trafficlight
        running = lights.getProgram(name)
        logic = next(one for one in lights.getAllProgramLogics(name) if one.programID == running)
        bounded = any(phase.minDur < phase.maxDur for phase in logic.phases)
        phases = []
        for phase in logic.phases:
            changes = set(phase.state) & set("yYu") or not set(phase.state) & set("Gg")
            least, longest = phase.minDur, phase.maxDur
            if not bounded and not changes and phase.duration >= LEAST_S:
                least, longest = min(LEAST_S, phase.duration), max(LONGEST_S, phase.duration)
            phases.append(lights.Phase(phase.duration, phase.state, least, longest))
        made = lights.Logic("samstad-actuated", ACTUATED, 0, phases)
        lights.setProgramLogic(name, made)
        lights.setProgram(name, "samstad-actuated")
