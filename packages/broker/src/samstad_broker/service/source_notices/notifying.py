"""Who is told of which change of registrations, and the way there (clauses 5.11.7, 5.3.2 and 5.3.3).

Registrations change seldom, and a subscriber wants to know what there is rather than what was. So a
subscription's backlog is short: where it overflows, and after each start, all matching registrations are told
as newly matching, which brings the subscriber to the present (I4). One slow endpoint delays nobody else: each
subscription has a task of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from samstad_broker.domain.registrations.representation import represent_registration
from samstad_broker.domain.rows import Position
from samstad_broker.domain.subscriptions import Subscription
from samstad_broker.service.registrations.interest import Interest
from samstad_broker.service.registrations.registrations import Registrations, types_of
from samstad_broker.service.source_notices.interests import interests_of, reduced
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.notifier import Notice, Notifier, Outcome, Result
from samstad_broker.spi.standing import Standing
from samstad_broker.spi.store import SubscriptionProgress
from samstad_ngsild.context import CORE
from samstad_ngsild.entities.dates import iso

__all__ = ["COLLECTION", "SourceNoticeSettings", "SourceNotices"]

COLLECTION = "sourceSubscriptions"
"""The collection of documents in the log that holds subscriptions to registrations."""

_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_LD_JSON = "application/ld+json"
_SECOND_US = 1_000_000
NEW, UPDATED, GONE = "newlyMatching", "updated", "noLongerMatching"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNoticeSettings:
    """How patient it is.

    Attributes:
        timeout_us: one attempt takes so long at most, where the subscription says nothing.
        pause_us: before the second attempt; doubled for each further one.
        most_pause_us: no pause is longer.
        attempts: a notice that failed so often is given up, and counted.
        backlog: changes that wait for one endpoint; more are replaced by what there is then.
    """

    timeout_us: int = 10 * _SECOND_US
    pause_us: int = _SECOND_US
    most_pause_us: int = 60 * _SECOND_US
    attempts: int = 10
    backlog: int = 100


class _Told(NamedTuple):
    """One thing to tell: a trigger and the registrations, or None for all that match by then."""

    trigger: str
    registrations: tuple[Mapping[str, Any], ...] | None


@dataclass(slots=True)
class _Lane:
    """One subscription."""

    tenant: str
    subscription: Subscription
    interests: list[Interest]
    waiting: deque[_Told] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    failed: int = 0
    given_up: int = 0
    last: str | None = None
    success: str | None = None
    failure: str | None = None
    task: asyncio.Task[None] | None = None


class SourceNotices:
    """Tells of registrations; it fills the port ``Deliveries`` of ``Subscriptions``.

    Args:
        registrations: whose changes are told.
        notifiers: by scheme.
        clock: the only clock.
        standing: says on whose behalf a subscription is told, and what they may.
        new_id: gives ids of notifications.
        settings: see ``SourceNoticeSettings``.
    """

    def __init__(  # noqa: PLR0913 - the ports, each by its name
        self,
        registrations: Registrations,
        notifiers: Mapping[str, Notifier],
        *,
        clock: Clock,
        standing: Standing,
        new_id: Callable[[], str],
        settings: SourceNoticeSettings | None = None,
    ) -> None:
        self._registrations = registrations
        self._notifiers = notifiers
        self._clock = clock
        self._standing = standing
        self._new_id = new_id
        self._settings = settings or SourceNoticeSettings()
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._group: asyncio.TaskGroup | None = None
        registrations.changed = self.changed

    # -- what operations ask --------------------------------------------------------------------------

    def subscribe(self, tenant: str, subscription: Subscription) -> None:
        """Serve a subscription from here on, or in its new form; it is told what there is."""
        key = (tenant, subscription.id)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(tenant, subscription, interests_of(subscription))
        else:
            lane.subscription, lane.interests = subscription, interests_of(subscription)
        lane.waiting.clear()
        self._offer(lane, _Told(NEW, None))
        self._begin(lane)

    def unsubscribe(self, tenant: str, subscription_id: str) -> None:
        """Serve a subscription no more."""
        lane = self._lanes.pop((tenant, subscription_id), None)
        if lane is not None and lane.task is not None:
            lane.task.cancel()

    def progress(self, tenant: str, subscription_id: str) -> SubscriptionProgress | None:
        """Return what was counted since the start."""
        lane = self._lanes.get((tenant, subscription_id))
        if lane is None:
            return None
        status = "failed" if lane.failure and lane.failure >= (lane.success or "") else "ok"
        return SubscriptionProgress(
            tenant, subscription_id, Position(0, 0), lane.sent, lane.failed, lane.last, lane.success,
            lane.failure, status, lane.given_up,
        )  # fmt: skip

    def changed(self, tenant: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        """Take note of a durable change of a registration."""
        for lane in self._lanes.values():
            if lane.tenant != tenant or lane.subscription.interval_us is not None:
                continue
            matched, matches = _meets(lane, before), _meets(lane, after)
            if matches and after is not None:
                self._offer(lane, _Told(UPDATED if matched else NEW, (after,)))
            elif matched and before is not None:
                self._offer(lane, _Told(GONE, (before,)))

    # -- the task -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for lane in list(self._lanes.values()):
                    self._begin(lane)
                await asyncio.Event().wait()
        finally:
            self._group = None

    def _begin(self, lane: _Lane) -> None:
        if self._group is not None and lane.task is None:
            lane.task = self._group.create_task(self._serve(lane))

    def _offer(self, lane: _Lane, told: _Told) -> None:
        if len(lane.waiting) >= self._settings.backlog:
            lane.waiting.clear()
            told = _Told(NEW, None)
        lane.waiting.append(told)
        lane.wake.set()

    async def _serve(self, lane: _Lane) -> None:
        while True:
            await self._until_wanted(lane)
            if not lane.waiting:
                continue
            told = lane.waiting[0]
            if self._is_due(lane) and (registrations := self._readable(lane, told)):
                await self._deliver(lane, told.trigger, registrations)
            if lane.waiting and lane.waiting[0] is told:
                lane.waiting.popleft()

    async def _until_wanted(self, lane: _Lane) -> None:
        """Return when something waits; a periodic subscription wakes by itself."""
        if lane.waiting:
            return
        lane.wake.clear()
        interval_us = lane.subscription.interval_us
        if interval_us is None:
            await lane.wake.wait()
            return
        waking = asyncio.ensure_future(lane.wake.wait())
        pausing = asyncio.ensure_future(self._clock.sleep_until(self._clock.now_us() + interval_us))
        try:
            await asyncio.wait({waking, pausing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
            pausing.cancel()
        if not lane.waiting:
            self._offer(lane, _Told(NEW, None))

    def _is_due(self, lane: _Lane) -> bool:
        subscription = lane.subscription
        return subscription.is_active and not subscription.is_expired(self._clock.now_us())

    def _readable(self, lane: _Lane, told: _Told) -> list[Mapping[str, Any]]:
        """Return what is told, as far as the subscription's owner may read it at this moment (I6)."""
        now_us, standing = self._clock.now_us(), self._standing
        holder = standing.holder(lane.subscription.mandate, now_us=now_us)
        if holder is None:
            return []
        found: Sequence[Mapping[str, Any]]
        if told.registrations is None:
            found = [one for one in self._registrations.current(lane.tenant, now_us) if _meets(lane, one)]
        else:
            found = told.registrations
        return [
            one
            for one in found
            if all(standing.may(holder, lane.tenant, Operation.READ, name) for name in types_of(one["body"]))
        ]

    async def _deliver(self, lane: _Lane, trigger: str, registrations: list[Mapping[str, Any]]) -> None:
        settings, clock = self._settings, self._clock
        for attempt in range(1, settings.attempts + 1):
            subscription = lane.subscription
            notice = self._notice(lane, trigger, registrations)
            outcome = await self._attempt(subscription, notice)
            now_us = clock.now_us()
            lane.last = iso(now_us)
            lane.sent += 1
            if outcome.result is Result.DELIVERED:
                lane.success = lane.last
                return
            lane.failed += 1
            lane.failure = lane.last
            if outcome.result is Result.REFUSED or attempt == settings.attempts:
                lane.given_up += 1
                return
            pause_us = min(settings.most_pause_us, settings.pause_us * 2 ** (attempt - 1))
            await clock.sleep_until(now_us + max(pause_us, outcome.retry_after_us))

    async def _attempt(self, subscription: Subscription, notice: Notice) -> Outcome:
        return await self._notifiers[subscription.notification.endpoint.scheme].send(notice)

    def _notice(self, lane: _Lane, trigger: str, registrations: list[Mapping[str, Any]]) -> Notice:
        subscription = lane.subscription
        endpoint = subscription.notification.endpoint
        context = subscription.notification_context
        inside = endpoint.accept == _LD_JSON
        if context.link is None and not inside:
            context = CORE
        body: dict[str, Any] = {
            "id": self._new_id(),
            "type": "ContextSourceNotification",
            "subscriptionId": subscription.id,
            "notifiedAt": iso(self._clock.now_us()),
            "triggerReason": trigger,
            "data": [represent_registration(reduced(one, lane.interests), context) for one in registrations],
        }
        if inside:
            body["@context"] = context.output
        tenant = (("NGSILD-Tenant", lane.tenant),) if lane.tenant else ()
        return Notice(
            uri=endpoint.uri,
            content_type=endpoint.accept,
            link=None if inside else _LINK.format(context.link),
            headers=(*tenant, *endpoint.receiver_info),
            body=orjson.dumps(body),
            timeout_us=endpoint.timeout_us or self._settings.timeout_us,
            parameters=endpoint.notifier_info,
        )


def _meets(lane: _Lane, stored: Mapping[str, Any] | None) -> bool:
    return stored is not None and any(one.matches(stored["body"]) for one in lane.interests)
