"""What the operations on subscriptions work on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from weakref import WeakValueDictionary

from samstad_broker.domain.subscriptions import Subscription, TenantIndexes
from samstad_broker.service.call import Call
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.documents import Documents
from samstad_broker.spi.standing import EverybodyStands, Standing
from samstad_broker.spi.store import SubscriptionProgress
from samstad_ngsild.context import Context, ContextSource
from samstad_ngsild.document import NULL, EntityDocument
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["COLLECTION", "Contexts", "Deliveries", "Subscriptions"]

COLLECTION = "subscriptions"
"""The collection of documents in the log that holds subscriptions."""


class Contexts(Protocol):
    """Resolves @contexts; ContextResolver is one."""

    async def resolve(self, source: ContextSource | None, *, now_us: int = 0) -> Context:
        """Return the compiled @context; raises BadRequestData or LdContextNotAvailable."""
        ...


class Deliveries(Protocol):
    """What operations ask of Delivery."""

    def subscribe(self, tenant: str, subscription: Subscription) -> None:
        """Serve a subscription from here on, or in its new form."""
        ...

    def unsubscribe(self, tenant: str, subscription_id: str) -> None:
        """Serve a subscription no more."""
        ...

    def progress(self, tenant: str, subscription_id: str) -> SubscriptionProgress | None:
        """Return what was counted so far."""
        ...


class Find(Protocol):
    """Finds current entities for terms of q that follow relationships."""

    def __call__(self, tenant: str, entity_id: str) -> EntityDocument | None:
        """Return the entity, or None."""
        ...


@dataclass(slots=True, kw_only=True)
class Subscriptions:
    """The subscriptions of a shard: in the log, in the index of the write, and in delivery.

    Those to registrations (clause 5.11) are of the same kind, in a ``collection`` and an index of their own.
    """

    documents: Documents
    indexes: TenantIndexes
    delivery: Deliveries
    contexts: Contexts
    find: Find
    standing: Standing = field(default_factory=EverybodyStands)
    collection: str = COLLECTION
    _locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def lock(self, tenant: str, subscription_id: str) -> asyncio.Lock:
        """Return the lock under which one subscription is changed."""
        lock = self._locks.get((tenant, subscription_id))
        if lock is None:
            lock = self._locks[tenant, subscription_id] = asyncio.Lock()
        return lock

    def get(self, call: Call, subscription_id: str) -> Subscription:
        """Return a subscription that the caller may see.

        Raises:
            BadRequestData: the id is no URI.
            ResourceNotFound: there is none, or none for this caller (I6).
        """
        check_uri(subscription_id, pointer="subscriptionId")
        found = self.indexes.tenant(call.tenant).get(subscription_id)
        if found is None or not may_subscribe(call, found):
            raise ResourceNotFound(
                f"There is no subscription {subscription_id} here.", pointer="subscriptionId"
            )
        return found

    def linked(self, tenant: str) -> Any:
        """Return how q finds the entities that relationships of a tenant lead to."""
        return lambda entity_id: self.find(tenant, entity_id)

    def owned(self, call: Call, subscription: Subscription) -> Subscription:
        """Return a subscription that is told on the caller's behalf from now on."""
        return replace(subscription, mandate=self.standing.mandate(call.caller, now_us=call.now_us))

    def is_entitled(self, call: Call, subscription: Subscription) -> bool:
        """Whether the owner of a subscription may still be told what it selects."""
        standing, tenant = self.standing, call.tenant
        holder = standing.holder(subscription.mandate, now_us=call.now_us)
        if holder is None:
            return False
        return may_be_told(
            lambda operation, kind: standing.may(holder, tenant, operation, kind), subscription
        )

    async def notification_context(self, call: Call, members: Mapping[str, Any]) -> Context | None:
        """Return what ``jsonldContext`` refers to; None where it is not given.

        Raises:
            LdContextNotAvailable, BadRequestData: it cannot be had, or is no @context (clause 5.8.1.4).
        """
        source = members.get("jsonldContext") if isinstance(members, dict) else None
        if not isinstance(source, str) or source == NULL:
            return None
        check_uri(source, pointer="/jsonldContext", what="jsonldContext")
        return await self.contexts.resolve(source, now_us=call.now_us)


_May = Callable[[Operation, str | None], bool]


def may_subscribe(call: Call, subscription: Subscription) -> bool:
    """Whether the caller may have such a subscription, and see it."""
    return _may_everywhere(call.may, Operation.SUBSCRIBE, subscription)


def may_be_told(may: _May, subscription: Subscription) -> bool:
    """Whether somebody may have a subscription and read everything that it selects."""
    return all(_may_everywhere(may, one, subscription) for one in (Operation.SUBSCRIBE, Operation.READ))


def _may_everywhere(may: _May, operation: Operation, subscription: Subscription) -> bool:
    types = [selector.type_keys or (None,) for selector in subscription.selectors] or [(None,)]
    return all(may(operation, one) for keys in types for one in keys)


def require_subscribe(call: Call, subscription: Subscription) -> None:
    """Raise Forbidden unless the caller may be told of everything that a subscription can match."""
    if not may_be_told(call.may, subscription):
        raise Forbidden(
            f"{call.caller.id} may not both read and subscribe to all of these entity types here. "
            "Ask the node's administrator for a role that grants it."
        )
