"""What an answer does to a lane: go on, wait, hold back, or give up (invariant I4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from samstad_broker.domain.rows import Row
from samstad_broker.service.delivery.lane import ENTITY_RESYNC, FULL_RESYNC, Held, Lane
from samstad_broker.service.delivery.recording import Recorder
from samstad_broker.service.delivery.settings import DeliverySettings
from samstad_broker.service.delivery.taking import Taken
from samstad_broker.spi.notifier import Outcome, Result
from samstad_broker.spi.store import RetryEntry
from samstad_ngsild.entities.dates import iso

__all__ = ["Settler"]


@dataclass(frozen=True, slots=True)
class Settler:
    """Books outcomes.

    Attributes:
        chance: gives numbers in [0, 1) for the jitter.
    """

    recorder: Recorder
    settings: DeliverySettings
    chance: Callable[[], float]

    def count(self, lane: Lane, outcome: Outcome, sent_us: int, now_us: int) -> None:
        """Book an attempt in the counters of clause 5.2.14.2 and in the endpoint's state."""
        counters = lane.counters
        counters.times_sent += 1
        counters.last_notification = iso(sent_us)
        lane.next_us = sent_us + lane.subscription.throttling_us
        if outcome.result is Result.DELIVERED:
            counters.last_success = counters.last_notification
            counters.status = "ok"
            lane.stalls = 0
        else:
            counters.times_failed += 1
            counters.last_failure = iso(now_us)
            counters.status = "failed"
            self._cool_down(lane, outcome, now_us)
        if outcome.result is not Result.UNREACHABLE:
            lane.gate.succeed()
        self.recorder.note(lane)

    def _cool_down(self, lane: Lane, outcome: Outcome, now_us: int) -> None:
        """Leave the endpoint alone as the subscription (clause 5.2.15) and its answer ask."""
        wait_us = max(lane.subscription.notification.endpoint.cooldown_us or 0, outcome.retry_after_us)
        if outcome.result is Result.UNREACHABLE:
            wait_us = max(wait_us, self.settings.backoff(lane.gate.failures + 1, self.chance()))
            lane.gate.fail(lane, now_us + wait_us)
        elif wait_us:
            lane.gate.hold_until(now_us + wait_us)

    def wait_after_failure(self, lane: Lane, now_us: int) -> None:
        """Take the endpoint as unreachable for a while: it answers, but takes nothing of this lane."""
        lane.stalls += 1
        lane.gate.fail(lane, now_us + self.settings.backoff(lane.stalls, self.chance()))

    def settle(self, lane: Lane, taken: Taken, outcome: Outcome, now_us: int) -> None:
        """Move a lane on after its notification was answered."""
        if outcome.result is Result.FAILED and not self._hold_all(lane, taken, outcome, now_us):
            self.wait_after_failure(lane, now_us)
            return
        if outcome.result is Result.UNREACHABLE:
            return
        if outcome.result is Result.REFUSED:
            if outcome.of_content and len(taken.rows) > 1:
                lane.singly = taken.length
                return
            lane.counters.given_up += len(taken.rows)
        self.consume(lane, taken)

    def consume(self, lane: Lane, taken: Taken) -> None:
        """Take a stretch out of the queue: all of it is told, held, or given up."""
        for row in taken.held:
            self._hold_back(lane, row)
        if taken.too_old:
            self.give_up(lane, taken.too_old)
        if not taken.length:
            return
        for _ in range(taken.length):
            last = lane.queue.popleft()
        lane.cursor = max(lane.cursor, last.position)
        lane.singly = max(0, lane.singly - taken.length)
        if not lane.queue and not lane.behind and lane.resync is None:
            lane.superseded.clear()
        self.recorder.note(lane)

    def give_up(self, lane: Lane, changes: int) -> None:
        """Count changes that are given up; the current state will be told in their place."""
        lane.counters.given_up += changes
        if lane.resync is None:
            lane.resync = lane.cursor
            self.recorder.hold(
                RetryEntry(*lane.key, FULL_RESYNC, lane.resync, 0, 0, f"{ENTITY_RESYNC}changes were given up")
            )
        self.recorder.note(lane)

    def _hold_all(self, lane: Lane, taken: Taken, outcome: Outcome, now_us: int) -> bool:
        """Put the changes of a failed notification into the retry table; False where it is full."""
        if lane.held_rows + len(taken.rows) + len(taken.held) > self.settings.held_rows:
            return False
        due_us = now_us + self._wait(lane, 1, outcome)
        for row in taken.rows:
            held = Held(row.subject, deque(((row.position, row),)), 1, due_us, outcome.reason)
            lane.held[row.subject] = held
            lane.held_rows += 1
            self.recorder.hold(held.entry(lane, row.position))
        return True

    def _hold_back(self, lane: Lane, row: Row) -> None:
        held = lane.held[row.subject]
        held.rows.append((row.position, row))
        lane.held_rows += 1
        self.recorder.hold(held.entry(lane, row.position))

    def _wait(self, lane: Lane, attempts: int, outcome: Outcome) -> int:
        cooldown_us = lane.subscription.notification.endpoint.cooldown_us or 0
        return max(self.settings.backoff(attempts, self.chance()), outcome.retry_after_us, cooldown_us)

    def settle_held(self, lane: Lane, held: Held, outcome: Outcome, now_us: int) -> None:
        """Move one held entity on after its retry was answered."""
        if outcome.result in (Result.DELIVERED, Result.REFUSED):
            refused = outcome.result is Result.REFUSED
            lane.counters.given_up += refused and not held.resync
            self._next_row(lane, held)
        elif outcome.result is Result.FAILED:
            self._try_again(lane, held, outcome, now_us)

    def _next_row(self, lane: Lane, held: Held) -> None:
        """Go on to the entity's next change, or let the entity go where there is none."""
        told = len(held.rows) if held.resync else 1
        for _ in range(told):
            position, _row = held.rows.popleft()
            self.recorder.release((*lane.key, position))
        lane.held_rows -= told
        held.resync = False
        held.attempts = held.due_us = 0
        if not held.rows:
            del lane.held[held.subject]
        self.recorder.note(lane)

    def _try_again(self, lane: Lane, held: Held, outcome: Outcome, now_us: int) -> None:
        held.attempts += 1
        held.due_us = now_us + self._wait(lane, held.attempts, outcome)
        held.reason = outcome.reason
        if held.attempts >= self.settings.attempts and not held.resync:
            lane.counters.given_up += len(held.rows)
            held.resync = True
        if held.resync:
            held.reason = ENTITY_RESYNC + outcome.reason
        self.recorder.hold(held.entry(lane, held.rows[0][0]))
        self.recorder.note(lane)
