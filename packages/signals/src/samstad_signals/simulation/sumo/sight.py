"""What is seen of the street: by vehicles that tell of themselves, or by radars at the stop lines.

*Connected*: every vehicle within a range tells its position, its speed and by which link it will pass the
next two signals; vehicles that wait to enter the network from a street that it cuts off are known as well.
*Radar*: along each approach, up to its own range, the position, speed and lane of every vehicle; where it
will turn is guessed from what its lane has done before, and nobody is seen beyond the next junction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import sqrt
from typing import Any, NamedTuple
from zlib import crc32

from samstad_rsmp.control.crossing import Arrival, View
from samstad_signals.simulation.sumo.imported import Imported

__all__ = ["Seeing", "Sight", "Street"]

ACCELERATION = 2.6
ROOM_M = 8.0
"""An exit whose last vehicle stands nearer than this takes nobody."""
STANDING_MPS = 1.0
SLOW_MPS = 2.0
CREEPING_MPS = 5.0
VEHICLE_M = 7.5
FULL = 0.75
CALL_M = 25.0
LEARNED = 30
MOST_OUTSIDE = 12
MOST_LANES = 4
"""So many lanes lead from the border to the first signal, at most, where vehicles outside are counted."""


class Seeing(Enum):
    """How the street is seen."""

    CONNECTED = "connected"
    RADAR = "radar"


RANGE_M = {Seeing.CONNECTED: 400.0, Seeing.RADAR: 150.0}


@dataclass
class Street:
    """What one junction sees at one moment.

    Attributes:
        view: for its planner.
        calls: groups at whose red somebody waits.
        standing: vehicles that stand, by lane.
    """

    view: View
    calls: set[str] = field(default_factory=set)
    standing: dict[str, int] = field(default_factory=dict)


Queues = dict[str, list[list[tuple[float, Arrival]]]]


@dataclass
class _Seen:
    """What one look at the whole street finds."""

    queues: Queues
    tails: dict[str, tuple[float, float]] = field(default_factory=dict)
    """The last vehicle of each lane: where its rear is, and its speed."""
    standing: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lined: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    """Vehicles that stand or have just begun to move, by the junction and the lane that they stand for."""
    occupied: set[str] = field(default_factory=set)
    calls: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class _Kind(NamedTuple):
    length_m: float
    weight: float


class Sight:
    """Looks at all junctions at once."""

    def __init__(
        self, sumo: Any, junctions: Mapping[str, Imported], *, seeing: Seeing, bus_weight: float = 5.0
    ) -> None:
        self._sumo = sumo
        self._junctions = junctions
        self._seeing = seeing
        self._range_m = RANGE_M[seeing]
        self._bus_weight = bus_weight
        self._kinds: dict[str, _Kind] = {}
        self._exits = {name: [way.exit for way in one.ways] for name, one in junctions.items()}
        self._inside = self._internal_nodes()
        self._lanes: dict[str, str] = {lane: name for name, one in junctions.items() for lane in one.lanes}
        self._fed = {link[0] for lane in sumo.lane.getIDList() for link in sumo.lane.getLinks(lane)}
        """Lanes that others lead into: what overflows there blocks others, not only the street outside."""
        self._length: dict[str, float] = {}
        self._shares: dict[tuple[str, int], list[int]] = {}
        self._coming: dict[str, tuple[str, int]] = {}
        self._entries: dict[str, list[tuple[str, str, int, float, int]]] = {}

    def look(self) -> dict[str, Street]:
        """Return what each junction sees now."""
        seen = _Seen({name: [[] for _ in one.lanes] for name, one in self._junctions.items()})
        for name in self._sumo.vehicle.getIDList():
            lane = self._sumo.vehicle.getLaneID(name)
            if not lane:
                continue
            speed = self._sumo.vehicle.getSpeed(name)
            if lane[0] == ":":
                self._within(lane, speed, seen)
            else:
                self._along(name, lane, speed, seen)
            self._approach(name, lane, speed, seen)
        if self._seeing is Seeing.CONNECTED:
            self._outside(seen.queues)
        return {name: self._street(name, seen) for name in self._junctions}

    def _within(self, lane: str, speed: float, seen: _Seen) -> None:
        owner = self._inside.get(lane.rsplit("_", 2)[0])
        if owner and speed < STANDING_MPS:
            seen.occupied.add(owner)

    def _along(self, name: str, lane: str, speed: float, seen: _Seen) -> None:
        kind = self._kinds.get(name) or self._kind(name)
        rear = self._sumo.vehicle.getLanePosition(name) - kind.length_m
        if lane not in seen.tails or rear < seen.tails[lane][0]:
            seen.tails[lane] = (rear, speed)
        if speed < STANDING_MPS:
            seen.standing[lane] += 1

    def _approach(self, name: str, lane: str, speed: float, seen: _Seen) -> None:
        coming = self._sumo.vehicle.getNextTLS(name)
        if not coming:
            return
        where, link, distance, _ = coming[0]
        junction = self._junctions.get(where)
        if junction is None or distance > self._range_m:
            return
        if self._sumo.vehicle.isStopped(name):
            return
        kind = self._kinds.get(name) or self._kind(name)
        limit = max(1.0, self._sumo.vehicle.getAllowedSpeed(name))
        waited = self._sumo.vehicle.getWaitingTime(name) if speed < STANDING_MPS else 0.0
        onward = None
        number = junction.crossing.links[link].lane
        if self._seeing is Seeing.CONNECTED:
            if len(coming) > 1 and coming[1][0] in self._junctions:
                onward = (coming[1][0], coming[1][1], (coming[1][2] - distance) / limit)
        else:
            link = self._guess(name, where, link, junction)
        arrival = Arrival(link, _reaches_s(distance, speed, limit), kind.weight, onward, waited)
        seen.queues[where][number].append((distance, arrival))
        if speed < CREEPING_MPS:
            seen.lined[where, number] += 1
        if distance < CALL_M and lane == junction.lanes[number]:
            seen.calls[where] |= self._called(junction, number, coming[0][1])

    def _called(self, junction: Imported, lane: int, link: int) -> set[str]:
        """Return the groups that a vehicle calls: its own, or all of its lane where its way is not known."""
        links = [link]
        if self._seeing is Seeing.RADAR:
            links = [n for n, one in enumerate(junction.crossing.links) if one.lane == lane]
        return {group for n in links if (group := junction.groups[n]) is not None}

    def _guess(self, name: str, where: str, link: int, junction: Imported) -> int:
        """Guess a turn as a radar would: by the shares of what has left this lane before."""
        lane = junction.crossing.links[link].lane
        shares = self._shares.setdefault((where, lane), [])
        known = self._coming.get(name)
        if known is None or known[0] != where:
            pick = shares[crc32(name.encode()) % len(shares)] if shares else -1
            self._coming[name] = (where, pick)
            shares.append(link)  # told when it has left; the order of some seconds changes no share
            del shares[:-LEARNED]
            return pick
        return known[1]

    def _outside(self, queues: Queues) -> None:
        """Add vehicles that wait for room to enter: they stand in the street before its first lane."""
        counts: dict[str, int] = defaultdict(int)
        for name in self._sumo.simulation.getPendingVehicles():
            counts[self._sumo.vehicle.getRoute(name)[0]] += 1
        for edge, count in counts.items():
            for lane, where, number, length, link in self._ways_from(edge):
                limit = max(1.0, self._sumo.lane.getMaxSpeed(lane))
                for n in range(min(MOST_OUTSIDE, count)):
                    distance = length + n * VEHICLE_M
                    queues[where][number].append((distance, Arrival(link, distance / limit)))

    def _ways_from(self, edge: str) -> list[tuple[str, str, int, float, int]]:
        """Return the approach lanes that are reached first from an edge at the border."""
        if edge not in self._entries:
            lanes = [f"{edge}_{n}" for n in range(self._sumo.edge.getLaneNumber(edge))]
            found = {one[0]: one for lane in lanes for one in self._follow(lane, 0.0, 0)}
            self._entries[edge] = list(found.values())
        return self._entries[edge]

    def _follow(self, lane: str, before_m: float, depth: int) -> list[tuple[str, str, int, float, int]]:
        length = before_m + self._length_of(lane)
        where = self._lanes.get(lane)
        if where is not None:
            junction = self._junctions[where]
            link = next(n for n, way in enumerate(junction.ways) if way.lane == lane)
            return [(lane, where, junction.lanes.index(lane), length, link)]
        if depth >= MOST_LANES:
            return []
        onward = [link[0] for link in self._sumo.lane.getLinks(lane)]
        return [one for after in onward for one in self._follow(after, length, depth + 1)]

    def _street(self, name: str, seen: _Seen) -> Street:
        junction = self._junctions[name]
        standing = seen.standing
        blocked = {
            n
            for n, lane in enumerate(self._exits[name])
            if lane in seen.tails and seen.tails[lane][0] < ROOM_M and seen.tails[lane][1] < SLOW_MPS
        }
        pressed = {
            n
            for n, lane in enumerate(junction.lanes)
            if lane in self._fed and seen.lined[name, n] * VEHICLE_M > FULL * self._length_of(lane)
        }
        ordered = [[one for _, one in sorted(queue, key=lambda pair: pair[0])] for queue in seen.queues[name]]
        wanted = {*junction.lanes, *self._exits[name]}
        return Street(
            View(ordered, blocked, name in seen.occupied, pressed),
            seen.calls[name],
            {lane: standing[lane] for lane in wanted if lane in standing},
        )

    def _kind(self, name: str) -> _Kind:
        vehicle = self._sumo.vehicle
        heavy = vehicle.getVehicleClass(name) in {"bus", "coach", "tram"}
        kind = _Kind(vehicle.getLength(name), self._bus_weight if heavy else 1.0)
        if len(self._kinds) > 50_000:
            self._kinds.clear()
        self._kinds[name] = kind
        return kind

    def _length_of(self, lane: str) -> float:
        if lane not in self._length:
            self._length[lane] = self._sumo.lane.getLength(lane)
        return self._length[lane]

    def _internal_nodes(self) -> dict[str, str]:
        found = {}
        for name in self._junctions:
            for links in self._sumo.trafficlight.getControlledLinks(name):
                for _, _, via in links:
                    if via:
                        found[via.rsplit("_", 2)[0]] = name
        return found


def _reaches_s(distance_m: float, speed_mps: float, limit_mps: float) -> float:
    """Return how long it takes to the stop line when nothing stands before it."""
    gained = max(0.0, limit_mps * limit_mps - speed_mps * speed_mps) / (2 * ACCELERATION)
    if distance_m < gained:
        return (sqrt(speed_mps * speed_mps + 2 * ACCELERATION * distance_m) - speed_mps) / ACCELERATION
    return (limit_mps - speed_mps) / ACCELERATION + (distance_m - gained) / limit_mps
