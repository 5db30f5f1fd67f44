"""Update subscription: PATCH /subscriptions/{subscriptionId} (clauses 5.8.2, 5.5.8, 6.11.3.2).

- first-level members are replaced, the NGSI-LD null removes a member;
- ``expiresAt`` in the past is refused whatever else is given;
- counters and what is still to be told stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.subscriptions import apply_fragment, stored_content
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions.subscriptions import COLLECTION, Subscriptions, require_subscribe
from samstad_ngsild.context import Context

__all__ = ["update_subscription"]


async def update_subscription(
    subscriptions: Subscriptions,
    call: Call,
    subscription_id: str,
    fragment: Mapping[str, Any],
    context: Context,
) -> None:
    """Change a subscription by a fragment.

    Raises:
        ResourceNotFound: there is none.
        BadRequestData: the fragment or its outcome is wrong.
        LdContextNotAvailable: what ``jsonldContext`` refers to cannot be had.
        Forbidden: the caller may not subscribe to what it would match.
    """
    subscriptions.get(call, subscription_id)
    shown = await subscriptions.notification_context(call, fragment)
    async with subscriptions.lock(call.tenant, subscription_id):
        changed = apply_fragment(
            subscriptions.get(call, subscription_id),
            fragment,
            context,
            now_us=call.now_us,
            notification_context=shown,
            linked=subscriptions.linked(call.tenant),
        )
        require_subscribe(call, changed)
        await subscriptions.documents.put(call.tenant, COLLECTION, changed.id, stored_content(changed))
        subscriptions.indexes.tenant(call.tenant).add(changed)
        subscriptions.delivery.subscribe(call.tenant, changed)
