"""A container as the service sees it, and its model's geometry. Lengths in metres, volumes in litres."""

from __future__ import annotations

import math
from typing import NamedTuple

from samstad_waste.domain.errors import InventoryRefused, ReadingRefused

__all__ = [
    "TOLERANCE",
    "Container",
    "Geometry",
    "combine",
    "level_of_deposits",
    "level_of_distance",
    "metres_between",
]

TOLERANCE = 0.08
"""A level may be this much beyond empty or full: uneven content, a lid that gives, a sensor's error."""
_EARTH_M = 6_371_008.8


class Geometry(NamedTuple):
    """How the containers of one model turn what sensors tell into a share.

    Attributes:
        sensor_height_m: of the sensor over the bottom.
        full_height_m: of the content at which the container is full.
        angle_deg: of the beam from straight down.
        blind_m: nearer than this a sensor sees nothing, and says this distance at least.
        litres_per_deposit: mean of what one opening of the lid leaves, for containers that count only.
        volume_l: of a full container.
        profile: pairs (height in metres, share), rising, for containers that widen or narrow.
    """

    sensor_height_m: float
    full_height_m: float
    angle_deg: float = 0.0
    blind_m: float = 0.0
    litres_per_deposit: float | None = None
    volume_l: float | None = None
    profile: tuple[tuple[float, float], ...] = ()

    def check(self) -> Geometry:
        """Return the same where it can be; raises InventoryRefused with what to change."""
        if not 0 < self.full_height_m <= self.sensor_height_m <= 20:
            raise InventoryRefused(
                f"fullHeight {self.full_height_m} m must be above 0 and at most sensorHeight "
                f"{self.sensor_height_m} m (20 m at most)."
            )
        if not 0 <= self.angle_deg < 80:
            raise InventoryRefused(
                f"angle {self.angle_deg}° must lie from 0 to below 80, from straight down."
            )
        shares = [share for _, share in self.profile]
        heights = [height for height, _ in self.profile]
        if self.profile and (
            heights != sorted(set(heights)) or shares != sorted(shares) or (shares[0], shares[-1]) != (0, 1)
        ):
            raise InventoryRefused("profile must rise in height and share, from share 0 to share 1.")
        return self


class Container(NamedTuple):
    """A bin.

    Attributes:
        place: longitude and latitude, or None where nobody has said.
        streams: kinds of waste.
        full_at: share at which it counts as full.
        devices: in it.
        due_us: it must be emptied before; 0 where no time is set.
        service_s: seconds that an emptying takes.
        window_s: seconds of the local day between which it may be emptied.
    """

    id: str
    name: str = ""
    place: tuple[float, float] | None = None
    streams: tuple[str, ...] = ("other",)
    capacity_l: float | None = None
    full_at: float = 0.9
    model: str | None = None
    owner: str | None = None
    devices: tuple[str, ...] = ()
    due_us: int = 0
    service_s: int = 90
    window_s: tuple[int, int] = (0, 86_400)


def level_of_distance(geometry: Geometry, distance_m: float) -> float:
    """Return the share that is full, by the distance from the sensor to the content.

    Raises:
        ReadingRefused: the content would lie below the bottom, or above the sensor.
    """
    if not math.isfinite(distance_m) or distance_m < 0:
        raise ReadingRefused(f"A distance of {distance_m} m cannot be: check the sensor and its unit.")
    down_m = max(distance_m, geometry.blind_m) * math.cos(math.radians(geometry.angle_deg))
    height_m = geometry.sensor_height_m - down_m
    share = _share_at(geometry, height_m)
    if share < -TOLERANCE:
        raise ReadingRefused(
            f"A distance of {distance_m:.2f} m lies {-height_m:.2f} m below the bottom: "
            "check the model's sensorHeight and angle, or the sensor."
        )
    return min(max(share, 0.0), 1.0)


def _share_at(geometry: Geometry, height_m: float) -> float:
    if not geometry.profile or height_m < 0:
        return height_m / geometry.full_height_m
    below = geometry.profile[0]
    for above in geometry.profile[1:]:
        if height_m <= above[0]:
            along = (height_m - below[0]) / (above[0] - below[0])
            return below[1] + along * (above[1] - below[1])
        below = above
    return 1.0


def level_of_deposits(geometry: Geometry, deposits: float, *, capacity_l: float | None) -> float:
    """Return the share that is full, by deposits since the last emptying.

    Raises:
        ReadingRefused: a negative count, or nobody has said how much a deposit is.
    """
    if not math.isfinite(deposits) or deposits < 0:
        raise ReadingRefused(f"{deposits} deposits since the last emptying cannot be.")
    volume_l = capacity_l or geometry.volume_l
    if not volume_l or not geometry.litres_per_deposit:
        raise ReadingRefused("Deposits tell no level without litresPerDeposit of the model and a capacity.")
    return min(deposits * geometry.litres_per_deposit / volume_l, 1.0)


def combine(levels: list[float]) -> float:
    """Return one share for a container of several sensors: the mean, of three or more without extremes."""
    if not levels:
        raise ReadingRefused("No sensor of the container tells anything that can be.")
    ordered = sorted(levels)
    kept = ordered[1:-1] if len(ordered) >= 3 else ordered
    return sum(kept) / len(kept)


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance between two places (longitude, latitude)."""
    lon, lat, lon2, lat2 = (math.radians(value) for value in (*one, *other))
    half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))
