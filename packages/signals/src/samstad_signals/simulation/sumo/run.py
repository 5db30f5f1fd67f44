"""One run of a scenario under one controller: the driver owns the simulation's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samstad_rsmp.control.horizon import Tuning
from samstad_signals.simulation.sumo.controllers import (
    AdaptiveCity,
    Control,
    Kind,
    MaxPressure,
    OwnPrograms,
    actuate,
)
from samstad_signals.simulation.sumo.imported import Imported
from samstad_signals.simulation.sumo.joined import JoinedJunction, Watch
from samstad_signals.simulation.sumo.library import load_libsumo
from samstad_signals.simulation.sumo.reading import read_junctions
from samstad_signals.simulation.sumo.scene import link_scene
from samstad_signals.simulation.sumo.sight import Seeing, Sight, Street

__all__ = ["Run", "RunTerms", "SumoRun", "simulate"]

OLD_INSERTION = ("--default.departspeed", "0", "--default.departlane", "first")
"""Newer versions insert vehicles at speed on the best lane, which makes every delay smaller."""
TRIPS = "samstad-trips.xml"
LOOK_MS = 1_000
"""The street is looked at, and decided about, once a second, however short SUMO's steps are."""


@dataclass(frozen=True)
class RunTerms:
    """How a scenario is run.

    Attributes:
        seed: of SUMO's chance.
        seconds: for how long, None for until the configuration's end or until everybody has arrived.
        most_s: the longest run when the configuration tells no end.
        seeing: what the controllers see.
        bus_weight: how many cars a bus counts for.
        old_insertion: insert vehicles at speed 0 on the first lane.
        scale: of the demand.
        extra: further options of SUMO.
    """

    seed: int = 1
    seconds: float | None = None
    most_s: float = 14_400
    seeing: Seeing = Seeing.CONNECTED
    bus_weight: float = 5.0
    old_insertion: bool = True
    scale: float = 1.0
    extra: tuple[str, ...] = ()
    tuning: Tuning | None = None


@dataclass
class Run:
    """What was seen in a run, beside the trips in their file.

    Attributes:
        trips: the file with every vehicle.
        end_s: the simulation's time at the end.
        queues: standing vehicles before the signals, each second.
        longest_red_s: the longest red of a group with a call.
        violations: what the monitors saw.
        took_s: seconds of each decision.
        left_out: junctions that SUMO ran itself, and why.
        findings: odd things in the programs, by junction.
    """

    trips: Path
    end_s: float = 0.0
    queues: list[int] = field(default_factory=list)
    longest_red_s: float = 0.0
    violations: list[str] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    findings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    steps: int = 0


