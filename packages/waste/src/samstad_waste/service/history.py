"""What the broker remembers of levels, read once at the start so that paces need not be learned anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from samstad_waste import mapping
from samstad_waste.domain.track import Reading
from samstad_waste.service.bins import Bins
from samstad_waste.spi.city import City

__all__ = ["learn_history"]

_AT_ONCE = 20
_LATEST = 400
_BACK_US = 28 * 24 * 3_600_000_000


async def learn_history(bins: Bins, city: City, *, now_us: int) -> int:
    """Learn from four weeks of levels, at most 400 of each container; return how many were read.

    Raises:
        ClientError: the broker is away; what was learned stays.
    """
    ids = [one.container.id for one in bins.all()]
    read = 0
    for start in range(0, len(ids), _AT_ONCE):
        query = (
            ("id", ",".join(ids[start : start + _AT_ONCE])),
            ("type", "WasteContainer"),
            ("attrs", "fillingLevel"),
            ("timerel", "after"),
            ("timeAt", mapping.iso(now_us - _BACK_US)),
            ("lastN", str(_LATEST)),
        )
        for entity in await city.query_temporal(query):
            levels = sorted(_levels(entity), key=lambda reading: reading.at_us)
            bins.learn_from(entity["id"], levels)
            read += len(levels)
    bins.learn_groups()
    return read


def _levels(entity: dict[str, Any]) -> Iterator[Reading]:
    told = entity.get("fillingLevel", [])
    for one in told if isinstance(told, list) else [told]:
        value, at_us = one.get("value"), mapping.time_us(one.get("observedAt"))
        if isinstance(value, int | float) and at_us:
            yield Reading(float(value), at_us)
