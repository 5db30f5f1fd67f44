"""The subscriptions of a service: made, kept, and caught up with at each start (I4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

from samstad_broker.spi.clock import Clock
from samstad_ngsild.client import Client, ClientError, Document, Notification, Notified, Selection
from samstad_ngsild.errors import NgsiLdError, ResourceNotFound
from samstad_plugin.service import Followed, Log

__all__ = ["Following", "subscription_id"]

_SECOND_US = 1_000_000
_LOOK_EVERY_S = 60
"""How often it is seen that a subscription is still there: somebody may delete it, or restore a backup."""
_WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before the broker is asked again; the last one repeats."""


def subscription_id(service: str, name: str) -> str:
    """Return the id of one of a service's subscriptions; it stays the same for ever."""
    return f"urn:ngsi-ld:Subscription:{service}:{name}"


class Following:
    """Keeps the subscriptions of one service in order.

    Args:
        service: its name.
        follows: what it wants to be told.
        client: speaks with the broker.
        endpoint: URL that takes the notifications.
        clock: the only clock.
        log: of the service.
    """

    def __init__(  # noqa: PLR0913 - what the composition root wires, each by its name
        self,
        service: str,
        follows: Sequence[Followed],
        *,
        client: Client,
        endpoint: Callable[[], str],
        clock: Clock,
        log: Log,
    ) -> None:
        self._service = service
        self._follows = follows
        self._client = client
        self._endpoint = endpoint
        self.secret = token_urlsafe(32)
        """What notifications carry, so that nobody else can tell the service anything. It lives as long as
        this process: a subscription is data, and what lies in logs, exports and backups must open nothing.
        """
        self._clock = clock
        self._log = log
        self.notified = Notified()
        self.waiting = [one.name for one in follows]
        """Subscriptions that are not in place yet."""
        for one in follows:
            self.notified.on(subscription_id(service, one.name), one.handler)

    async def run(self) -> None:
        """Make the subscriptions, and look after them until cancelled."""
        for one in self._follows:
            await self._patiently(one)
        while True:
            await self._pause(_LOOK_EVERY_S)
            for one in self._follows:
                await self._look_after(one)

    async def _look_after(self, one: Followed) -> None:
        path = "/subscriptions/" + quote(subscription_id(self._service, one.name), safe="")
        try:
            await self._client.send("GET", path)
        except ResourceNotFound:
            self._log.warning("service.subscription_lost", subscription=one.name)
            self.waiting.append(one.name)
            await self._patiently(one)
        except (ClientError, NgsiLdError) as error:
            self._log.debug("service.broker_away", detail=str(error))

    async def _patiently(self, one: Followed) -> None:
        """Subscribe and catch up, as often as it takes: a service works on without its broker (I1)."""
        waits = iter(_WAITS_S)
        wait_s = _WAITS_S[0]
        while True:
            try:
                await self._client.ensure_subscription(self._subscription(one))
                if one.catches_up:
                    await self._catch_up(one)
            except (ClientError, NgsiLdError) as error:
                wait_s = next(waits, _WAITS_S[-1])
                self._log.info("service.not_subscribed", subscription=one.name, detail=str(error))
                await self._pause(wait_s)
                continue
            self.waiting.remove(one.name)
            return

    def _subscription(self, one: Followed) -> Document:
        told: dict[str, Any] = {
            "id": subscription_id(self._service, one.name),
            "type": "Subscription",
            "entities": [{"type": kind} for kind in one.types],
            "notification": {
                "endpoint": {
                    "uri": self._endpoint(),
                    "accept": "application/json",
                    "receiverInfo": [{"key": "Samstad-Gate", "value": self.secret}],
                }
            },
        }
        if one.attributes:
            told["watchedAttributes"] = list(one.attributes)
        if one.q:
            told["q"] = one.q
        triggers = ["entityCreated", "attributeCreated", "attributeUpdated", "attributeDeleted"]
        told["notificationTrigger"] = [*triggers, "entityDeleted"] if one.deletions else triggers
        return told

    async def _catch_up(self, one: Followed) -> None:
        """Give the handler what is there now, page by page."""
        identity = subscription_id(self._service, one.name)
        number = 0
        async for page in self._client.pages(Selection(type=",".join(one.types), q=one.q)):
            number += 1
            await one.handler(Notification(f"{identity}:present:{number}", identity, "", page))

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now_us() + round(seconds * _SECOND_US))
        await asyncio.sleep(0)
