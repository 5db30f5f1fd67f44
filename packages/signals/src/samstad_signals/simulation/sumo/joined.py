"""One emulated controller at one junction of SUMO: vehicles call, groups drive the lights."""

from __future__ import annotations

from collections.abc import Mapping

from samstad_rsmp.control.adaptive import Head
from samstad_rsmp.emulator.controller import Controller, Mode
from samstad_rsmp.emulator.heads import Aspect
from samstad_rsmp.emulator.monitor import SafetyMonitor, Violation
from samstad_signals.simulation.sumo.imported import Imported

__all__ = ["JoinedJunction", "Watch", "characters_of"]

MODE_LIGHTS = {Mode.DARK: "O", Mode.FLASH: "o"}
BEFORE_MS = 3_600_000
GRACE_S = 90
"""How much longer than its maximum a group may wait while others end, before the monitor tells."""


class JoinedJunction:
    """A controller whose street is SUMO's."""

    def __init__(self, imported: Imported, controller: Controller | None = None) -> None:
        self.imported = imported
        self.controller = controller or Controller(imported.junction, own_traffic=False)
        self._groups = [group.id for group in imported.junction.groups]

    def feel(self, calls: set[str]) -> None:
        """Let the detectors see who waits."""
        for detector in self.imported.junction.detectors:
            self.controller.detectors.set_occupied(detector.id, occupied=detector.group in calls)

    def advance(self, now_ms: int, *, connected: bool = True) -> None:
        """Let time pass."""
        self.controller.advance(now_ms, connected=connected)

    def heads(self, now_ms: int) -> dict[str, Head]:
        """Return what the groups show, for the adaptive control beside the controller."""
        heads = self.controller.heads
        found = {}
        for name in self._groups:
            green_ms = heads.green_ms(name, now_ms)
            waits_s = heads.waits_ms(name, now_ms) / 1000
            found[name] = Head(None if green_ms is None else green_ms / 1000, waits_s)
        return found

    def lights(self) -> str:
        """Return the state of every link as SUMO wants it."""
        mode = self.controller.mode
        if mode in MODE_LIGHTS:
            return MODE_LIGHTS[mode] * len(self.imported.ways)
        aspects = {name: self.controller.heads.aspect(name) for name in self._groups}
        if mode is Mode.STARTING:
            aspects = dict.fromkeys(self._groups, Aspect.RED)
        return _lights(self.imported, aspects)


def _lights(imported: Imported, aspects: Mapping[str, Aspect]) -> str:
    green = {
        n
        for n, group in enumerate(imported.groups)
        if (imported.still[n] in "Gg" if group is None else aspects[group] is Aspect.GREEN)
    }
    found = []
    for n, group in enumerate(imported.groups):
        if group is None and n not in green:
            found.append(imported.still[n])
        elif n in green:
            weak = n in imported.always_yields or imported.yields[n] & green
            found.append("g" if weak else "G")
        elif group is not None and aspects[group] is Aspect.YELLOW:
            found.append("y")
        elif group is not None and aspects[group] is Aspect.RED_YELLOW:
            found.append("u")
        else:
            found.append(imported.red[n])
    return "".join(found)


def characters_of(imported: Imported, lights: str, waiting: set[str]) -> str:
    """Read the groups' characters off the lights in the street, as an observer would."""
    found = {}
    for n, group in enumerate(imported.groups):
        if group is None:
            continue
        shown = lights[n]
        if shown in "Gg":
            found[group] = "4"
        elif shown in "yY":
            found[group] = "N"
        elif shown == "u":
            found[group] = "0"
        elif shown in "Oo":
            found[group] = "b" if shown == "O" else "c"
        else:
            found[group] = "F" if group in waiting else "B"
    return "".join(found[group.id] for group in imported.junction.groups)


class Watch:
    """The independent monitor at one junction, fed with the lights that SUMO shows."""

    def __init__(self, imported: Imported) -> None:
        self._imported = imported
        self._monitor = SafetyMonitor(imported.junction, step_ms=1, red_grace_s=GRACE_S)
        self._begun = False
        self._waiting: set[str] = set()
        self._since_ms: dict[str, int] = {}
        self.longest_red_s = 0.0

    @property
    def violations(self) -> list[Violation]:
        """What was seen that must never be."""
        return self._monitor.violations

    def see(self, lights: str, calls: set[str], now_ms: int) -> None:
        """Look at the lights; a call lasts until its group is green."""
        self._waiting |= calls
        characters = characters_of(self._imported, lights, self._waiting)
        for group, character in zip(self._imported.junction.groups, characters, strict=True):
            if character == "4":
                self._waiting.discard(group.id)
        for name in list(self._since_ms):
            if name not in self._waiting:
                del self._since_ms[name]
        for name in self._waiting:
            took_s = (now_ms - self._since_ms.setdefault(name, now_ms)) / 1000
            self.longest_red_s = max(self.longest_red_s, took_s)
        if not self._begun:  # what is green at the first look has been so for who knows how long
            self._begun = True
            self._monitor.see("B" * len(characters), now_ms - 2 * BEFORE_MS)
            self._monitor.see(characters, now_ms - BEFORE_MS)
        self._monitor.see(characters, now_ms)
