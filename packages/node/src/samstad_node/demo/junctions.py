"""The signalled junctions of the invented district, the same in every run. Pure."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FAULTY", "JUNCTIONS", "DemoJunction"]

_LONG = ("Ekgatan", "Kvarnvägen", "Skolgatan", "Strandpromenaden")
_ACROSS = ("Smedjegränd", "Norra vägen", "Torggatan", "Slottsgatan", "Hamnleden")
_CORNER = (16.5330, 59.6060)
_STEP = (0.0052, 0.0024)


class DemoJunction(NamedTuple):
    """A junction: its site id in RSMP, its name, where it is, and its corridor."""

    site_id: str
    name: str
    longitude: float
    latitude: float
    corridor: str


JUNCTIONS = tuple(
    DemoJunction(
        f"VA+SI{1 + row * len(_ACROSS) + column:04}",
        f"{street}/{across}",
        round(_CORNER[0] + column * _STEP[0], 6),
        round(_CORNER[1] + row * _STEP[1], 6),
        street,
    )
    for row, street in enumerate(_LONG)
    for column, across in enumerate(_ACROSS)
)
"""Twenty: four streets, five across."""

FAULTY = JUNCTIONS[6]
"""A detector of this one is stuck after two minutes."""
