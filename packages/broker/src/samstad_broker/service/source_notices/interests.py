"""From a subscription to what it wants of registrations (clause 5.11.2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.subscriptions import Subscription
from samstad_broker.service.registrations.interest import Interest
from samstad_ngsild.query import parse_query_body
from samstad_ngsild.temporal import parse_temporal_body

__all__ = ["interests_of", "reduced"]


def interests_of(subscription: Subscription) -> list[Interest]:
    """Return one interest for each selector of entities; a registration that meets one is told.

    Its own q is about entities and not about sources: those are filtered by ``csf``.
    """
    content = subscription.content
    shared: dict[str, Any] = {"type": "Query"}
    shared |= {name: content[name] for name in ("geoQ", "scopeQ", "csf") if name in content}
    attributes = [
        *content.get("watchedAttributes", ()),
        *content.get("notification", {}).get("attributes", ()),
    ]
    if attributes:
        shared["attrs"] = list(dict.fromkeys(attributes))
    temporal = parse_temporal_body(content.get("temporalQ"), required=False)
    selectors: list[Any] = list(content.get("entities", ())) or [None]
    bodies = [shared if one is None else {**shared, "entities": [one]} for one in selectors]
    context = subscription.context
    return [Interest(parse_query_body(body, context, local=True), temporal) for body in bodies]


def reduced(stored: Mapping[str, Any], interests: list[Interest]) -> dict[str, Any]:
    """Return a registration with only the information that somebody asked for (clause 5.11.7)."""
    body = stored["body"]
    wanted = [info for info in body["information"] if any(one.wants(info) for one in interests)]
    return {**stored, "body": {**body, "information": wanted}}
