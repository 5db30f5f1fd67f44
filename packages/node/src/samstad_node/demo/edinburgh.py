"""Replays recorded data: emptyings of street bins in Edinburgh, a day in about a minute.

The data are a directory of the reference data (``bins-edinburgh``: City of Edinburgh Council, Open
Government Licence v3.0), read when they are there and never needed. They name places and no coordinates.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from samstad_node.demo.district import Entity, observed
from samstad_node.demo.life import Change

__all__ = ["Emptying", "bins", "change", "changes", "read_emptyings"]

COMPRESSION = 1440.0
"""A recorded day passes in a minute."""

_WHEN = "Date & Time of bin collection (Europe/London)"
_BEFORE = "Fill level before collection (%) [Nb 100% is actually a bin that's 80% full]"
_AFTER = "Fill level after"


class Emptying(NamedTuple):
    """One recorded emptying, levels as shares of the full container."""

    site: str
    name: str
    when: datetime
    before: float
    after: float

    @property
    def entity_id(self) -> str:
        """The id of the container's entity."""
        return f"urn:ngsi-ld:WasteContainer:edinburgh:{self.site}"


def read_emptyings(directory: Path) -> list[Emptying]:
    """Return what was recorded, oldest first; rows without a site, a time or levels are left out."""
    with (directory / "emptyings.csv").open(encoding="utf-8", newline="") as file:
        found = [emptying for row in csv.DictReader(file) if (emptying := _emptying(row)) is not None]
    return sorted(found, key=lambda emptying: emptying.when)


def _emptying(row: dict[str, str]) -> Emptying | None:
    try:
        when = datetime.fromisoformat(row[_WHEN])
        before, after = float(row[_BEFORE]) / 100, float(row[_AFTER]) / 100
    except (KeyError, TypeError, ValueError):
        return None
    return (
        Emptying(row["Site"], row["Site name"], when, _share(before), _share(after)) if row["Site"] else None
    )


def _share(level: float) -> float:
    return round(min(max(level, 0.0), 1.0), 3)


def bins(emptyings: list[Emptying], *, at: str) -> list[Entity]:
    """Return each container once, with the level before its first emptying."""
    firsts: dict[str, Emptying] = {}
    for emptying in emptyings:
        firsts.setdefault(emptying.site, emptying)
    return [_container(emptying, at) for emptying in firsts.values()]


def _container(emptying: Emptying, at: str) -> Entity:
    return {
        "id": emptying.entity_id,
        "type": "WasteContainer",
        "name": {"type": "Property", "value": emptying.name},
        "fillingLevel": observed(emptying.before, at),
        "source": {"type": "Property", "value": "https://data.edinburghopendata.info/"},
    }


def changes(emptyings: list[Emptying]) -> Iterator[tuple[float, Emptying]]:
    """Yield (seconds after the start, emptying), over and over, in compressed time."""
    span_s = (emptyings[-1].when - emptyings[0].when).total_seconds() / COMPRESSION + 1.0
    turn = 0
    while True:
        for emptying in emptyings:
            since = (emptying.when - emptyings[0].when).total_seconds()
            yield turn * span_s + since / COMPRESSION, emptying
        turn += 1


def change(emptying: Emptying, *, at: str) -> Change:
    """Return what an emptying does to its container."""
    fragment = {"fillingLevel": observed(emptying.after, at)}
    return Change(emptying.entity_id, fragment)
