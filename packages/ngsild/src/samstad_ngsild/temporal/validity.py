"""Scopes over time (clauses 4.18, 5.7.4.4, annex C.5.16): when an entity is in the scopes that are asked for.

A scope is valid from the time it was set until the next one is set or it is removed, so that one which was
set before the interval of a query counts inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from samstad_ngsild.document import NULL, Instance
from samstad_ngsild.temporal.temporal_query import TemporalQuery, time_of

__all__ = ["Validity", "scope_time", "valid_scopes", "valid_windows"]

_SYSTEM = frozenset({"createdAt", "modifiedAt"})

Window = tuple[int | None, int | None]
"""The first microsecond inside and the first that is not; None: open."""


class Validity(NamedTuple):
    """A scope that matches, and when inside the interval of the query it does."""

    start_us: int
    end_us: int | None
    scope: Instance


def scope_time(scope: Instance, timeproperty: str) -> int | None:
    """Return when a scope was set or removed, by the query's temporal property."""
    if timeproperty in _SYSTEM:
        return time_of(scope, timeproperty)
    return time_of(scope, "deletedAt" if scope["value"] == NULL else "observedAt")


def valid_scopes(
    scopes: Iterable[Instance], matches: Callable[[Collection[str]], bool], query: TemporalQuery
) -> list[Validity]:
    """Return the scopes of an entity that match inside the interval of a query, in order of time.

    Args:
        scopes: the instances of the scope from its beginning; of one time the last one counts.
        matches: tells whether scopes are those that are asked for.
        query: its interval and temporal property.
    """
    timed = [
        (time_us, scope) for scope in scopes if (time_us := scope_time(scope, query.timeproperty)) is not None
    ]
    timed.sort(key=lambda pair: pair[0])
    found = []
    for index, (time_us, scope) in enumerate(timed):
        following = timed[index + 1][0] if index + 1 < len(timed) else None
        start = time_us if query.start_us is None else max(time_us, query.start_us)
        ends = [end for end in (following, query.end_us) if end is not None]
        end = min(ends, default=None)
        if (end is None or start < end) and scope["value"] != NULL and matches(scope["value"]):
            found.append(Validity(start, end, scope))
    return found


def valid_windows(validities: Sequence[Validity]) -> list[Window]:
    """Return the windows in which one of the scopes is valid; neighbours are joined."""
    windows: list[Window] = []
    for start, end, _ in validities:
        if windows and windows[-1][1] == start:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows
