"""Operations on subscriptions (clause 5.8), one per file."""

from __future__ import annotations

from samstad_broker.service.subscriptions.create import create_subscription
from samstad_broker.service.subscriptions.delete import delete_subscription
from samstad_broker.service.subscriptions.listing import SubscriptionPage, list_subscriptions
from samstad_broker.service.subscriptions.restore import restore_subscriptions
from samstad_broker.service.subscriptions.retrieve import retrieve_subscription
from samstad_broker.service.subscriptions.subscriptions import COLLECTION, Subscriptions
from samstad_broker.service.subscriptions.update import update_subscription

__all__ = [
    "COLLECTION",
    "SubscriptionPage",
    "Subscriptions",
    "create_subscription",
    "delete_subscription",
    "list_subscriptions",
    "restore_subscriptions",
    "retrieve_subscription",
    "update_subscription",
]
