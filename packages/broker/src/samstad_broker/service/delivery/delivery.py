"""Delivery of notifications: what wakes it, who is served next, and what runs until it is cancelled.

Everything is driven by events: a row, an answer, a timer. Nobody polls, and no task exists for a
subscription without something to send. See ``docs/reference/notifications.md`` for what subscribers
can rely on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.service.delivery.gate import Gate
from samstad_broker.service.delivery.lane import Lane
from samstad_broker.service.delivery.reading import Reader
from samstad_broker.service.delivery.recording import Recorder
from samstad_broker.service.delivery.restoring import restore
from samstad_broker.service.delivery.rights import Rights
from samstad_broker.service.delivery.sending import Sender
from samstad_broker.service.delivery.settings import DeliverySettings
from samstad_broker.service.delivery.settling import Settler
from samstad_broker.service.delivery.timers import Timers
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.current_entities import CurrentEntities
from samstad_broker.spi.notifier import Notifier
from samstad_broker.spi.standing import EverybodyStands, Standing
from samstad_broker.spi.store import DeliveryLedger, Log, SubscriptionProgress

__all__ = ["Delivery"]

_IDLE_SLICE = 500


class Delivery:
    """Tells subscribers what changed, at least once and in order for each entity (invariant I4).

    Args:
        log: its committed rows say which subscriptions they match.
        ledger: keeps cursors, counters and retries.
        notifiers: scheme of an endpoint → its binding.
        clock: the time.
        rng: gives numbers in [0, 1) for the jitter of retries.
        settings: bounds and times.
        current_entities: the present state, for periodic subscriptions and resynchronisation.
        standing: what the owners of subscriptions may now.
    """

    def __init__(  # noqa: PLR0913 - the ports of a projection, by keyword
        self,
        *,
        log: Log,
        ledger: DeliveryLedger,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        rng: Callable[[], float],
        settings: DeliverySettings,
        current_entities: CurrentEntities,
        standing: Standing | None = None,
    ) -> None:
        self._log = log
        self._ledger = ledger
        self._clock = clock
        self._settings = settings
        self._timers = Timers(clock)
        self._reader = Reader(log, self._kick, read_rows=settings.read_rows)
        self._lanes = self._reader.lanes
        self._recorder = Recorder(ledger, clock, lambda: self._reader.tail, commit_us=settings.commit_us)
        self._settler = Settler(self._recorder, settings, rng)
        self._rights = Rights(standing or EverybodyStands(), clock)
        self._sender = Sender(log, notifiers, clock, self._settler, current_entities, self._rights)
        self._gates: dict[str, Gate] = {}
        self._started = False
        self._group: asyncio.TaskGroup | None = None

    # -- what the node calls ------------------------------------------------------------------------

    def wake(self, rows: Sequence[Row] | None = None) -> None:
        """Look for new rows: called after each commit, best with the rows of the commit."""
        self._reader.wake(rows)

    def subscribe(self, tenant: str, subscription: Subscription) -> None:
        """Begin to serve a subscription, or serve it in its new form.

        Before ``run`` this takes up subscriptions from the log: they go on where the ledger says. After
        that a new one begins at the present end of the log; call this in the same turn of the event
        loop in which it begins to match, after it became durable.
        """
        key = (tenant, subscription.id)
        lane = self._lanes.get(key)
        if lane is None:
            lane = Lane(tenant, subscription, self._gate(subscription), self._settings)
            self._lanes[key] = lane
            lane.gate.lanes.add(lane)
            if self._started:
                self._begin(lane)
            return
        was_active = lane.subscription.is_active and not lane.subscription.is_expired(self._clock.now_us())
        self._change_gate(lane, subscription)
        lane.subscription = subscription
        if not (was_active and subscription.is_active) and self._started:
            self._skip(lane)
        self._schedule_period(lane)
        self._kick(lane)

    def unsubscribe(self, tenant: str, subscription_id: str) -> None:
        """End a subscription: nothing of it is told any more, what the ledger kept is dropped."""
        lane = self._lanes.pop((tenant, subscription_id), None)
        if lane is None:
            return
        lane.ended = True
        self._leave_gate(lane)
        self._reader.drop(lane)
        self._recorder.forget(lane.key)

    def progress(self, tenant: str, subscription_id: str) -> SubscriptionProgress | None:
        """Return counters and cursor as they are now (clause 5.2.14.2); None for an unknown subscription."""
        lane = self._lanes.get((tenant, subscription_id))
        return None if lane is None else lane.progress(self._reader.tail)

    def oldest_needed(self) -> Position:
        """Return the position after which rows are still needed: older stretches may be sealed away."""
        tail = self._reader.tail
        oldest = min((lane.saved_cursor(tail) for lane in self._lanes.values()), default=tail)
        held = [held.rows[0][0] for lane in self._lanes.values() for held in lane.held.values()]
        return min([oldest, *(Position(epoch, max(0, number - 1)) for epoch, number in held)])

    def figures(self) -> dict[str, int]:
        """Return counts for metrics and ``samstad doctor``."""
        lanes = self._lanes.values()
        return {
            "subscriptions": len(self._lanes),
            "behind": sum(lane.behind for lane in lanes),
            "queued": sum(len(lane.queue) for lane in lanes),
            "held": sum(lane.held_rows for lane in lanes),
            "given_up": sum(lane.counters.given_up for lane in lanes),
            "withheld": self._rights.withheld,
            "times_sent": sum(lane.counters.times_sent for lane in lanes),
            "times_failed": sum(lane.counters.times_failed for lane in lanes),
            "failing_endpoints": sum(gate.failures > 0 for gate in self._gates.values()),
            "ledger_failures": self._recorder.failures,
        }

    async def run(self) -> None:
        """Deliver until cancelled; then save what was reached."""
        self._reader.tail = self._log.head
        await restore(self._ledger, self._lanes)
        self._started = True
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._timers.run())
                group.create_task(self._reader.follow())
                group.create_task(self._reader.follow_behind())
                group.create_task(self._recorder.run())
                group.create_task(self._move_idle_cursors())
                for lane in list(self._lanes.values()):
                    self._resume(lane)
        finally:
            self._group = None
            await self._recorder.commit()

    # -- beginning and ending -----------------------------------------------------------------------

    def _begin(self, lane: Lane) -> None:
        """Serve a new subscription from here on."""
        # Rows that are durable but not looked at yet were matched without it.
        lane.skip_to(max(self._reader.tail, self._log.head))
        self._recorder.note(lane)
        self._schedule_period(lane)

    def _resume(self, lane: Lane) -> None:
        """Serve a subscription from the log on."""
        if not lane.subscription.is_active:
            self._skip(lane)
            return
        if START < lane.cursor < self._log.oldest:
            # Changes in between are sealed away: nobody can say how many there were.
            self._settler.give_up(lane, 1)
            lane.cursor = lane.read = self._log.oldest
        self._schedule_period(lane)
        self._recorder.note(lane)
        self._reader.catch_up(lane)
        self._kick(lane)

    def _skip(self, lane: Lane) -> None:
        """Leave out what happened while the subscription was not active (clause 5.8.6)."""
        lane.skip_to(max(self._reader.tail, self._log.head))
        self._reader.drop(lane)
        self._recorder.note(lane)

    def _gate(self, subscription: Subscription) -> Gate:
        uri = subscription.notification.endpoint.uri
        gate = self._gates.get(uri)
        if gate is None:
            gate = self._gates[uri] = Gate(uri, self._settings.endpoint_requests)
        return gate

    def _change_gate(self, lane: Lane, subscription: Subscription) -> None:
        gate = self._gate(subscription)
        if gate is not lane.gate:
            # An attempt that is under way gives its place back to the gate that it entered.
            self._leave_gate(lane)
            lane.gate = gate
            gate.lanes.add(lane)
            if lane.behind:
                self._reader.catch_up(lane)

    def _leave_gate(self, lane: Lane) -> None:
        gate = lane.gate
        gate.lanes.discard(lane)
        if lane.waits:
            gate.waiting.remove(lane)
            lane.waits = False
        self._close(gate)

    def _close(self, gate: Gate) -> None:
        """Forget an endpoint that nobody uses any more."""
        if not gate.lanes and not gate.under_way and self._gates.get(gate.uri) is gate:
            del self._gates[gate.uri]

    # -- who is served next -------------------------------------------------------------------------

    def _kick(self, lane: Lane) -> None:
        """Serve a lane if there is something to send and nothing stands in the way."""
        if self._group is None or lane.busy or lane.ended or lane.waits or not self._is_ready(lane):
            return
        if not lane.gate.enter():
            lane.gate.wait(lane)
            return
        lane.busy = True
        self._group.create_task(self._serve(lane, lane.gate))

    def _is_ready(self, lane: Lane) -> bool:
        now_us = self._clock.now_us()
        if lane.subscription.is_expired(now_us) or not lane.subscription.is_active:
            return False
        held_due_us = min((held.due_us for held in lane.held.values()), default=None)
        has_work = lane.can_take or lane.is_due or lane.can_resync
        if not has_work and held_due_us is None:
            return False
        ready_us = max(lane.gate.ready_us, lane.next_us)
        if not has_work and held_due_us is not None:
            ready_us = max(ready_us, held_due_us)
        if ready_us > now_us:
            self._look_again(lane, ready_us)
            return False
        return True

    def _look_again(self, lane: Lane, time_us: int) -> None:
        if lane.timer_us and lane.timer_us <= time_us:
            return

        def look() -> None:
            if lane.timer_us == time_us:
                lane.timer_us = 0
            self._kick(lane)

        lane.timer_us = time_us
        self._timers.at(time_us, look)

    async def _serve(self, lane: Lane, gate: Gate) -> None:
        """Send for a lane while it has something and nobody else waits for the place."""
        try:
            while True:
                was_failing = gate.failures
                await self._sender.send_next(lane)
                self._after_answer(lane, gate, was_failing)
                if gate.waiting or lane.gate is not gate or lane.ended or not self._is_ready(lane):
                    break
        finally:
            lane.busy = False
            waiting = gate.leave()
        self._close(gate)
        if waiting is not None:
            self._kick(waiting)
        if lane.behind:
            self._reader.catch_up(lane)
        self._kick(lane)

    def _after_answer(self, lane: Lane, gate: Gate, was_failing: int) -> None:
        if gate.failures > was_failing:
            for other in gate.lanes:
                other.shed()
                if other.behind:
                    self._reader.catch_up(other)
            self._timers.at(gate.ready_us, lambda: self._reopen(gate))
        elif was_failing and not gate.failures:
            for other in gate.lanes:
                if other.behind:
                    self._reader.catch_up(other)
                if other is not lane:
                    self._kick(other)
        elif lane.behind and lane.has_room:
            self._reader.catch_up(lane)

    def _reopen(self, gate: Gate) -> None:
        """Let one subscription try a failing endpoint again."""
        if self._clock.now_us() < gate.ready_us:
            return
        gate.is_open = True
        probe = gate.next_probe()
        if probe is None:
            gate.succeed()
        elif probe.behind:
            self._reader.catch_up(probe)
        if probe is not None:
            self._kick(probe)

    # -- what happens without a change --------------------------------------------------------------

    def _schedule_period(self, lane: Lane) -> None:
        """Send the next periodic notification when its interval is reached (clause 5.8.6)."""
        subscription = lane.subscription
        if subscription.interval_us is None or not subscription.is_active:
            return

        def due() -> None:
            if lane.subscription is not subscription or lane.ended:
                return
            lane.is_due = lane.gate.ready_us <= self._clock.now_us()
            self._kick(lane)
            self._schedule_period(lane)

        self._timers.at(self._clock.now_us() + subscription.interval_us, due)

    async def _move_idle_cursors(self) -> None:
        """Save the cursors of subscriptions without traffic, so that a restart reads little of the log."""
        saved = self._reader.tail
        while True:
            await self._clock.sleep_until(self._clock.now_us() + self._settings.idle_us)
            if saved == self._reader.tail:
                continue
            saved = self._reader.tail
            for position, lane in enumerate(list(self._lanes.values()), start=1):
                self._recorder.note(lane)
                if position % _IDLE_SLICE == 0:
                    await self._recorder.commit()
