"""Retrieve subscription: GET /subscriptions/{subscriptionId} (clauses 5.8.3, 6.11.3.1).

- with ``status``, which is ``paused`` also where its owner may not have it any more;
- with the counters of its notifications (clause 5.2.14.2).
"""

from __future__ import annotations

from typing import Any

from samstad_broker.domain.subscriptions import represent_subscription
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions.subscriptions import Subscriptions
from samstad_ngsild.context import Context

__all__ = ["retrieve_subscription"]


def retrieve_subscription(
    subscriptions: Subscriptions,
    call: Call,
    subscription_id: str,
    context: Context,
    *,
    sys_attrs: bool = False,
) -> dict[str, Any]:
    """Return a subscription as JSON members, without @context.

    Raises:
        BadRequestData: the id is no URI.
        ResourceNotFound: there is none.
    """
    subscription = subscriptions.get(call, subscription_id)
    return represent_subscription(
        subscription,
        context,
        now_us=call.now_us,
        counters=subscriptions.delivery.progress(call.tenant, subscription_id),
        sys_attrs=sys_attrs,
        entitled=subscriptions.is_entitled(call, subscription),
    )
