"""Update subscription: PATCH /subscriptions/{subscriptionId} (clauses 5.8.2, 5.5.8, 6.11.3.2).

- first-level members are replaced, the NGSI-LD null removes a member;
- ``expiresAt`` in the past is refused whatever else is given;
- who changes what is told, or where to, is its owner from then on: it is told with the owner's rights;
- counters and what is still to be told stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from samstad_broker.domain.subscriptions import Subscription, apply_fragment, stored_content
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions.subscriptions import Subscriptions, require_subscribe
from samstad_ngsild.context import Context

__all__ = ["update_subscription"]


_HARMLESS = frozenset({"isActive", "expiresAt", "subscriptionName", "description", "type", "id"})
"""Members that change neither what is told nor where to: who pauses a subscription does not take it over."""


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
        current = subscriptions.get(call, subscription_id)
        changed = apply_fragment(
            current,
            fragment,
            context,
            now_us=call.now_us,
            notification_context=shown,
            linked=subscriptions.linked(call.tenant),
        )
        require_subscribe(call, changed)
        changed = _owned(subscriptions, call, current, changed, fragment)
        await subscriptions.documents.put(
            call.tenant, subscriptions.collection, changed.id, stored_content(changed)
        )
        subscriptions.indexes.tenant(call.tenant).add(changed)
        subscriptions.delivery.subscribe(call.tenant, changed)


def _owned(
    subscriptions: Subscriptions,
    call: Call,
    current: Subscription,
    changed: Subscription,
    fragment: Mapping[str, Any],
) -> Subscription:
    owned = subscriptions.owned(call, changed)
    is_owner = (
        current.mandate is not None
        and owned.mandate is not None
        and (current.mandate.get("principal") == owned.mandate.get("principal"))
    )
    if is_owner or not fragment.keys() <= _HARMLESS:
        return owned
    return replace(changed, mandate=current.mandate)
