"""Traffic for an emulator that stands alone: arrivals by chance, queues at red, discharge at green.

Vehicles come as a Poisson process by the demand of each detector. They wait at the stop line while their
group is not green, leave one every two seconds, and are seen by the detector while they stand or pass.
"""

from __future__ import annotations

from math import log

from samstad_rsmp.emulator.detectors import DetectorBank, Passage
from samstad_rsmp.emulator.heads import Heads
from samstad_rsmp.emulator.settings import Detector, Junction

__all__ = ["Chance", "Traffic"]

HEADWAY_MS = 2_000
"""Between vehicles that leave a queue."""
PASSING_MS = 400
"""How long a vehicle is over the detector."""
SHARES = (("P", 0.86), ("L", 0.91), ("B", 0.94), ("LS", 0.96), ("MC", 0.98), ("PS", 1.0))
"""Classes of vehicles by the share up to each."""


class Chance:
    """Reproducible chance (SplitMix64): the same seed gives the same street."""

    def __init__(self, seed: int) -> None:
        self._state = seed & 0xFFFFFFFFFFFFFFFF

    def next(self) -> float:
        """Return a number from 0 up to 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return ((z ^ (z >> 31)) >> 11) / (1 << 53)


class _Lane:
    def __init__(self, detector: Detector, chance: Chance) -> None:
        self.detector = detector
        self.chance = chance
        self.queue = 0
        self.next_ms: int | None = None
        self.left_ms = 0
        self.over_until_ms = 0


class Traffic:
    """The vehicles of a junction."""

    def __init__(self, junction: Junction) -> None:
        self._lanes = [
            _Lane(one, Chance(junction.seed * 1000 + number))
            for number, one in enumerate(junction.detectors)
            if one.vehicles_per_hour
        ]

    def queued(self) -> int:
        """Return how many vehicles wait."""
        return sum(lane.queue for lane in self._lanes)

    def queues(self) -> dict[str, int]:
        """Return how many vehicles wait at each detector."""
        return {lane.detector.id: lane.queue for lane in self._lanes}

    def advance(self, heads: Heads, bank: DetectorBank, now_ms: int) -> None:
        """Let vehicles arrive, wait and leave up to now."""
        for lane in self._lanes:
            self._arrive(lane, now_ms)
            if lane.queue and heads.is_green(lane.detector.group) and now_ms - lane.left_ms >= HEADWAY_MS:
                self._leave(lane, bank, now_ms)
            seen = now_ms < lane.over_until_ms or (lane.queue > 0 and not heads.is_green(lane.detector.group))
            bank.set_occupied(lane.detector.id, occupied=seen)

    @staticmethod
    def _arrive(lane: _Lane, now_ms: int) -> None:
        mean_ms = 3_600_000 / lane.detector.vehicles_per_hour
        if lane.next_ms is None:
            lane.next_ms = now_ms
        while lane.next_ms <= now_ms:
            lane.queue += 1
            lane.next_ms += max(1, round(-log(1 - lane.chance.next()) * mean_ms))

    @staticmethod
    def _leave(lane: _Lane, bank: DetectorBank, now_ms: int) -> None:
        lane.queue -= 1
        lane.left_ms = now_ms
        lane.over_until_ms = now_ms + PASSING_MS
        drawn = lane.chance.next()
        vehicle = next(name for name, share in SHARES if drawn < share)
        speed = 22 + round(18 * lane.chance.next())
        bank.passed(lane.detector.id, Passage(now_ms, speed, vehicle))
