"""What a device's messages tell of its health: battery, loss, two boxes with one identity, joins without end.

A ``Memory`` is what is kept of a device between messages; every function gives what it now says. Times are
microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

__all__ = [
    "Battery",
    "Cause",
    "Memory",
    "Neighbourhood",
    "battery_of",
    "cause_of_silence",
    "is_cloned",
    "is_storm",
    "remember_address",
    "remember_battery",
    "remember_gateways",
    "remember_loss",
    "remember_times",
]

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
_MOST_GATEWAYS = 4
_MOST_SAMPLES = 32
_SAMPLE_EVERY_US = 6 * HOUR_US
_LEAST_SPAN_US = 3 * DAY_US
_LEAST_SAMPLES = 4
_MOST_TIMES = 16
_MOST_ADDRESSES = 6
_SMOOTHING = 0.1
_WEAK_SNR_DB = -12.0
_WEAK_LOSS = 0.3
_FAR_AHEAD_US = 3_650 * DAY_US


class Memory(msgspec.Struct, array_like=True, omit_defaults=True):
    """What is kept of one device.

    Attributes:
        gateways: that heard it last → when.
        snr_db: of its best gateway, smoothed; None where no network tells.
        loss: share of frames that its counter says are missing, smoothed.
        battery: levels from 0 to 1, with when; at least six hours apart.
        joins, doubts, faults, takeovers: when such a thing happened, the newest last.
        addresses: sessions in the order in which they spoke, each noted where it differs from the last.
    """

    gateways: dict[str, int] = {}
    snr_db: float | None = None
    loss: float = 0.0
    battery: list[tuple[int, float]] = []
    joins: list[int] = []
    doubts: list[int] = []
    faults: list[int] = []
    takeovers: list[int] = []
    addresses: list[tuple[int, str]] = []


def remember_gateways(memory: Memory, heard: Iterable[str], *, snr_db: float | None, time_us: int) -> None:
    """Note which gateways heard a frame, and how well the best of them did."""
    for gateway in heard:
        memory.gateways[gateway] = time_us
    while len(memory.gateways) > _MOST_GATEWAYS:
        del memory.gateways[min(memory.gateways, key=memory.gateways.__getitem__)]
    if snr_db is not None:
        known = memory.snr_db
        memory.snr_db = snr_db if known is None else known + _SMOOTHING * (snr_db - known)


def remember_loss(memory: Memory, *, frames: int, lost: int) -> float:
    """Note how many frames came and how many are missing before them; return the smoothed share."""
    for share in (*([1.0] * min(lost, 50)), *([0.0] * frames)):
        memory.loss += _SMOOTHING / 2 * (share - memory.loss)
    return memory.loss


def remember_battery(memory: Memory, level: float, *, time_us: int) -> None:
    """Note a battery level; a level that rises by a fifth is a new battery, and the trend begins anew."""
    samples = memory.battery
    if samples and level > samples[-1][1] + 0.2:
        samples.clear()
    if samples and time_us - samples[-1][0] < _SAMPLE_EVERY_US:
        return
    samples.append((time_us, level))
    if len(samples) > _MOST_SAMPLES:
        # Every other one goes, so that the span grows and the newest stay.
        del samples[1:-2:2]


class Battery(NamedTuple):
    """How a battery does.

    Attributes:
        level: newest, 0 to 1.
        empty_us: when it will be empty at this pace; None where it does not fall, or too little is known.
    """

    level: float
    empty_us: int | None


def battery_of(memory: Memory) -> Battery | None:
    """Return how the battery does, by a straight line through its levels; None where none is known."""
    if not memory.battery:
        return None
    last_us, level = memory.battery[-1]
    slope = _slope(memory.battery)
    if slope is None or slope >= 0:
        return Battery(level, None)
    ahead_us = level / -slope
    return Battery(level, last_us + round(ahead_us) if ahead_us < _FAR_AHEAD_US else None)


def _slope(samples: Sequence[tuple[int, float]]) -> float | None:
    """Return the level's change for each microsecond; None where the samples are too few or too close."""
    if len(samples) < _LEAST_SAMPLES or samples[-1][0] - samples[0][0] < _LEAST_SPAN_US:
        return None
    middle_us = sum(time_us for time_us, _ in samples) / len(samples)
    middle = sum(level for _, level in samples) / len(samples)
    above = sum((time_us - middle_us) * (level - middle) for time_us, level in samples)
    return above / sum((time_us - middle_us) ** 2 for time_us, _ in samples)


def remember_times(times: list[int], time_us: int) -> None:
    """Note when something happened; only the newest are kept."""
    times.append(time_us)
    del times[:-_MOST_TIMES]


def is_storm(times: Sequence[int], *, most: int, within_us: int, now_us: int) -> bool:
    """Tell whether something happened more often than it may."""
    return sum(now_us - one <= within_us for one in times) > most


def remember_address(memory: Memory, address: str, *, time_us: int) -> None:
    """Note from which session a frame came."""
    if not memory.addresses or memory.addresses[-1][1] != address:
        memory.addresses.append((time_us, address))
        del memory.addresses[:-_MOST_ADDRESSES]


def is_cloned(memory: Memory, *, now_us: int) -> bool:
    """Tell whether two boxes speak with one identity.

    A session that was followed by another one and then speaks again (A, B, A, B) within a day is a second
    box: a device that joins anew never goes back. A connection that two clients take from each other again
    and again is the same by MQTT.
    """
    recent = [address for time_us, address in memory.addresses if now_us - time_us <= DAY_US]
    returns = len(recent) - len(set(recent))
    return returns >= 2 or is_storm(memory.takeovers, most=4, within_us=HOUR_US, now_us=now_us)


Cause = str
"""``node``, ``link``, ``gateway``, ``radio`` or ``device``: whose a silence is."""


class Neighbourhood(NamedTuple):
    """What is known of others when a device is silent.

    Attributes:
        newest_us: when anything came at all.
        ways: by which messages come → when one came last, and how many of its devices are silent.
        gateways: → when it heard anything last, and how many of its devices are silent.
    """

    newest_us: int
    ways: Mapping[str, tuple[int, int]]
    gateways: Mapping[str, tuple[int, int]]


_FEW = 2
"""Where fewer devices are silent, a gateway or a link cannot be told from the device itself."""


def cause_of_silence(
    memory: Memory, *, way: str, due_us: int, around: Neighbourhood, now_us: int
) -> tuple[Cause, str]:
    """Return whose a silence is, and its name: of the gateway or the way, else empty.

    What others heard *since the device was due* decides: a gateway that hears its other devices is not the
    cause, one that has heard nothing of any of them is.

    Args:
        memory: of the device.
        way: by which it was heard last.
        due_us: when its silence began to be too long.
        around: the others.
        now_us: the clock.
    """
    if len(around.ways) > 1 and around.newest_us < due_us:
        return "node", ""
    last_us, silent = around.ways.get(way, (now_us, 0))
    if silent > _FEW and last_us < due_us:
        return "link", way
    known = {name: around.gateways.get(name, (now_us, 0)) for name in memory.gateways}
    if known and all(last < due_us for last, _ in known.values()):
        name = max(known, key=lambda one: known[one][1])
        if known[name][1] >= _FEW:
            return "gateway", name
    if memory.loss > _WEAK_LOSS or (memory.snr_db is not None and memory.snr_db < _WEAK_SNR_DB):
        return "radio", ""
    return "device", ""
