"""Whether a sensor's level may be gone by: one that sits still while waste must have come is not. Pure."""

from __future__ import annotations

from samstad_waste.domain.pace import Group, Pace, Week
from samstad_waste.domain.track import Reading, Track

__all__ = ["known_level"]

_MUST_HAVE_COME = 0.6
"""Share that the pace lets expect since the emptying, of which a sound sensor has seen something."""
_SOMETHING = 0.08
_AFTER_EMPTYING = 0.35
"""A sensor that tells more right after a crew emptied the container did not see it."""
_HOUR_US = 3_600_000_000


def known_level(track: Track, pace: Pace, group: Group, week: Week) -> Reading | None:
    """Return from where a container's level is foreseen: its sensor's latest word, or its last emptying.

    The emptying is taken where there is no level, or the sensor cannot be gone by: it told of a full
    container soon after a crew's emptying, or of no growth while much must have come.
    """
    known, emptied_us = track.known, track.emptied_us
    if not emptied_us:
        return known
    if known is None or known.at_us < emptied_us:
        return Reading(0.0, emptied_us)
    busy_h = week.busy_h(emptied_us, known.at_us)
    own = (pace.growth + 36 * group.rate) / (pace.busy_h + 36)
    rate = max(own, group.rate / 2)
    expected = rate * busy_h
    is_stuck_low = expected >= _MUST_HAVE_COME and known.level <= _SOMETHING
    soon = known.at_us - emptied_us <= 24 * _HOUR_US
    is_stuck_high = soon and known.level >= _AFTER_EMPTYING + 3 * expected
    return Reading(0.0, emptied_us) if is_stuck_low or is_stuck_high else known
