"""Create subscription: POST /subscriptions (clauses 5.8.1, 6.10.3.1).

- an id that exists is AlreadyExists; without an id the node gives one;
- ``jsonldContext`` must be available when it is given;
- it matches changes from the moment it is durable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.subscriptions import Subscription, parse_subscription, stored_content
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions.subscriptions import Subscriptions, require_subscribe
from samstad_ngsild.context import Context
from samstad_ngsild.errors import AlreadyExists

__all__ = ["create_subscription"]


async def create_subscription(
    subscriptions: Subscriptions,
    call: Call,
    body: Mapping[str, Any],
    context: Context,
    *,
    new_id: str,
) -> str:
    """Create a subscription and return its id.

    Args:
        subscriptions: where it is kept.
        call: by whom, when, in which tenant.
        body: its members as JSON.
        context: in which names are meant.
        new_id: the URI it gets where the body has no id.

    Raises:
        BadRequestData: a restriction of clause 5.2.12 is not met.
        AlreadyExists: there is one with this id.
        LdContextNotAvailable: what ``jsonldContext`` refers to cannot be had.
        Forbidden: the caller may not subscribe to these types.
    """
    subscription = parse_subscription(
        body,
        context,
        now_us=call.now_us,
        subscription_id=new_id,
        notification_context=await subscriptions.notification_context(call, body),
        linked=subscriptions.linked(call.tenant),
    )
    require_subscribe(call, subscription)
    subscription = subscriptions.owned(call, subscription)
    async with subscriptions.lock(call.tenant, subscription.id):
        await _keep_new(subscriptions, call, subscription)
    return subscription.id


async def _keep_new(subscriptions: Subscriptions, call: Call, subscription: Subscription) -> None:
    index = subscriptions.indexes.tenant(call.tenant)
    if index.get(subscription.id) is not None:
        raise AlreadyExists(f"There is a subscription {subscription.id} already.", pointer="/id")
    content = stored_content(subscription)
    await subscriptions.documents.put(call.tenant, subscriptions.collection, subscription.id, content)
    index.add(subscription)
    subscriptions.delivery.subscribe(call.tenant, subscription)
