"""Signal priority: which level a vehicle's lateness is worth, and the life of a request (S0033)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["DEFAULT_RULES", "FINAL", "LatenessRule", "Request", "fold_request", "level_for", "rows_told"]

FIRST_LEVEL = 14
UNCONDITIONAL = frozenset({"emergency", "safetyCar"})
"""Vehicles that are never early."""
FINAL = frozenset({"completed", "timeout", "rejected", "cooldown", "stale"})
STATES = FINAL | {"received", "queued", "activated"}


class LatenessRule(NamedTuple):
    """From so many seconds late, a level of priority (0 lowest to 14 highest)."""

    from_s: int
    level: int


DEFAULT_RULES = (LatenessRule(60, 4), LatenessRule(180, 8), LatenessRule(300, 11))
"""Who is on time asks for nothing: priority is taken from somebody."""


class Request(NamedTuple):
    """One request of one vehicle at one junction.

    Attributes:
        level: that was asked for.
        states: each state with the time at which the controller came to it, in order.
        extended_s, shortened_s: green that was given more, red that was given less.
    """

    request_id: str
    vehicle: str
    lateness_s: int
    level: int
    asked_us: int
    states: tuple[tuple[str, int], ...] = ()
    extended_s: int = 0
    shortened_s: int = 0

    @property
    def state(self) -> str:
        """The latest state; ``sent`` while the controller has told none."""
        return self.states[-1][0] if self.states else "sent"

    @property
    def is_over(self) -> bool:
        """Whether the controller is done with it."""
        return self.state in FINAL


def level_for(
    vehicle_type: str, lateness_s: int, rules: Sequence[LatenessRule] = DEFAULT_RULES
) -> int | None:
    """Return the level that a vehicle may ask for; None where it is not late enough."""
    if vehicle_type in UNCONDITIONAL:
        return FIRST_LEVEL
    return max((rule.level for rule in rules if lateness_s >= rule.from_s), default=None)


class Row(NamedTuple):
    """What a controller tells of one request."""

    request_id: str
    state: str
    extended_s: int = 0
    shortened_s: int = 0


def rows_told(told: Any) -> Iterable[Row]:
    """Yield what S0033 says; what is no request is passed over."""
    for one in told if isinstance(told, list) else ():
        if isinstance(one, Mapping) and one.get("s") in STATES and isinstance(one.get("r"), str):
            yield Row(one["r"], one["s"], _seconds(one.get("e")), _seconds(one.get("d")))


def _seconds(text: Any) -> int:
    try:
        return max(0, int(text))
    except (TypeError, ValueError):
        return 0


def fold_request(request: Request, row: Row, *, observed_us: int) -> Request:
    """Return a request after what was told of it; the same object where that was known, or it is over."""
    if request.is_over or row.state == request.state:
        return request
    return request._replace(
        states=(*request.states, (row.state, observed_us)),
        extended_s=max(request.extended_s, row.extended_s),
        shortened_s=max(request.shortened_s, row.shortened_s),
    )
