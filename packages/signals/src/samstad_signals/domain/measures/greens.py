"""Greens of one signal group from the changes of its state, and how each of them ended."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, NamedTuple

from samstad_signals.domain.controller import signal_state

__all__ = ["Change", "Green", "Termination", "greens", "red_waits", "termination"]

Termination = Literal["gapOut", "maxOut", "forceOff", "cutShort"]
GREEN = frozenset({"green", "greenFlashing"})


class Change(NamedTuple):
    """At a time a group began to show a state (the character of S0001)."""

    at_s: float
    character: str


class Green(NamedTuple):
    """One green; a green that was on when the stream began is none, since its begin is not known."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it was."""
        return self.end_s - self.start_s


def greens(changes: Iterable[Change]) -> list[Green]:
    """Return the whole greens of a stream that is in order of time.

    Raises:
        ValueError: it is not in order.
    """
    found: list[Green] = []
    start_s: float | None = None
    before: Change | None = None
    for change in changes:
        if before is not None and change.at_s < before.at_s:
            raise ValueError(f"a change at {change.at_s} comes after one at {before.at_s}")
        is_green = signal_state(change.character) in GREEN
        was_green = before is None or signal_state(before.character) in GREEN
        if is_green and not was_green:
            start_s = change.at_s
        elif start_s is not None and not is_green:
            found.append(Green(start_s, change.at_s))
            start_s = None
        before = change
    return found


def red_waits(found: list[Green]) -> list[float]:
    """Return the times without green between greens."""
    return [later.start_s - earlier.end_s for earlier, later in pairwise(found)]


def termination(
    green: Green,
    *,
    minimum_s: float,
    maximum_s: float,
    forced_at_s: float | None = None,
    tolerance_s: float = 1,
) -> Termination:
    """Return how a green ended.

    Args:
        green: it.
        minimum_s: shortest green; less is ``cutShort``, which no controller may do.
        maximum_s: longest green; as long as this is ``maxOut``.
        forced_at_s: when the plan ends it at the latest; then is ``forceOff``. Else nobody came: ``gapOut``.
        tolerance_s: how exactly times are known.
    """
    if green.duration_s < minimum_s - tolerance_s:
        return "cutShort"
    if forced_at_s is not None and abs(green.end_s - forced_at_s) <= tolerance_s:
        return "forceOff"
    return "maxOut" if green.duration_s >= maximum_s - tolerance_s else "gapOut"
