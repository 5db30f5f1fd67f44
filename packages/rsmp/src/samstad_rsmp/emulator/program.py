"""Time plans at work: where in the cycle we are, who should be green there, and when that will change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from samstad_rsmp.emulator.settings import Plan
from samstad_rsmp.errors import RsmpError

__all__ = ["Program"]


@dataclass
class Program:
    """A plan with what operators have changed of it.

    Attributes:
        plan: as it was made.
        cycle_s: the cycle time in effect; the plan is stretched to it in proportion.
        offset_s: the offset in effect.
        bands: the extension of each dynamic band.
    """

    plan: Plan
    cycle_s: int = 0
    offset_s: int = 0
    bands: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cycle_s = self.plan.cycle_s
        self.offset_s = self.plan.offset_s
        self.bands = {band.number: 0 for band in self.plan.bands}
        self._windows = self._moved_windows()

    def set_bands(self, extensions: dict[int, int]) -> None:
        """Set bands; RsmpError when one is not there or longer than it may be, and then none is set."""
        most = {band.number: band.most_s for band in self.plan.bands}
        for number, seconds in extensions.items():
            if number not in most:
                raise RsmpError(f"plan {self.plan.number} has no dynamic band {number}")
            if seconds > most[number]:
                raise RsmpError(f"band {number} of plan {self.plan.number} takes {most[number]} s at most")
        self.bands.update(extensions)
        self._windows = self._moved_windows()

    def clear_bands(self) -> None:
        """Take all extensions out."""
        self.set_bands(dict.fromkeys(self.bands, 0))

    def set_cycle(self, seconds: int) -> None:
        """Set the cycle time; RsmpError when it is less than 20 s, in which no junction can be served."""
        if seconds < 20:
            raise RsmpError("a cycle takes 20 s at least")
        self.cycle_s = seconds

    def base_counter(self, now_ms: int) -> int:
        """Return the base cycle counter: seconds since 1970 modulo the cycle, the same in all controllers."""
        return now_ms // 1000 % self.cycle_s

    def counter(self, now_ms: int) -> int:
        """Return the cycle counter: (base + offset) modulo cycle time."""
        return (self.base_counter(now_ms) + self.offset_s) % self.cycle_s

    def greens(self, now_ms: int) -> frozenset[str]:
        """Return the groups whose window is open."""
        return self._greens_at(self.counter(now_ms) + now_ms % 1000 / 1000)

    def changes(self, group: str, now_ms: int) -> Iterator[tuple[int, bool]]:
        """Return when the window of a group opens (True) and closes, within two cycles, in milliseconds."""
        before = group in self.greens(now_ms)
        for second in range(1, 2 * self.cycle_s + 1):
            at_ms = (now_ms // 1000 + second) * 1000
            after = group in self.greens(at_ms)
            if after != before:
                yield at_ms, after
            before = after

    def _greens_at(self, second: float) -> frozenset[str]:
        position = second * self.plan.cycle_s / self.cycle_s
        return frozenset(group for group, start, end in self._windows if _is_open(start, end, position))

    def _moved_windows(self) -> list[tuple[str, int, int]]:
        last = max((window.end_s for window in self.plan.windows), default=0)
        return [
            (
                window.group,
                window.start_s + self._extension(window.start_s),
                max(window.end_s, min(window.end_s + self._extension(window.end_s - 1), last)),
            )
            for window in self.plan.windows
        ]

    def _extension(self, second: int) -> int:
        return sum(self.bands[band.number] for band in self.plan.bands if band.at_s <= second)


def _is_open(start_s: int, end_s: int, position: float) -> bool:
    if start_s < end_s:
        return start_s <= position < end_s
    return position >= start_s or position < end_s
