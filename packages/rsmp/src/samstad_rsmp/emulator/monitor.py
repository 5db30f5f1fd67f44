"""An independent watch over a controller's safety: it knows the junction and sees S0001, nothing else.

It shares no rule with the heads: intergreens and minimum greens are measured from the characters, as an
observer in the street would.
"""

from __future__ import annotations

from typing import NamedTuple

from samstad_rsmp.emulator.settings import Junction

__all__ = ["SafetyMonitor", "Violation"]

GREEN = frozenset("123456789")
SHOWN_BEFORE_RED = frozenset("NO")
WAITING = frozenset("DEFGP")
"""Red with a request."""
OFF = frozenset("abcdefgh")


class Violation(NamedTuple):
    """What was seen that must never be."""

    time_ms: int
    rule: str
    detail: str


class SafetyMonitor:
    """Looks at every state in order of time; ``step_ms`` is how far apart they may be.

    A group may wait with a request for its ``max_red_s`` and ``red_grace_s`` more, in which others end their
    green; None looks away, as when an operator holds a group green.
    """

    def __init__(self, junction: Junction, *, step_ms: int = 100, red_grace_s: int | None = None) -> None:
        self.violations: list[Violation] = []
        self._groups = junction.groups
        self._gaps = junction.intergreen_s
        self._step_ms = step_ms
        self._red_grace_s = red_grace_s
        self._waits_ms: dict[str, int] = {}
        self._before: str | None = None
        self._since_ms: dict[str, int] = {}
        self._ended_ms: dict[str, int] = {}

    def see(self, states: str, time_ms: int) -> list[Violation]:
        """Look at one state and return what is wrong with it."""
        begin = len(self.violations)
        if len(states) != len(self._groups):
            self._found(time_ms, "length", f"{len(states)} characters for {len(self._groups)} groups")
            return self.violations[begin:]
        for number, group in enumerate(self._groups):
            before = self._before[number] if self._before else "a"
            self._look(group.id, before, states[number], time_ms)
            self._wait(group.id, states[number], group.max_red_s, time_ms)
        self._together(states, time_ms)
        self._before = states
        return self.violations[begin:]

    def _wait(self, name: str, state: str, max_red_s: int, time_ms: int) -> None:
        if state not in WAITING:
            self._waits_ms.pop(name, None)
            return
        took_s = (time_ms - self._waits_ms.setdefault(name, time_ms)) / 1000
        if self._red_grace_s is not None and took_s > max_red_s + self._red_grace_s:
            self._found(time_ms, "maximum red", f"{name} has waited for {took_s:g} s")
            self._waits_ms[name] = time_ms

    def _look(self, name: str, before: str, after: str, time_ms: int) -> None:
        if after in GREEN and before not in GREEN:
            self._since_ms[name] = time_ms
            self._begun(name, before, time_ms)
        elif before in GREEN and after not in GREEN:
            self._ended_ms[name] = time_ms
            self._ended(name, after, time_ms)

    def _begun(self, name: str, before: str, time_ms: int) -> None:
        group = next(one for one in self._groups if one.id == name)
        if before in OFF - {"g", "h"}:
            self._found(time_ms, "start-up", f"{name} is green straight after {before!r}")
        if group.kind == "vehicle" and group.red_yellow_s and before not in {"0", *OFF}:
            self._found(time_ms, "red-yellow", f"{name} is green without red-yellow before")
        for other in self._groups:
            gap_s = self._gaps.get(other.id, {}).get(name)
            ended_ms = self._ended_ms.get(other.id)
            if gap_s is None or ended_ms is None:
                continue
            if time_ms - ended_ms < gap_s * 1000 - self._step_ms:
                took = (time_ms - ended_ms) / 1000
                self._found(time_ms, "intergreen", f"{name} {took:g} s after {other.id}, {gap_s} s are due")

    def _ended(self, name: str, after: str, time_ms: int) -> None:
        if after in OFF:
            return  # a failure mode or an order to flash may end any green
        group = next(one for one in self._groups if one.id == name)
        took_ms = time_ms - self._since_ms.get(name, time_ms)
        if took_ms < group.min_green_s * 1000 - self._step_ms:
            self._found(time_ms, "minimum green", f"{name} was green for {took_ms / 1000:g} s")
        if group.kind == "vehicle" and group.yellow_s and after not in SHOWN_BEFORE_RED:
            self._found(time_ms, "yellow", f"{name} is {after!r} straight after green")

    def _together(self, states: str, time_ms: int) -> None:
        green = [group.id for group, state in zip(self._groups, states, strict=True) if state in GREEN]
        for one in green:
            for other in green:
                if other in self._gaps.get(one, {}):
                    self._found(time_ms, "conflict", f"{one} and {other} are both green")

    def _found(self, time_ms: int, rule: str, detail: str) -> None:
        self.violations.append(Violation(time_ms, rule, detail))
