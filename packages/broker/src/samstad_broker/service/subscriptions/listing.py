"""Query subscriptions: GET /subscriptions (clauses 5.8.4, 6.10.3.2).

- pages by ``limit`` and ``offset``, oldest first (clause 5.5.9).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from samstad_broker.domain.subscriptions import represent_subscription
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions.subscriptions import Subscriptions, may_subscribe
from samstad_ngsild.context import Context

__all__ = ["SubscriptionPage", "list_subscriptions"]


class SubscriptionPage(NamedTuple):
    """One page of subscriptions, and how many there are in all."""

    members: list[dict[str, Any]]
    total: int


def list_subscriptions(  # noqa: PLR0913 - the parameters of the operation, by keyword
    subscriptions: Subscriptions,
    call: Call,
    context: Context,
    *,
    limit: int,
    offset: int = 0,
    sys_attrs: bool = False,
) -> SubscriptionPage:
    """Return a page of the subscriptions that the caller may see."""
    index = subscriptions.indexes.tenant(call.tenant)
    seen = [subscription for subscription in index if may_subscribe(call, subscription)]
    seen.sort(key=lambda subscription: (subscription.created_us, subscription.id))
    return SubscriptionPage(
        [
            represent_subscription(
                subscription,
                context,
                now_us=call.now_us,
                counters=subscriptions.delivery.progress(call.tenant, subscription.id),
                sys_attrs=sys_attrs,
                entitled=subscriptions.is_entitled(call, subscription),
            )
            for subscription in seen[offset : offset + limit]
        ],
        len(seen),
    )
