"""What of a subscription is kept in the log, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from samstad_broker.domain.subscriptions.parsing import parse_subscription
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.domain.subscriptions.terms import context_of_terms
from samstad_ngsild.context import Context
from samstad_ngsild.query.q_compile import Linked

__all__ = ["restore_subscription", "stored_content"]


def stored_content(subscription: Subscription) -> dict[str, Any]:
    """Return the document that ``restore_subscription`` reads; it needs no @context to be fetched."""
    shown = subscription.notification_context
    return {
        "body": dict(subscription.content),
        "context": subscription.context.source,
        "link": subscription.context.link,
        "notificationContext": shown.source,
        "notificationLink": shown.link,
        "terms": dict(subscription.terms),
        "mandate": None if subscription.mandate is None else dict(subscription.mandate),
        "createdUs": subscription.created_us,
        "modifiedUs": subscription.modified_us,
    }


def restore_subscription(
    content: Mapping[str, Any],
    *,
    context: Context | None = None,
    notification_context: Context | None = None,
    linked: Linked | None = None,
) -> Subscription:
    """Return a subscription as it was stored.

    Args:
        content: what ``stored_content`` gave.
        context: what ``content["context"]`` refers to, if at hand; the stored names serve otherwise.
        notification_context: what ``content["notificationContext"]`` refers to, if at hand.
        linked: finds entities for terms of q that follow relationships.
    """
    terms = content["terms"]
    if context is None or any(context.expand(term) != iri for term, iri in terms.items()):
        # Not at hand, or changed since: the names mean what they meant when they were given.
        context = context_of_terms(terms, content["context"], link=content["link"])
    if notification_context is None:
        notification_context = context_of_terms(
            terms, content["notificationContext"], link=content["notificationLink"]
        )
    subscription = parse_subscription(
        content["body"],
        context,
        now_us=content["modifiedUs"],
        subscription_id=content["body"]["id"],
        notification_context=notification_context,
        created_us=content["createdUs"],
        linked=linked,
        may_be_expired=True,
    )
    return replace(subscription, mandate=content.get("mandate"))
