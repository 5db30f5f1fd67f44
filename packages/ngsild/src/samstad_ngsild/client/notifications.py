"""Notifications as a subscriber receives them (clause 5.3.1), and a table of who handles which.

Delivery is at least once, in order for each entity (I4). So a handler must do the same when it is told twice;
the table helps by leaving out what it has handled a moment ago.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import orjson

from samstad_ngsild.client.selection import Document
from samstad_ngsild.errors import BadRequestData, ResourceNotFound

__all__ = ["Handler", "Notification", "Notified", "parse_notification"]


class Notification(msgspec.Struct, frozen=True):
    """One notification.

    Attributes:
        id: of this notification; a repeated delivery has the same.
        subscription_id: whose it is.
        notified_at: ISO 8601, by the broker's clock.
        entities: what changed, in the representation that the subscription asks for.
    """

    id: str
    subscription_id: str
    notified_at: str
    entities: list[Document]


Handler = Callable[[Notification], Awaitable[None]]
"""Raises what went wrong: the broker then tells again later."""


def parse_notification(body: bytes) -> Notification:
    """Read the body of a notification over HTTP.

    Raises:
        BadRequestData: it is none.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"The body is no JSON: {error}.") from error
    if not isinstance(told, dict) or told.get("type") != "Notification":
        raise BadRequestData("The body is no Notification (clause 5.3.1).", pointer="/type")
    entities = told.get("data")
    if not isinstance(entities, list) or not all(isinstance(one, dict) for one in entities):
        raise BadRequestData("data is an array of entities.", pointer="/data")
    return Notification(_text(told, "id"), _text(told, "subscriptionId"), _text(told, "notifiedAt"), entities)


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{name} is a text that is not empty.", pointer=f"/{name}")
    return value


class Notified:
    """Gives each notification to the handler of its subscription, once.

    Args:
        remembered: so many of the latest ids are remembered, to leave out what comes again.
    """

    def __init__(self, *, remembered: int = 10_000) -> None:
        self._handlers: dict[str, Handler] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._remembered = remembered

    def on(self, subscription_id: str, handler: Handler) -> None:
        """Let a handler take the notifications of a subscription."""
        self._handlers[subscription_id] = handler

    async def take(self, body: bytes) -> None:
        """Handle the body of one notification; returns when it is handled and need not come again.

        Raises:
            BadRequestData: it is no notification.
            ResourceNotFound: nobody handles that subscription.
            Exception: the handler's own; the broker is to tell again.
        """
        notification = parse_notification(body)
        handler = self._handlers.get(notification.subscription_id)
        if handler is None:
            raise ResourceNotFound(f"Nobody here follows {notification.subscription_id}.")
        if notification.id in self._seen:
            return
        await handler(notification)
        self._seen[notification.id] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
