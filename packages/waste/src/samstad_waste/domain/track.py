"""One container's level over time: what is believed of readings, and when it was emptied.

::

    reading ──▶ impossible or older than the last ──▶ Doubtful, nothing changes
            ──▶ near what was known               ──▶ LevelSeen
            ──▶ far above or far below            ──▶ waits for the next reading
                    the next one is nearer to it  ──▶ LevelSeen, or Emptied and LevelSeen
                    the next one is not           ──▶ Doubtful: the one that waited was a spike

Shares from 0 to 1, times in µs since 1970 UTC.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from samstad_waste.domain.container import TOLERANCE

__all__ = ["Doubtful", "Emptied", "Event", "LevelSeen", "Reading", "Track", "emptied_by_crew", "follow"]

JUMP = 0.3
"""A rise of more between two readings waits for a second one: somebody's box, a bird, an echo."""
QUICK_PER_H = 0.1
"""A bin may fill by this much in an hour beyond the jump, before a reading is doubted."""
DROP = 0.15
"""A fall of more may be an emptying; less is waste that settles, or is pressed."""
_SAME = 0.06
"""What a sensor may waver by and still tell the same level."""
_HOUR_US = 3_600_000_000


class Reading(NamedTuple):
    """What was measured, and when."""

    level: float
    at_us: int


class LevelSeen(NamedTuple):
    """A level that is believed."""

    level: float
    at_us: int


class Emptied(NamedTuple):
    """The container was emptied, by the word of a crew or of a sensor; then it was before ``at_us``."""

    at_us: int
    before: float | None
    after: float
    by: str = "sensor"


class Doubtful(NamedTuple):
    """A reading that is not believed, with the reason: ``impossible``, ``late`` or ``spike``."""

    level: float
    at_us: int
    why: str


Event = LevelSeen | Emptied | Doubtful


class Track(NamedTuple):
    """What is known of one container.

    Attributes:
        known: the latest reading that is believed.
        waiting: one that a second must confirm.
        emptied_us: when it was last emptied; 0 where nobody knows.
        doubts: readings in a row that were not believed.
        still: since when, and at which level, it has told the same.
    """

    known: Reading | None = None
    waiting: Reading | None = None
    emptied_us: int = 0
    doubts: int = 0
    still: Reading | None = None


def follow(track: Track, reading: Reading) -> tuple[Track, list[Event]]:
    """Return the track after a reading, and what came of it; a reading told twice changes nothing."""
    if reading in (track.known, track.waiting):
        return track, []
    if not math.isfinite(reading.level) or not -TOLERANCE <= reading.level <= 1 + TOLERANCE:
        return _doubt(track, reading, "impossible")
    latest_us = max(one.at_us for one in (track.known, track.waiting, Reading(0, 0)) if one)
    if reading.at_us <= latest_us:
        return track, [Doubtful(*reading, why="late")]
    reading = Reading(min(max(reading.level, 0.0), 1.0), reading.at_us)
    if track.waiting is None:
        return _first_word(track, reading)
    return _second_word(track, track.waiting, reading)


def _doubt(track: Track, reading: Reading, why: str) -> tuple[Track, list[Event]]:
    return track._replace(doubts=track.doubts + 1), [Doubtful(*reading, why=why)]


def _first_word(track: Track, reading: Reading) -> tuple[Track, list[Event]]:
    if track.known is None or _is_near(track.known, reading):
        return _believed(track, reading)
    return track._replace(waiting=reading), []


def _is_near(known: Reading, reading: Reading) -> bool:
    hours = (reading.at_us - known.at_us) / _HOUR_US
    return -DROP < reading.level - known.level <= JUMP + QUICK_PER_H * hours


def _believed(track: Track, reading: Reading) -> tuple[Track, list[Event]]:
    still = track.still
    if still is None or abs(reading.level - still.level) > _SAME:
        still = reading
    return track._replace(known=reading, waiting=None, doubts=0, still=still), [LevelSeen(*reading)]


def _second_word(track: Track, waiting: Reading, reading: Reading) -> tuple[Track, list[Event]]:
    known = track.known
    if known is None or abs(reading.level - waiting.level) < abs(reading.level - known.level):
        return _confirmed(track, waiting, reading)
    cleared, events = _doubt(track._replace(waiting=None), waiting, "spike")
    told, more = _first_word(cleared, reading)
    return told, [*events, *more]


def _confirmed(track: Track, waiting: Reading, reading: Reading) -> tuple[Track, list[Event]]:
    events: list[Event] = [LevelSeen(*waiting)]
    emptied_us = track.emptied_us
    if track.known is not None and waiting.level < track.known.level:
        events.insert(0, Emptied(waiting.at_us, track.known.level, waiting.level))
        emptied_us = waiting.at_us
    known, more = _believed(track._replace(emptied_us=emptied_us), reading)
    return known, [*events, *more]


def emptied_by_crew(track: Track, *, at_us: int, after: float = 0.0) -> tuple[Track, list[Event]]:
    """Return the track after a crew's word; told twice, or found by the sensor before, changes nothing."""
    if track.emptied_us and abs(at_us - track.emptied_us) < _HOUR_US // 2:
        return track, []
    before = track.known.level if track.known and track.known.at_us <= at_us else None
    events: list[Event] = [Emptied(at_us, before, after, by="crew")]
    if track.known is None or track.known.at_us <= at_us:
        known = Reading(after, at_us)
        track = track._replace(known=known, waiting=None, still=known)
    return track._replace(emptied_us=max(track.emptied_us, at_us)), events
