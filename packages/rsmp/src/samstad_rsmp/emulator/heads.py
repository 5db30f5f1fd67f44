"""The signal heads and their safety: whatever is wished, intergreens and minimum greens hold.

Wishes come as the set of groups that should be green. A group begins only when every conflicting group has
been out of green for its intergreen, and ends only after its minimum green. The states are the characters of
S0001.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from samstad_rsmp.emulator.settings import Group, Junction, conflict_s

__all__ = ["Aspect", "Heads"]


class Aspect(Enum):
    """What a group does."""

    RED = "red"
    RED_YELLOW = "red-yellow"
    GREEN = "green"
    YELLOW = "yellow"


@dataclass
class _Head:
    group: Group
    aspect: Aspect = Aspect.RED
    since_ms: int = 0
    ended_ms: int | None = None
    """When the last green ended."""
    asked_ms: int | None = None
    """Since when somebody waits at red."""


class Heads:
    """All signal groups of a junction."""

    def __init__(self, junction: Junction) -> None:
        self._heads = {group.id: _Head(group) for group in junction.groups}
        ids = list(self._heads)
        self._conflicts: dict[str, dict[str, int]] = {
            one: {
                other: gap * 1000
                for other in ids
                if other != one and (gap := conflict_s(junction, other, one)) is not None
            }
            for one in ids
        }

    def restart(self, now_ms: int) -> None:
        """All red, as after start-up; what was green before counts as ended now."""
        for head in self._heads.values():
            if head.aspect is not Aspect.RED:
                head.ended_ms = now_ms
            head.aspect, head.since_ms = Aspect.RED, now_ms

    def is_green(self, group: str) -> bool:
        """Tell whether a group is green."""
        return self._heads[group].aspect is Aspect.GREEN

    def aspect(self, group: str) -> Aspect:
        """Return what a group shows."""
        return self._heads[group].aspect

    def green_ms(self, group: str, now_ms: int) -> int | None:
        """Return for how long a group has been green, None when it is not."""
        head = self._heads[group]
        return now_ms - head.since_ms if head.aspect is Aspect.GREEN else None

    def waits_ms(self, group: str, now_ms: int) -> int:
        """Return for how long somebody has waited at red, 0 when nobody does."""
        asked_ms = self._heads[group].asked_ms
        return 0 if asked_ms is None else now_ms - asked_ms

    def note_calls(self, calls: Collection[str], now_ms: int) -> None:
        """Remember who waits: a call lasts until the group is green."""
        for name, head in self._heads.items():
            if head.aspect is Aspect.GREEN:
                head.asked_ms = None
            elif name in calls and head.asked_ms is None:
                head.asked_ms = now_ms

    def calls(self) -> frozenset[str]:
        """Return the groups where somebody waits."""
        return frozenset(name for name, head in self._heads.items() if head.asked_ms is not None)

    def overdue(self, now_ms: int) -> list[str]:
        """Return the groups that have waited longer than they may, the longest first."""
        late = [
            (head.asked_ms, name)
            for name, head in self._heads.items()
            if head.asked_ms is not None and now_ms - head.asked_ms > head.group.max_red_s * 1000
        ]
        return [name for _, name in sorted(late)]

    def conflicting(self, group: str) -> Mapping[str, int]:
        """Return the conflicting groups with the milliseconds after their green."""
        return self._conflicts[group]

    def advance(self, wished: Collection[str], now_ms: int) -> None:
        """Bring every group as near to the wish as safety allows at this moment."""
        for name, head in self._heads.items():
            self._end(name, head, wished, now_ms)
        for name in self._in_order(wished):
            self._begin(name, self._heads[name], now_ms)

    def _in_order(self, wished: Collection[str]) -> Iterable[str]:
        waiting = [name for name in self._heads if name in wished]
        return sorted(waiting, key=lambda name: self._heads[name].asked_ms or 1 << 62)

    def _end(self, name: str, head: _Head, wished: Collection[str], now_ms: int) -> None:
        age_ms = now_ms - head.since_ms
        group = head.group
        if head.aspect is Aspect.GREEN and name not in wished and age_ms >= group.min_green_s * 1000:
            head.ended_ms = now_ms
            vehicle = group.kind == "vehicle" and group.yellow_s
            head.aspect, head.since_ms = (Aspect.YELLOW if vehicle else Aspect.RED), now_ms
        elif head.aspect is Aspect.YELLOW and age_ms >= group.yellow_s * 1000:
            head.aspect, head.since_ms = Aspect.RED, now_ms
        elif head.aspect is Aspect.RED_YELLOW and age_ms >= group.red_yellow_s * 1000:
            head.aspect, head.since_ms = Aspect.GREEN, now_ms

    def _begin(self, name: str, head: _Head, now_ms: int) -> None:
        if head.aspect is not Aspect.RED:
            return
        short_ms = head.group.red_yellow_s * 1000 if head.group.kind == "vehicle" else 0
        if not all(
            self._is_clear(self._heads[other], gap_ms, now_ms + short_ms)
            for other, gap_ms in self._conflicts[name].items()
        ):
            return
        head.aspect = Aspect.RED_YELLOW if short_ms else Aspect.GREEN
        head.since_ms = now_ms

    @staticmethod
    def _is_clear(other: _Head, gap_ms: int, green_ms: int) -> bool:
        if other.aspect in {Aspect.GREEN, Aspect.RED_YELLOW}:
            return False
        return other.ended_ms is None or green_ms - other.ended_ms >= gap_ms

    def characters(self, demand: Collection[str], now_ms: int) -> str:
        """Return the states as S0001 tells them."""
        return "".join(self._character(name, head, demand, now_ms) for name, head in self._heads.items())

    @staticmethod
    def _character(name: str, head: _Head, demand: Collection[str], now_ms: int) -> str:
        if head.aspect is Aspect.GREEN:
            if now_ms - head.since_ms < head.group.min_green_s * 1000:
                return "1"  # minimum green
            return "3" if name in demand else "4"  # extension, green rest
        if head.aspect is Aspect.RED:
            return "F" if head.asked_ms is not None else "B"  # red with request, red rest
        return "0" if head.aspect is Aspect.RED_YELLOW else "N"
