"""A subscription as clients see it (clauses 5.2.12, 5.2.14.2 and 5.8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_ngsild.context import Context
from samstad_ngsild.entities.dates import iso

__all__ = ["DeliveryCounters", "represent_subscription", "status_of"]

_NAME_LISTS = ("attributes",)


class DeliveryCounters(Protocol):
    """What delivery has counted for a subscription; SubscriptionProgress is one."""

    @property
    def times_sent(self) -> int: ...  # noqa: D102
    @property
    def times_failed(self) -> int: ...  # noqa: D102
    @property
    def last_notification(self) -> str | None: ...  # noqa: D102
    @property
    def last_success(self) -> str | None: ...  # noqa: D102
    @property
    def last_failure(self) -> str | None: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102


def status_of(subscription: Subscription, now_us: int, *, entitled: bool = True) -> str:
    """Return ``expired``, ``paused`` or ``active`` (Table 5.2.12-2).

    A subscription whose owner lost the right to it is paused: nothing is told.
    """
    if subscription.is_expired(now_us):
        return "expired"
    return "active" if subscription.is_active and entitled else "paused"


def represent_subscription(  # noqa: PLR0913 - what is shown, by keyword
    subscription: Subscription,
    context: Context,
    *,
    now_us: int,
    counters: DeliveryCounters | None,
    sys_attrs: bool = False,
    entitled: bool = True,
) -> dict[str, Any]:
    """Return the JSON members of a subscription, without @context.

    Args:
        subscription: what is shown.
        context: in which names are written; q, scopeQ and projections stay as the subscriber wrote them.
        now_us: the time, for ``status``.
        counters: what delivery has counted so far.
        sys_attrs: whether ``createdAt`` and ``modifiedAt`` are shown.
        entitled: whether its owner may still have it.
    """
    body = dict(subscription.content)
    notification = dict(body["notification"])
    if context.key != subscription.context.key:
        _rename(body, notification, subscription.context, context)
    body.setdefault("isActive", subscription.is_active)
    if subscription.notification_context.link is not None:
        body.setdefault("jsonldContext", subscription.notification_context.link)
    body["status"] = status_of(subscription, now_us, entitled=entitled)
    if sys_attrs:
        body["createdAt"] = iso(subscription.created_us)
        body["modifiedAt"] = iso(subscription.modified_us)
    if counters is not None and counters.times_sent:
        notification |= _counted(counters)
    body["notification"] = notification
    return body


def _counted(counters: DeliveryCounters) -> dict[str, Any]:
    counted = {
        "status": counters.status,
        "timesSent": counters.times_sent,
        "timesFailed": counters.times_failed or None,
        "lastNotification": counters.last_notification,
        "lastSuccess": counters.last_success,
        "lastFailure": counters.last_failure,
    }
    return {name: value for name, value in counted.items() if value is not None}


def _rename(body: dict[str, Any], notification: dict[str, Any], written: Context, wanted: Context) -> None:
    """Write names as another @context has them (clause 5.5.7)."""

    def name(term: str) -> str:
        return wanted.compact(written.expand(term))

    if "watchedAttributes" in body:
        body["watchedAttributes"] = [name(term) for term in body["watchedAttributes"]]
    for member in _NAME_LISTS:
        if member in notification:
            notification[member] = [name(term) for term in notification[member]]
    if "entities" in body:
        body["entities"] = [_renamed_selector(selector, name) for selector in body["entities"]]
    geo = body.get("geoQ")
    if geo is not None and "geoproperty" in geo:
        body["geoQ"] = {**geo, "geoproperty": name(geo["geoproperty"])}


def _renamed_selector(selector: Mapping[str, Any], name: Any) -> dict[str, Any]:
    """Rename a plain type; a selection of several types stays as it was written."""
    kind = selector["type"]
    plain = kind != "*" and not any(mark in kind for mark in ",|;()")
    return {**selector, "type": name(kind)} if plain else dict(selector)
