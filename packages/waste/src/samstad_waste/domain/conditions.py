"""What a person should know of a container: the table of alerts, and when each is raised. Pure."""

from __future__ import annotations

from typing import NamedTuple

from samstad_waste.domain.container import Container, metres_between
from samstad_waste.domain.track import Track

__all__ = ["KINDS", "Kind", "Limits", "Seen", "Verdict", "judge"]

_HOUR_US = 3_600_000_000


class Kind(NamedTuple):
    """A kind of alert: its category and severity in the models' words."""

    category: str
    severity: str


KINDS: dict[str, Kind] = {
    "overflowNow": Kind("service", "high"),
    "overflowLikely": Kind("service", "medium"),
    "missedCollection": Kind("service", "medium"),
    "fire": Kind("safety", "critical"),
    "tilted": Kind("damage", "medium"),
    "lidOpen": Kind("damage", "low"),
    "moved": Kind("vandalism", "medium"),
    "silent": Kind("communication", "low"),
    "implausible": Kind("deviceFault", "low"),
}


class Limits(NamedTuple):
    """When something is wrong; lengths in metres, times in µs."""

    fire_at_c: float = 70.0
    tilted_at_deg: float = 45.0
    moved_at_m: float = 75.0
    silent_after_us: int = 30 * _HOUR_US
    likely_at: float = 0.5
    doubts: int = 3
    missed_after_us: int = 2 * _HOUR_US


class Seen(NamedTuple):
    """What is known of a container beside its level.

    Attributes:
        heard_us: when a sensor of it last told a level; 0 where it has none.
        probability: of being full before the next visit; None where nobody knows.
        status: as its entity says.
        sensed_at: where its device says that it is.
    """

    heard_us: int = 0
    temperature_c: float | None = None
    angle_deg: float | None = None
    status: str = "ok"
    sensed_at: tuple[float, float] | None = None
    probability: float | None = None


class Verdict(NamedTuple):
    """Whether a kind holds; None: as it was (between the limits, or nothing is known)."""

    kind: str
    holds: bool | None


def judge(
    container: Container, track: Track, seen: Seen, limits: Limits, *, now_us: int
) -> tuple[Verdict, ...]:
    """Return a verdict for each kind; between raise and clear lies a gap, so that nothing flickers."""
    level = track.known.level if track.known else None
    silent_us = now_us - seen.heard_us if seen.heard_us else 0
    held = {
        "overflowNow": _above(level, container.full_at, container.full_at - 0.1),
        "overflowLikely": _above(seen.probability, limits.likely_at, limits.likely_at / 2),
        "missedCollection": _missed(container, track, limits, now_us),
        "fire": seen.status == "burning"
        or _above(seen.temperature_c, limits.fire_at_c, limits.fire_at_c - 15),
        "tilted": seen.status == "dropped"
        or _above(seen.angle_deg, limits.tilted_at_deg, limits.tilted_at_deg - 15),
        "lidOpen": seen.status == "lidOpen",
        "moved": seen.status == "moved" or _moved(container, seen, limits),
        "silent": silent_us > limits.silent_after_us,
        "implausible": None if 0 < track.doubts < limits.doubts else track.doubts >= limits.doubts,
    }
    return tuple(Verdict(kind, told) for kind, told in held.items())


def _above(value: float | None, raise_at: float, clear_at: float) -> bool | None:
    if value is None or clear_at <= value < raise_at:
        return None
    return value >= raise_at


def _moved(container: Container, seen: Seen, limits: Limits) -> bool | None:
    if container.place is None or seen.sensed_at is None:
        return None
    away_m = metres_between(container.place, seen.sensed_at)
    return _above(away_m, limits.moved_at_m, limits.moved_at_m / 2)


def _missed(container: Container, track: Track, limits: Limits, now_us: int) -> bool:
    due_us = container.due_us
    if not due_us or now_us < due_us + limits.missed_after_us:
        return False
    return track.emptied_us < due_us - 24 * _HOUR_US
