"""Whether a sensor's level may be gone by: one that sits still while waste must have come is not. Pure."""

from __future__ import annotations

from samstad_waste.domain.pace import Group, Pace, Week
from samstad_waste.domain.track import Reading, Track

__all__ = ["basis"]

_MUST_HAVE_COME = 0.35
"""Share that must have come while a sensor told the same level, so that it is not believed any more."""
_TOP = 0.9
"""A full bin tells the same level in truth."""
_AFTER_EMPTYING = 0.35
"""A sensor that tells more soon after a crew emptied the container did not see it."""
_HOUR_US = 3_600_000_000


def basis(track: Track, pace: Pace, group: Group, week: Week) -> tuple[Reading | None, Pace]:
    """Return from which level and by which pace a container is foreseen.

    They are its sensor's latest word and its own pace; or, where the sensor cannot be gone by, the last
    emptying or the last level that was news, and the pace of similar containers.
    """
    known, emptied_us = track.known, track.emptied_us
    emptied = Reading(0.0, emptied_us) if emptied_us else None
    if known is None or (emptied and known.at_us < emptied_us):
        return emptied, pace
    if emptied and _did_not_see(known, emptied, group, week):
        return emptied, Pace()
    still = track.still
    if still is None or known.level >= _TOP:
        return known, pace
    if group.rate * week.busy_h(still.at_us, known.at_us) < _MUST_HAVE_COME:
        return known, pace
    return (emptied if emptied and emptied.at_us >= still.at_us else still), Pace()


def _did_not_see(known: Reading, emptied: Reading, group: Group, week: Week) -> bool:
    if known.at_us - emptied.at_us > 24 * _HOUR_US:
        return False
    expected = group.rate * week.busy_h(emptied.at_us, known.at_us)
    return known.level >= _AFTER_EMPTYING + 3 * expected
