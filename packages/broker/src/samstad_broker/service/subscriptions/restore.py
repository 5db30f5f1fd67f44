"""Taking up subscriptions from the log at the start, before delivery runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from samstad_broker.domain.subscriptions import restore_subscription
from samstad_broker.service.subscriptions.subscriptions import Subscriptions
from samstad_ngsild.context import Context, ContextSource

__all__ = ["restore_subscriptions"]


def restore_subscriptions(
    subscriptions: Subscriptions,
    tenants: Iterable[str],
    *,
    known: Callable[[ContextSource | None], Context | None],
) -> int:
    """Put all stored subscriptions into the index and into delivery; return how many there were.

    Args:
        subscriptions: where they are kept.
        tenants: all tenants of the shard.
        known: gives an @context that is at hand, such as ``ContextResolver.known``; none is fetched.
    """
    restored = 0
    for tenant in tenants:
        index = subscriptions.indexes.tenant(tenant)
        for _, content in subscriptions.documents.list(tenant, subscriptions.collection):
            subscription = restore_subscription(
                content,
                context=known(content["context"]),
                notification_context=known(content["notificationContext"]),
                linked=subscriptions.linked(tenant),
            )
            index.add(subscription)
            subscriptions.delivery.subscribe(tenant, subscription)
            restored += 1
    return restored
