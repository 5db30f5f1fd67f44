"""Which subscriptions a change concerns, found by index inside the write (clause 5.8.6).

    entity type ─▶ changed attribute ─▶ kinds of change ─▶ Group: by id │ by id prefix │ by bound │ rest

A subscription stands under each of its types (or under "any") and each of its watched attributes (or
under "any"). The index narrows; whatever the place of an entry does not decide, its check does.
``matches`` is the definition that the index must agree with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from samstad_broker.domain.subscriptions.changes import ChangeEvent, change_event
from samstad_broker.domain.subscriptions.group import Entry, Group
from samstad_broker.domain.subscriptions.subscription import EntitySelector, Subscription
from samstad_ngsild.document import EntityDocument

__all__ = ["SubscriptionIndex", "TenantIndexes", "matches"]

_Place = tuple[str | None, str | None]
"""(entity type, watched attribute), None for any."""


def matches(subscription: Subscription, event: ChangeEvent) -> bool:
    """Whether a change concerns a subscription: the rule itself, without any index."""
    if not is_indexed(subscription) or not subscription.selects(event.entity_id, event.types):
        return False
    triggers = int(subscription.triggers)
    if subscription.watched:
        hit = any(name in subscription.watched and kinds & triggers for name, kinds in event.changes)
    else:
        hit = event.kinds & triggers != 0
    return hit and (subscription.condition is None or subscription.condition(event.document))


def is_indexed(subscription: Subscription) -> bool:
    """Whether changes can concern it: paused ones are told nothing, periodic ones at their time."""
    return subscription.is_active and subscription.interval_us is None


class SubscriptionIndex:
    """The subscriptions of one tenant."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, Subscription] = {}
        self._entries: dict[str, list[tuple[Entry, _Place]]] = {}
        self._types: dict[str | None, dict[str | None, dict[int, Group]]] = {}

    def __len__(self) -> int:
        return len(self._subscriptions)

    def get(self, subscription_id: str) -> Subscription | None:
        """Return a subscription, or None."""
        return self._subscriptions.get(subscription_id)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._subscriptions.values())

    def add(self, subscription: Subscription) -> None:
        """Take in a subscription, or its new form."""
        self.remove(subscription.id)
        self._subscriptions[subscription.id] = subscription
        if is_indexed(subscription):
            mask = int(subscription.triggers)
            self._entries[subscription.id] = list(_entries(subscription))
            for entry, place in self._entries[subscription.id]:
                kinds = self._types.setdefault(place[0], {}).setdefault(place[1], {})
                kinds.setdefault(mask, Group()).add(entry)

    def remove(self, subscription_id: str) -> None:
        """Take a subscription out; nothing happens when it is not there."""
        subscription = self._subscriptions.pop(subscription_id, None)
        if subscription is None:
            return
        for entry, place in self._entries.pop(subscription_id, ()):
            self._remove_entry(entry, place, int(subscription.triggers))

    def _remove_entry(self, entry: Entry, place: _Place, mask: int) -> None:
        attributes = self._types[place[0]]
        kinds = attributes[place[1]]
        group = kinds[mask]
        group.remove(entry)
        if not group:
            del kinds[mask]
        if not kinds:
            del attributes[place[1]]
        if not attributes:
            del self._types[place[0]]

    def concerns(self, types: Iterable[str]) -> bool:
        """Whether any subscription is about entities of one of these types, or about entities of any type."""
        places = self._types
        if None in places:
            return True
        for name in types:  # noqa: SIM110 - a loop costs half of a generator here
            if name in places:
                return True
        return False

    def match(self, event: ChangeEvent) -> tuple[str, ...]:
        """Return the ids of the subscriptions that a change concerns, each once."""
        found: list[str] = []
        for name in (*event.types, None):
            attributes = self._types.get(name)
            if attributes is None:
                continue
            anything = attributes.get(None)
            if anything is not None:
                for mask, group in anything.items():
                    if mask & event.kinds:
                        group.collect(event, found)
            for attribute, kinds in event.changes:
                groups = attributes.get(attribute)
                if groups is not None:
                    for mask, group in groups.items():
                        if mask & kinds:
                            group.collect(event, found)
        return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))


def _entries(subscription: Subscription) -> Iterator[tuple[Entry, _Place]]:
    """Yield what stands for a subscription in the index, and where."""
    selectors: tuple[EntitySelector | None, ...] = subscription.selectors or (None,)
    attributes: Collection[str | None] = subscription.watched or (None,)
    for selector in selectors:
        entry = Entry.of(subscription, selector)
        types: tuple[str | None, ...] = (selector.type_keys if selector is not None else ()) or (None,)
        for name in types:
            for attribute in attributes:
                yield entry, (name, attribute)


class TenantIndexes:
    """The subscriptions of all tenants; called with each change, it is the broker's Matcher."""

    def __init__(self) -> None:
        self._tenants: dict[str, SubscriptionIndex] = {}

    def tenant(self, tenant: str) -> SubscriptionIndex:
        """Return the index of a tenant."""
        return self._tenants.setdefault(tenant, SubscriptionIndex())

    def __iter__(self) -> Iterator[tuple[str, Subscription]]:
        return ((tenant, item) for tenant, index in self._tenants.items() for item in index)

    def __call__(
        self,
        tenant: str,
        before: EntityDocument | None,
        after: EntityDocument | None,
        touched: Collection[str],
    ) -> tuple[str, ...]:
        """Return the ids of the subscriptions that a change of an entity concerns."""
        index = self._tenants.get(tenant)
        entity = before if after is None else after
        if not index or entity is None or not index.concerns(entity["type"]):
            return ()
        event = change_event(before, after, touched)
        return () if event is None else index.match(event)
