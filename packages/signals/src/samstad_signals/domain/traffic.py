"""Traffic at a controller's detectors, as it tells it each minute (S0205 to S0207).

A list has one place for each detector, in the order of their numbers; -1 stands for nothing known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from samstad_signals.domain.controller import Told

__all__ = ["COUNTED", "NO_TRAFFIC", "Traffic", "fold_traffic"]

MOST_DETECTORS = 256
COUNTED: Mapping[str, tuple[str, str]] = {
    "S0205": ("vehicles", "vehicles"),
    "S0206": ("speed", "speeds_kmh"),
    "S0207": ("occupancy", "occupancies"),
}
"""By status: the name of its list, and which member of the traffic it fills."""


class Traffic(NamedTuple):
    """What was counted in the latest interval; empty where nothing was told, None for what is not known.

    Attributes:
        observed_us: the end of the interval.
        vehicles: passed.
        speeds_kmh: on average.
        occupancies: shares of time, 0 to 1.
    """

    observed_us: int = 0
    vehicles: tuple[int | None, ...] = ()
    speeds_kmh: tuple[int | None, ...] = ()
    occupancies: tuple[float | None, ...] = ()


NO_TRAFFIC = Traffic()


def fold_traffic(traffic: Traffic, told: Iterable[Told], *, observed_us: int) -> Traffic:
    """Return the traffic after a message; the same object where the message tells none, or an older one."""
    found: dict[str, tuple[float | None, ...]] = {}
    for one in told:
        name, member = COUNTED.get(one.code, ("", ""))
        if one.name == name and one.value is not None:
            found[member] = _numbers(one.value, share=member == "occupancies")
    if not found or observed_us < traffic.observed_us:
        return traffic
    base = traffic if observed_us == traffic.observed_us else Traffic(observed_us)
    return base._replace(**found)  # type: ignore[arg-type]


def _numbers(text: str, *, share: bool) -> tuple[float | None, ...]:
    """Read a list; what is no number, or out of its range, is not known."""
    return tuple(_number(part, share=share) for part in text.split(",")[:MOST_DETECTORS])


def _number(text: str, *, share: bool) -> float | None:
    try:
        number = int(text)
    except ValueError:
        return None
    if share:
        return number / 100 if 0 <= number <= 100 else None
    return number if 0 <= number < 65_536 else None
