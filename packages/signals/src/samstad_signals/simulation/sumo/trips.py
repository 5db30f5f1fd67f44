"""The trips of a run: delays of everybody, those that never came in or never arrived included."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = ["Trips", "read_trips"]

BUSES = ("bus", "coach", "tram")


@dataclass(frozen=True)
class Trips:
    """What became of the vehicles; means are over all that were scheduled.

    Attributes:
        scheduled: vehicles that should have departed before the end.
        arrived: those that are through.
        unfinished: still in the network.
        outside: never inserted.
        delay_s: time lost while driving, and before entering.
        delay_p95_s: the 95th percentile of the same.
        stops: how often a vehicle came to a stand.
        bus_delay_s: the delay of buses; None without any.
    """

    scheduled: int
    arrived: int
    unfinished: int
    outside: int
    delay_s: float
    delay_p95_s: float
    stops: float
    bus_delay_s: float | None


def read_trips(path: Path) -> Trips:
    """Read what SUMO wrote of every vehicle."""
    delays: list[float] = []
    buses: list[float] = []
    stops = arrived = unfinished = outside = 0
    for _, element in ET.iterparse(path):  # noqa: S314  # written by the simulation beside us
        if element.tag != "tripinfo":
            continue
        departed = float(element.get("depart", "-1")) >= 0
        waited = float(element.get("departDelay", "0"))
        lost = waited + (float(element.get("timeLoss", "0")) if departed else 0.0)
        delays.append(lost)
        stops += int(element.get("waitingCount", "0")) if departed else 0
        if not departed:
            outside += 1
        elif float(element.get("arrival", "-1")) < 0:
            unfinished += 1
        else:
            arrived += 1
        if _is_bus(element):
            buses.append(lost)
        element.clear()
    delays.sort()
    count = len(delays)
    return Trips(
        scheduled=count,
        arrived=arrived,
        unfinished=unfinished,
        outside=outside,
        delay_s=sum(delays) / count if count else 0.0,
        delay_p95_s=delays[max(0, ceil(0.95 * count) - 1)] if count else 0.0,
        stops=stops / count if count else 0.0,
        bus_delay_s=sum(buses) / len(buses) if buses else None,
    )


def _is_bus(element: ET.Element) -> bool:
    return any(word in element.get("vType", "").lower() for word in BUSES)
