"""One notification of a lane: choose, render, send, book."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from samstad_broker.domain.rows import Position, Row
from samstad_broker.service.delivery.lane import Held, Lane
from samstad_broker.service.delivery.rendering import Renderer
from samstad_broker.service.delivery.rights import Rights
from samstad_broker.service.delivery.settling import Settler
from samstad_broker.service.delivery.taking import take
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.current_entities import CurrentEntities
from samstad_broker.spi.notifier import Notice, Notifier, Outcome, Result
from samstad_broker.spi.store import Log
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import NgsiLdError

__all__ = ["Sender"]


class Sender:
    """Sends what a lane has, one notification at each call."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports of delivery
        self,
        log: Log,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        settler: Settler,
        current_entities: CurrentEntities,
        rights: Rights,
    ) -> None:
        self._log = log
        self._notifiers = notifiers
        self._clock = clock
        self._settler = settler
        self._settings = settler.settings
        self._current = current_entities
        self._rights = rights
        self._renderer = Renderer(current_entities, settler.settings, rights)

    async def send_next(self, lane: Lane) -> None:
        """Send the most urgent: a due retry, the queue, a period that is over, a resynchronisation."""
        now_us = self._clock.now_us()
        held = min(lane.held.values(), key=lambda held: held.due_us, default=None)
        if held is not None and held.due_us <= now_us:
            await self._send_held(lane, held)
        elif lane.can_take:
            await self._send_queue(lane, now_us)
        elif lane.is_due:
            lane.is_due = False
            await self._send_state(lane, resync=False)
        elif lane.resync is not None and lane.can_resync:
            await self._resynchronise(lane, lane.resync)

    async def _send_queue(self, lane: Lane, now_us: int) -> None:
        most = 1 if lane.singly else self._settings.batch_entities
        taken = take(lane, now_us, most=most)
        taken.rows = self._rights.rows(lane, taken.rows)
        if not taken.rows:
            self._settler.consume(lane, taken)
            return
        generation = lane.generation
        lane.taken = True
        outcome = await self._send(lane, lambda: self._renderer.changes(lane, taken.rows, now_us), now_us)
        lane.taken = False
        if lane.generation == generation and not lane.ended:
            self._settler.settle(lane, taken, outcome, self._clock.now_us())

    async def _send_held(self, lane: Lane, held: Held) -> None:
        now_us = self._clock.now_us()
        if held.resync:
            document = self._rights.document(lane, self._current.get(lane.tenant, held.subject))
            if document is None:
                held.resync = False  # it is gone: what is held tells how, if the subscriber asked for that
                return
            outcome = await self._send(lane, lambda: self._renderer.states(lane, (document,), now_us), now_us)
        else:
            row = await self._row(held)
            if row is None or not self._rights.rows(lane, [row]):
                reason = "no longer in the log" if row is None else "its owner may not read it"
                self._settler.settle_held(lane, held, Outcome(Result.REFUSED, reason), now_us)
                return
            outcome = await self._send(lane, lambda: self._renderer.changes(lane, (row,), now_us), now_us)
        if not lane.ended and lane.held.get(held.subject) is held:
            self._settler.settle_held(lane, held, outcome, self._clock.now_us())

    async def _row(self, held: Held) -> Row | None:
        """Return the oldest held row, read from the log where it is not at hand."""
        position, row = held.rows[0]
        if row is None:
            before = Position(position.epoch, max(0, position.number - 1))
            rows = await self._log.read(before, limit=1)
            row = rows[0] if rows and rows[0].position == position else None
            held.rows[0] = (position, row)
        return row

    async def _send_state(self, lane: Lane, *, resync: bool) -> bool:
        """Tell the current state of all matching entities; False where not all of it was taken."""
        subscription = lane.subscription
        async for matching in self._current.matching(lane.tenant, subscription):
            documents = self._rights.documents(lane, matching)
            for first in range(0, len(documents), self._settings.batch_entities):
                part = documents[first : first + self._settings.batch_entities]
                if not await self._send_states(lane, part, resync=resync):
                    return False
                if lane.ended or lane.subscription is not subscription:
                    return False
        return True

    async def _send_states(self, lane: Lane, documents: Sequence[EntityDocument], *, resync: bool) -> bool:
        now_us = self._clock.now_us()
        outcome = await self._send(lane, lambda: self._renderer.states(lane, documents, now_us), now_us)
        if outcome.result is Result.REFUSED:
            lane.counters.given_up += len(documents)
        elif outcome.result is not Result.DELIVERED:
            return False
        if resync:
            for document in documents:
                lane.superseded[document["id"]] = parse_datetime(document["modifiedAt"])
        return True

    async def _resynchronise(self, lane: Lane, position: Position) -> None:
        if await self._send_state(lane, resync=True) and lane.resync == position:
            lane.resync = None
            self._settler.recorder.release((*lane.key, position))
            self._settler.recorder.note(lane)
        elif not lane.gate.failures and not lane.ended:
            self._settler.wait_after_failure(lane, self._clock.now_us())

    async def _send(self, lane: Lane, render: Callable[[], Notice], now_us: int) -> Outcome:
        endpoint = lane.subscription.notification.endpoint
        notifier = self._notifiers.get(endpoint.scheme)
        if notifier is None:
            outcome = Outcome(Result.REFUSED, f"no binding for {endpoint.scheme}")
        else:
            try:
                notice = render()
            except NgsiLdError as error:
                outcome = Outcome(Result.REFUSED, f"cannot be represented: {error.detail}", of_content=True)
            else:
                outcome = await notifier.send(notice)
        self._settler.count(lane, outcome, now_us, self._clock.now_us())
        return outcome
