"""Delete subscription: DELETE /subscriptions/{subscriptionId} (clauses 5.8.5, 6.11.3.3).

- what was not told yet is not told any more;
- counters and retries go with it.
"""

from __future__ import annotations

from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions.subscriptions import Subscriptions

__all__ = ["delete_subscription"]


async def delete_subscription(subscriptions: Subscriptions, call: Call, subscription_id: str) -> None:
    """End a subscription.

    Raises:
        ResourceNotFound: there is none.
    """
    subscriptions.get(call, subscription_id)
    async with subscriptions.lock(call.tenant, subscription_id):
        subscriptions.get(call, subscription_id)
        await subscriptions.documents.delete(call.tenant, subscriptions.collection, subscription_id)
        subscriptions.indexes.tenant(call.tenant).remove(subscription_id)
        subscriptions.delivery.unsubscribe(call.tenant, subscription_id)
