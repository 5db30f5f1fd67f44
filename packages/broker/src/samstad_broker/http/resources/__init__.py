"""The resources of the API (CIM 009 clause 6): one file each, every one giving its routes."""

from __future__ import annotations

from functools import partial

from samstad_broker.http.resources import (
    attribute,
    attributes,
    batch,
    batch_query,
    contexts,
    entities,
    entity,
    entity_maps,
    registrations,
    source_identity,
    subscriptions,
    temporal,
    types,
)
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.contexts.hosting import Hosting
from samstad_broker.service.contexts.implicit import host_implicitly
from samstad_broker.service.registrations import Registrations
from samstad_broker.service.subscriptions import Subscriptions

__all__ = ["all_routes"]


def all_routes(
    broker: Broker,
    subscribed: Subscriptions,
    registered: Registrations,
    hosting: Hosting,
    *,
    sources: Subscriptions,
) -> list[Route]:
    """Return every route of the API, joined to one broker; ``sources`` are subscriptions to registrations."""
    host = partial(host_implicitly, hosting)
    return [
        *entities.routes(broker),
        *entity.routes(broker),
        *attributes.routes(broker),
        *attribute.routes(broker),
        *batch.routes(broker),
        *batch_query.routes(broker),
        *types.routes(broker),
        *source_identity.routes(broker),
        *temporal.routes(broker),
        *entity_maps.routes(broker),
        *subscriptions.routes(broker, subscribed, host_context=host),
        *subscriptions.routes(broker, sources, host_context=host, name="csourceSubscriptions"),
        *contexts.routes(hosting),
        *registrations.routes(registered),
    ]
