"""Which changes of a subscription go into its next notification.

Order is kept per entity: an entity stands in a notification once, its next change waits for the next
one; an entity with an open retry holds back its later changes and nobody else's. A throttled
subscription is told the newest change of each entity only (clause 5.2.12).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from samstad_broker.domain.rows import Row
from samstad_broker.service.delivery.lane import Lane

__all__ = ["Taken", "take"]


@dataclass(slots=True)
class Taken:
    """A stretch of the head of a queue.

    Attributes:
        rows: what is told.
        held: what must wait behind an open retry of its entity.
        too_old: how many changes are given up for their age.
        length: how many rows of the queue the stretch covers.
    """

    rows: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    too_old: int = 0
    length: int = 0


def take(lane: Lane, now_us: int, *, most: int) -> Taken:
    """Return the next stretch of a lane's queue, at most so many entities; the queue keeps it until told."""
    taken = Taken()
    told: dict[str, Row] = {}
    conflate = lane.subscription.throttling_us > 0
    size = 0
    for row in lane.queue:
        if row.subject in lane.held:
            if lane.held_rows + len(taken.held) >= lane.settings.held_rows:
                break
            taken.held.append(row)
        elif row.time_us < now_us - lane.settings.most_age_us:
            taken.too_old += 1
        elif not _is_stale(lane, row):
            known = row.subject in told
            size += len(row.document or b"")
            if (known and not conflate) or (told and not known and _is_full(lane, told, size, most)):
                break
            told[row.subject] = row
        taken.length += 1
    taken.rows = list(told.values())
    return taken


def _is_full(lane: Lane, told: dict[str, Row], size: int, most: int) -> bool:
    return len(told) >= min(most, lane.settings.batch_entities) or size > lane.settings.batch_bytes


def _is_stale(lane: Lane, row: Row) -> bool:
    """Whether the subscriber knows a newer state, or the change is outside the subscription's life."""
    expires_us = lane.subscription.expires_us
    if expires_us is not None and row.time_us >= expires_us:
        return True
    return bool(lane.superseded) and row.time_us < lane.superseded.get(row.subject, 0)