class SumoRun:
    """A simulation that is going on; ``step`` lets a second pass."""

    def __init__(self, configuration: Path, terms: RunTerms, *, into: Path) -> None:
        self.sumo: Any = load_libsumo()
        self._terms = terms
        scene = link_scene(configuration, into / "scene")
        self._trips = into / TRIPS
        self.sumo.start(_options(scene, terms, self._trips))
        self.junctions: dict[str, Imported]
        self.junctions, left = read_junctions(self.sumo)
        self.begin_s = float(self.sumo.simulation.getTime())
        self.sight = Sight(self.sumo, self.junctions, seeing=terms.seeing, bus_weight=terms.bus_weight)
        self.joined: dict[str, JoinedJunction] = {}
        self._advances = True
        self.watches = {name: Watch(one) for name, one in self.junctions.items()}
        self._shown: dict[str, str] = {}
        self.run = Run(self._trips, left_out=left)
        self.run.findings = {name: one.findings for name, one in self.junctions.items() if one.findings}
        self._streets: dict[str, Street] = {}
        self._looked_ms = -LOOK_MS

    @property
    def now_ms(self) -> int:
        """The simulation's time."""
        return round(float(self.sumo.simulation.getTime()) * 1000)

    def join(self, joined: dict[str, JoinedJunction] | None = None) -> None:
        """Let emulated controllers drive the lights from now on: those that are given, or new ones."""
        self._advances = joined is None
        self.joined = joined or {name: JoinedJunction(one) for name, one in self.junctions.items()}

    def is_over(self) -> bool:
        """Tell whether the run has come to its end."""
        now = float(self.sumo.simulation.getTime())
        seconds = self._terms.seconds
        end = float(self.sumo.simulation.getEndTime())
        if seconds is not None:
            return now >= self.begin_s + seconds
        if end > 0:
            return now >= end
        return self.sumo.simulation.getMinExpectedNumber() == 0 or now >= self.begin_s + self._terms.most_s

    def step(self, control: Control | None, *, now_ms: int | None = None) -> dict[str, Street]:
        """Look, decide, show the lights, let one step pass and let the monitors look at the lights.

        ``now_ms`` is the controllers' time where that is not the simulation's; controllers that were given to
        ``join`` are advanced by whoever gave them.
        """
        now_ms = self.now_ms if now_ms is None else now_ms
        streets = self._streets
        if looks := now_ms - self._looked_ms >= LOOK_MS:
            streets = self._streets = self.sight.look()
            self._looked_ms = now_ms
            if control is not None:
                control.decide(streets, self.joined, now_ms)
        for name, junction in self.joined.items():
            junction.feel(streets[name].calls)
            if self._advances:
                junction.advance(now_ms)
            lights = junction.lights()
            if lights != self._shown.get(name):
                self._shown[name] = lights
                self.sumo.trafficlight.setRedYellowGreenState(name, lights)
        self.sumo.simulationStep()
        self._observe(streets, now_ms, counts=looks)
        return streets

    def _observe(self, streets: dict[str, Street], now_ms: int, *, counts: bool) -> None:
        queue = 0
        for name, watch in self.watches.items():
            street = streets[name]
            watch.see(self.sumo.trafficlight.getRedYellowGreenState(name), street.calls, now_ms)
            queue += sum(street.standing.get(lane, 0) for lane in self.junctions[name].lanes)
        if counts:
            self.run.queues.append(queue)
        self.run.steps += 1

    def close(self) -> Run:
        """End the simulation and return what was seen."""
        run = self.run
        run.end_s = float(self.sumo.simulation.getTime())
        self.sumo.close()
        run.longest_red_s = max((watch.longest_red_s for watch in self.watches.values()), default=0.0)
        run.violations = [
            f"{name} at {one.time_ms / 1000:g} s: {one.rule}: {one.detail}"
            for name, watch in self.watches.items()
            for one in watch.violations
        ]
        return run


def _options(scene: Path, terms: RunTerms, trips: Path) -> list[str]:
    return [
        "sumo",
        *("-c", str(scene)),
        *("--random", "false", "--seed", str(terms.seed)),
        *("--scale", str(terms.scale)),
        *("--time-to-teleport", "-1"),
        *("--tripinfo-output", str(trips)),
        *("--tripinfo-output.write-unfinished", "true"),
        *("--tripinfo-output.write-undeparted", "true"),
        *("--no-step-log", "true"),
        *("--no-warnings", "true"),
        *("--duration-log.disable", "true"),
        *(OLD_INSERTION if terms.old_insertion else ()),
        *terms.extra,
    ]


def simulate(configuration: Path, kind: Kind, terms: RunTerms, *, into: Path) -> Run:
    """Run a scenario to its end under one controller."""
    one = SumoRun(configuration, terms, into=into)
    control = _control(one, kind, terms)
    for _ in _until_over(one, control):
        pass
    run = one.close()
    if isinstance(control, AdaptiveCity):
        run.took_s = control.took_s
    return run


def _until_over(one: SumoRun, control: Control | None) -> Iterator[None]:
    while not one.is_over():
        one.step(control)
        yield


def _control(one: SumoRun, kind: Kind, terms: RunTerms) -> Control | None:
    if kind is Kind.FIXED:
        return None
    if kind is Kind.ACTUATED:
        actuate(one.sumo, one.junctions)
        return None
    one.join()
    if kind is Kind.MAX_PRESSURE:
        return MaxPressure(one.junctions)
    if kind is Kind.LOCAL:
        return OwnPrograms()
    return AdaptiveCity(one.junctions, terms.tuning)
