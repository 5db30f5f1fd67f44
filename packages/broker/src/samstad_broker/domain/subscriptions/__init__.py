"""Subscriptions: what they say, and which of them a change concerns (clauses 5.2.12 and 5.8)."""

from __future__ import annotations

from samstad_broker.domain.subscriptions.changes import ChangeEvent, Trigger, change_event
from samstad_broker.domain.subscriptions.fragment import apply_fragment
from samstad_broker.domain.subscriptions.matching import SubscriptionIndex, TenantIndexes, matches
from samstad_broker.domain.subscriptions.parsing import parse_subscription
from samstad_broker.domain.subscriptions.representation import represent_subscription, status_of
from samstad_broker.domain.subscriptions.stored import restore_subscription, stored_content
from samstad_broker.domain.subscriptions.subscription import (
    Endpoint,
    EntitySelector,
    NotificationParams,
    Subscription,
)

__all__ = [
    "ChangeEvent",
    "Endpoint",
    "EntitySelector",
    "NotificationParams",
    "Subscription",
    "SubscriptionIndex",
    "TenantIndexes",
    "Trigger",
    "apply_fragment",
    "change_event",
    "matches",
    "parse_subscription",
    "represent_subscription",
    "restore_subscription",
    "status_of",
    "stored_content",
]
