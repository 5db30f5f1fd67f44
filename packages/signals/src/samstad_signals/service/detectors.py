"""Which detectors do not work, by what they count: stuck on, stuck off, implausible (alerts and status).

What is to be expected of a detector is learnt: vehicles by the hour of the week, each new hour a part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from samstad_signals.domain.measures.detectors import DetectorFault, Interval, find_fault
from samstad_signals.domain.traffic import Traffic

__all__ = ["STATUS_OF", "DetectorWatch"]

HOURS = 168
REMEMBERED = 120
LEARNING = 0.2
SECOND_US = 1_000_000
LONGEST_S = 3600

STATUS_OF: Mapping[DetectorFault | None, str] = {
    None: "ok",
    "stuckOn": "stuckOn",
    "stuckOff": "stuckOff",
    "implausible": "failed",
    "chattering": "failed",
}
"""The models' word for each fault."""


@dataclass
class _Detector:
    intervals: deque[Interval] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    per_s: dict[int, float] = field(default_factory=dict)
    fault: DetectorFault | None = None


class DetectorWatch:
    """Watches all detectors of all junctions."""

    def __init__(self) -> None:
        self._detectors: dict[tuple[str, int], _Detector] = {}
        self._latest: dict[str, int] = {}

    def take(self, site_id: str, traffic: Traffic) -> Iterator[tuple[int, DetectorFault | None]]:
        """Take an interval's traffic, and yield the detectors whose fault has changed."""
        before_us = self._latest.get(site_id, 0)
        seconds = (traffic.observed_us - before_us) // SECOND_US
        self._latest[site_id] = traffic.observed_us
        if not 0 < seconds <= LONGEST_S:
            return
        for number, vehicles in enumerate(traffic.vehicles, start=1):
            found = self._detectors.setdefault((site_id, number), _Detector())
            known = traffic.occupancies
            occupancy = known[number - 1] if number <= len(known) else None
            found.intervals.append(
                Interval(seconds, vehicles, occupancy, _expected(found, traffic.observed_us, seconds))
            )
            if vehicles is not None and found.fault is None:
                _learn(found, traffic.observed_us, vehicles / seconds)
            fault = find_fault(tuple(found.intervals))
            if fault != found.fault:
                found.fault = fault
                yield number, fault

    def status(self, site_id: str, number: int) -> str | None:
        """Return the models' word for how a detector stands; None where it has counted nothing yet."""
        found = self._detectors.get((site_id, number))
        known = found is not None and any(one.vehicles is not None for one in found.intervals)
        return STATUS_OF[found.fault] if found is not None and known else None


def _hour(observed_us: int) -> int:
    return observed_us // (3600 * SECOND_US) % HOURS


def _expected(detector: _Detector, observed_us: int, seconds: int) -> float | None:
    per_s = detector.per_s.get(_hour(observed_us))
    return per_s * seconds if per_s is not None else None


def _learn(detector: _Detector, observed_us: int, per_s: float) -> None:
    """A silent detector teaches little: what it counts in an hour is weighed with what it counted before."""
    hour = _hour(observed_us)
    before = detector.per_s.get(hour)
    part = LEARNING / 60
    detector.per_s[hour] = per_s if before is None else before + part * (per_s - before)
