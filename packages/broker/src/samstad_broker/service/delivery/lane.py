"""The lane of one subscription: what it still has to tell, and how far it has got.

A lane is *live* when every matching row up to the tail of the log is done or in its queue, and
*behind* when rows after ``read`` are still only in the log. Its cursor stands before the first row
that is neither told nor in the retry table.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.service.delivery.gate import Gate
from samstad_broker.service.delivery.settings import DeliverySettings
from samstad_broker.spi.store import RetryEntry, SubscriptionProgress

__all__ = ["ENTITY_RESYNC", "FULL_RESYNC", "Counters", "Held", "Lane"]

ENTITY_RESYNC = "resync: "
"""Begins the reason of a retry entry that stands for the current state of one entity."""
FULL_RESYNC = ""
"""The subject of the retry entry that stands for the current state of all matching entities."""


@dataclass(slots=True)
class Held:
    """The changes of one entity that could not be told yet, oldest first; they hold back later ones.

    Attributes:
        rows: positions with their rows; a row is None until it is read from the log again.
        resync: the current state is told instead of the rows.
    """

    subject: str
    rows: deque[tuple[Position, Row | None]]
    attempts: int
    due_us: int
    reason: str
    resync: bool = False

    def entry(self, lane: Lane, position: Position) -> RetryEntry:
        """Return the entry of the retry table for one of the rows."""
        return RetryEntry(
            lane.tenant,
            lane.subscription.id,
            self.subject,
            position,
            self.attempts,
            self.due_us,
            self.reason,
        )


@dataclass(slots=True)
class Counters:
    """What clause 5.2.14.2 wants shown."""

    times_sent: int = 0
    times_failed: int = 0
    last_notification: str | None = None
    last_success: str | None = None
    last_failure: str | None = None
    status: str = "ok"
    given_up: int = 0


@dataclass(slots=True, eq=False)
class Lane:
    """One subscription at work.

    Attributes:
        cursor: every matching row up to here is told or in ``held``.
        read: where a lane that is behind goes on reading the log.
        queue: rows to tell, in order.
        taken: whether rows at the head of the queue are under way.
        singly: how many rows at the head of the queue go alone, after one of them made a receiver refuse all.
        held: entities with an open retry.
        resync: position up to which changes were given up, None where nothing has to be made good.
        superseded: entity → time of the state that a resynchronisation told; older rows are skipped.
        next_us: before this time nothing is sent (throttling, clause 5.2.12).
        is_due: a periodic notification is to be sent.
        stalls: how often in a row the endpoint answered and yet took nothing of it.
        busy: a task serves the lane.
        waits: it stands in its gate's queue.
        timer_us: when a timer will look at the lane, 0 where none does.
        generation: grows when the queue is dropped, so that an answer that comes later moves nothing.
    """

    tenant: str
    subscription: Subscription
    gate: Gate
    settings: DeliverySettings
    cursor: Position = START
    read: Position = START
    behind: bool = True
    queue: deque[Row] = field(default_factory=deque)
    taken: bool = False
    singly: int = 0
    held: dict[str, Held] = field(default_factory=dict)
    held_rows: int = 0
    resync: Position | None = None
    superseded: dict[str, int] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    next_us: int = 0
    stalls: int = 0
    busy: bool = False
    waits: bool = False
    ended: bool = False
    is_due: bool = False
    timer_us: int = 0
    generation: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and subscription id."""
        return self.tenant, self.subscription.id

    @property
    def wants_to_send(self) -> bool:
        """Whether there is anything to tell, open retries aside: they have times of their own."""
        return bool(self.behind or self.queue or self.resync is not None or self.is_due)

    @property
    def has_room(self) -> bool:
        """Whether the queue takes another row."""
        return len(self.queue) < self.settings.queue_rows

    @property
    def can_take(self) -> bool:
        """Whether the head of the queue can move: to the subscriber, or behind an open retry."""
        if not self.queue:
            return False
        return self.held_rows < self.settings.held_rows or self.queue[0].subject not in self.held

    @property
    def can_resync(self) -> bool:
        """Whether the current state is to be told, now that everything older was."""
        return self.resync is not None and not self.behind and not self.queue

    def offer(self, row: Row, before: Position) -> bool:
        """Take a row from the tail of the log; ``before`` is the position ahead of it.

        Returns False where the row stays in the log, to be read when there is room.
        """
        if self.behind:
            return False
        if row.position <= self.cursor:
            return True
        if self.gate.failures or not (self.has_room or self._conflated()):
            self.fall_behind(before)
            return False
        self.queue.append(row)
        return True

    def fall_behind(self, read: Position) -> None:
        """Leave the rows after a position in the log."""
        self.behind = True
        self.read = read

    def _conflated(self) -> bool:
        """Keep only the newest row of each entity, where throttling asks for that; tell whether it helped."""
        if not self.subscription.throttling_us or self.taken:
            return False
        newest = {row.subject: row for row in self.queue}
        self.queue = deque(sorted(newest.values(), key=lambda row: row.position))
        return self.has_room

    def shed(self) -> None:
        """Give the queue back to the log: the endpoint is unreachable, and memory is for the living."""
        if self.queue and not self.taken:
            self._drop_queue()
            self.fall_behind(self.cursor)

    def _drop_queue(self) -> None:
        self.queue.clear()
        self.singly = 0
        self.generation += 1

    def skip_to(self, position: Position) -> None:
        """Drop everything up to a position: the subscription was paused or has expired."""
        self._drop_queue()
        self.behind = False
        self.cursor = self.read = position
        self.superseded.clear()

    def saved_cursor(self, tail: Position) -> Position:
        """Return the cursor to save."""
        if self.queue:
            return self.cursor
        return self.cursor if self.behind else max(self.cursor, tail)

    def progress(self, tail: Position) -> SubscriptionProgress:
        """Return what the ledger keeps of this subscription."""
        counters = self.counters
        return SubscriptionProgress(
            self.tenant,
            self.subscription.id,
            self.saved_cursor(tail),
            counters.times_sent,
            counters.times_failed,
            counters.last_notification,
            counters.last_success,
            counters.last_failure,
            counters.status,
            counters.given_up,
        )

    def restore(self, progress: SubscriptionProgress) -> None:
        """Take up what the ledger kept."""
        self.cursor = self.read = progress.cursor
        self.counters = Counters(*progress[3:])
