"""Updating a subscription by a fragment (clauses 5.8.2.4 and 5.5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.subscriptions.parsing import MEMBERS, READ_ONLY, parse_subscription
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.domain.subscriptions.terms import context_of_terms, joined_terms
from samstad_ngsild.context import Context
from samstad_ngsild.document import NULL
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query.q_compile import Linked

__all__ = ["apply_fragment"]

_FIXED = ("id", "type")
_LEAST: dict[str, Any] = {
    "type": "Subscription",
    "localOnly": True,
    "notification": {"endpoint": {"uri": "http://localhost/"}},
}


def apply_fragment(  # noqa: PLR0913 - context and time are arguments, by keyword
    subscription: Subscription,
    fragment: Mapping[str, Any],
    context: Context,
    *,
    now_us: int,
    notification_context: Context | None = None,
    linked: Linked | None = None,
) -> Subscription:
    """Return a subscription as a fragment changes it; first-level members are replaced, NGSI-LD null removes.

    An expired subscription becomes active again only by a new ``expiresAt`` (or by removing it).

    Args:
        subscription: as it is now.
        fragment: the members to change.
        context: in which the names of the fragment are meant.
        now_us: the time.
        notification_context: what a ``jsonldContext`` in the fragment refers to.
        linked: finds entities for terms of q that follow relationships.

    Raises:
        BadRequestData: the fragment, or what the subscription would become, is wrong.
    """
    _check(subscription, fragment)
    content = {name: value for name, value in subscription.content.items() if name not in fragment}
    content |= {name: value for name, value in fragment.items() if value != NULL and name not in READ_ONLY}
    names = context
    if context.key != subscription.context.key:
        terms = joined_terms(subscription.terms, _names_in(fragment, context, now_us))
        names = context_of_terms(terms, subscription.context.source, link=subscription.context.link)
    shown = notification_context or subscription.notification_context
    if fragment.get("jsonldContext") == NULL:
        shown = names
    return parse_subscription(
        content,
        names,
        now_us=now_us,
        subscription_id=subscription.id,
        notification_context=shown,
        created_us=subscription.created_us,
        linked=linked,
        may_be_expired="expiresAt" not in fragment,
    )


def _check(subscription: Subscription, fragment: Mapping[str, Any]) -> None:
    if not isinstance(fragment, dict) or not fragment:
        raise BadRequestData("The fragment is a JSON object with the members to change.", pointer="")
    for name, value in fragment.items():
        if name not in MEMBERS and name not in READ_ONLY:
            raise BadRequestData(
                f"A subscription has no member {name!r}; look for a misspelling.", pointer=f"/{name}"
            )
        if name in _FIXED and value != subscription.content[name]:
            raise BadRequestData(f"The {name} of a subscription cannot be changed.", pointer=f"/{name}")
        if name == "notification" and value == NULL:
            raise BadRequestData("A subscription cannot do without notification.", pointer="/notification")


def _names_in(fragment: Mapping[str, Any], context: Context, now_us: int) -> Mapping[str, str]:
    """Return the names that a fragment uses, as its own @context understands them.

    The fragment is read as a whole subscription, with the least that it needs to be one.
    """
    given = {name: value for name, value in fragment.items() if value != NULL}
    body = {**_LEAST, **given, "id": "urn:ngsi-ld:Subscription:fragment"}
    return parse_subscription(body, context, now_us=now_us, subscription_id=body["id"]).terms
