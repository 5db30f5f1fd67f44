"""Detector logics: their state, forcing, and what they have counted in the last hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from samstad_rsmp.emulator.settings import Detector

__all__ = ["CLASSES", "Counted", "DetectorBank"]

CLASSES = ("P", "PS", "L", "LS", "B", "SP", "MC", "C", "F")
"""Classes of vehicles, in the words of S0204."""
KEPT_MS = 3_600_000
"""Counts reach back so far; longer intervals cannot be served."""


class Passage(NamedTuple):
    """One vehicle over one detector."""

    time_ms: int
    speed_kmh: int
    vehicle: str


class Counted(NamedTuple):
    """What one detector logic saw in an interval; ``speed_kmh`` is -1 when nobody came."""

    start_ms: int
    vehicles: int
    speed_kmh: int
    occupancy: int
    classes: dict[str, int]


class _Logic:
    def __init__(self) -> None:
        self.occupied = False
        self.forced: bool | None = None
        self.last_ms: int | None = None
        self.before: bool | None = None
        self.changed_ms = 0
        self.passages: deque[Passage] = deque()
        self.occupied_ms: deque[tuple[int, int]] = deque()
        self.counting_from_ms: int | None = None

    @property
    def state(self) -> bool:
        return self.occupied if self.forced is None else self.forced


class DetectorBank:
    """All detector logics of a junction."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        self._logics = {detector.id: _Logic() for detector in detectors}

    def __len__(self) -> int:
        return len(self._detectors)

    @property
    def ids(self) -> list[str]:
        """The component ids in the order of their numbers."""
        return list(self._logics)

    def force(self, detector_id: str, state: bool | None) -> None:
        """Force a detector logic on or off, or give it back."""
        self._logics[detector_id].forced = state

    def set_occupied(self, detector_id: str, *, occupied: bool) -> None:
        """Say what the detector sees."""
        self._logics[detector_id].occupied = occupied

    def passed(self, detector_id: str, passage: Passage) -> None:
        """Count a vehicle."""
        self._logics[detector_id].passages.append(passage)

    def is_occupied(self, detector_id: str) -> bool:
        """Return the state in effect."""
        return self._logics[detector_id].state

    def is_forced(self, detector_id: str) -> bool:
        """Tell whether it is forced."""
        return self._logics[detector_id].forced is not None

    def unchanged_ms(self, detector_id: str, now_ms: int) -> int:
        """Return for how long the state in effect has been the same."""
        return now_ms - self._logics[detector_id].changed_ms

    def advance(self, now_ms: int) -> None:
        """Add the time since the last step to the occupancies, and forget what is too old."""
        for logic in self._logics.values():
            if logic.counting_from_ms is None:
                logic.counting_from_ms = now_ms
            if logic.last_ms is not None and logic.state:
                logic.occupied_ms.append((now_ms, now_ms - logic.last_ms))
            logic.last_ms = now_ms
            if logic.state is not logic.before:
                logic.before, logic.changed_ms = logic.state, now_ms
            _forget(logic, now_ms - KEPT_MS)

    def demand(self) -> set[str]:
        """Return the groups whose detectors are occupied."""
        return {one.group for one in self._detectors if self._logics[one.id].state}

    def states(self) -> str:
        """Return the states as S0002 tells them."""
        return "".join("1" if logic.state else "0" for logic in self._logics.values())

    def forcing(self) -> str:
        """Return which are forced, as S0021 tells it."""
        return "".join("0" if logic.forced is None else "1" for logic in self._logics.values())

    def count(self, detector_id: str, *, until_ms: int, interval_ms: int) -> Counted | None:
        """Return what was seen in an interval, None when it was not watched from beginning to end."""
        logic = self._logics[detector_id]
        start_ms = until_ms - interval_ms
        began_ms = logic.counting_from_ms
        if interval_ms > KEPT_MS or began_ms is None or began_ms > start_ms:
            return None
        seen = [one for one in logic.passages if start_ms <= one.time_ms < until_ms]
        occupied = sum(took for at, took in logic.occupied_ms if start_ms < at <= until_ms)
        classes = dict.fromkeys(CLASSES, 0)
        for one in seen:
            classes[one.vehicle] += 1
        speed = round(sum(one.speed_kmh for one in seen) / len(seen)) if seen else -1
        return Counted(start_ms, len(seen), speed, min(100, round(100 * occupied / interval_ms)), classes)


def _forget(logic: _Logic, before_ms: int) -> None:
    while logic.passages and logic.passages[0].time_ms < before_ms:
        logic.passages.popleft()
    while logic.occupied_ms and logic.occupied_ms[0][0] < before_ms:
        logic.occupied_ms.popleft()
