"""Pages along time (clause 6.3.10): where a history is cut, and what Content-Range says of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from samstad_ngsild.document import Instance
from samstad_ngsild.temporal.periods import period_text
from samstad_ngsild.temporal.temporal_query import TemporalQuery, time_of

__all__ = ["Cut", "content_range", "cut_history"]

Key = TypeVar("Key", bound=Hashable)
"""Names a time series in one response: an attribute, or an entity and an attribute."""


@dataclass(frozen=True, slots=True)
class Cut(Generic[Key]):
    """The part of a history that fits one response.

    Attributes:
        history: the part; an attribute of which nothing is left is absent.
        oldest_us, newest_us: times of the instances in the part; None: it is empty.
        is_partial: something was cut off, so that the answer is 206 with Content-Range.
    """

    history: dict[Key, list[Instance]]
    oldest_us: int | None
    newest_us: int | None
    is_partial: bool


def cut_history(
    history: Mapping[Key, list[Instance]],
    query: TemporalQuery,
    *,
    limit: int,
    time: Callable[[Instance], int | None] | None = None,
) -> Cut[Key]:
    """Return what of a history fits when no attribute may have more than ``limit`` instances.

    Args:
        history: instances as ``TemporalQuery.select`` orders them.
        query: its temporal property, and whether it asks for the last ones.
        limit: most instances of each attribute.
        time: of an instance, where it is not the query's temporal property.

    All attributes are cut at one time, the tightest, so that the range describes the whole response:
    forwards the earliest times are kept, with lastN the latest. Instances at the time of the cut are kept
    together, so a page may be longer where many instances have one time; the next page begins after it.
    """
    backwards = query.last_n is not None
    at = time or (lambda instance: time_of(instance, query.timeproperty))
    timed = {
        name: [(moment, i) for i in instances if (moment := at(i)) is not None]
        for name, instances in history.items()
    }
    edges = [found[limit - 1][0] for found in timed.values() if len(found) > limit]
    is_partial = False
    if edges:
        edge = max(edges) if backwards else min(edges)
        kept = {
            name: [pair for pair in found if (pair[0] >= edge if backwards else pair[0] <= edge)]
            for name, found in timed.items()
        }
        is_partial = any(len(kept[name]) < len(found) for name, found in timed.items())
        timed = kept
    moments = [moment for found in timed.values() for moment, _ in found]
    return Cut(
        history={name: [instance for _, instance in found] for name, found in timed.items() if found},
        oldest_us=min(moments, default=None),
        newest_us=max(moments, default=None),
        is_partial=is_partial,
    )


def content_range(query: TemporalQuery, *, oldest_us: int, newest_us: int) -> str:
    """Return the value of Content-Range for a partial response.

    Args:
        query: the temporal query.
        oldest_us: the least recent time in the response.
        newest_us: the most recent.
    """
    oldest, newest = period_text(oldest_us), period_text(newest_us)
    if query.last_n is not None:
        start = {"before": query.time_at, "between": query.end_time_at}.get(query.timerel or "") or newest
        return f"DateTime {start}-{oldest}/{query.last_n}"
    start = (query.time_at if query.timerel in {"after", "between"} else None) or oldest
    return f"DateTime {start}-{newest}/*"
