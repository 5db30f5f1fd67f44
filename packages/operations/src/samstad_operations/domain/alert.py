"""An alert as far as it decides who is told."""

from __future__ import annotations

from typing import NamedTuple

from samstad_models.alerts import SEVERITIES

__all__ = ["CRITICAL", "FOREVER_US", "Alert", "rank"]

CRITICAL = len(SEVERITIES) - 1
"""The rank of what is told in quiet hours too."""
FOREVER_US = 2**62


class Alert(NamedTuple):
    """An alert of the city.

    Attributes:
        id: of its entity.
        category: what it is about.
        kind: its giver's code, ``alertType``.
        severity: one of the five, as a rank; 0 is the least.
        source: the entity that it is about.
        owners: organizations that are responsible.
        place: longitude and latitude; None where nobody says.
        text: its description.
        waits: active and not acknowledged: somebody should be told.
        silent_until_us: when it ends to be suspended; 0 where it is not.
    """

    id: str
    category: str
    kind: str
    severity: int
    source: str
    owners: tuple[str, ...] = ()
    place: tuple[float, float] | None = None
    text: str = ""
    waits: bool = True
    silent_until_us: int = 0


def rank(severity: str) -> int:
    """Return how urgent a severity is; one that nobody knows is taken for high, so that it is not missed."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else SEVERITIES.index("high")
