"""The resources of the API (CIM 009 clause 6): one file each, every one giving its routes."""

from __future__ import annotations

from functools import partial

import msgspec

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
    snapshots,
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
from samstad_broker.service.snapshots import Snapshots
from samstad_broker.service.subscriptions import Subscriptions

__all__ = ["all_routes"]


def all_routes(  # noqa: PLR0913 - what the composition root wires, each by its name
    broker: Broker,
    subscribed: Subscriptions,
    registered: Registrations,
    hosting: Hosting,
    *,
    sources: Subscriptions,
    frozen: Snapshots | None = None,
) -> list[Route]:
    """Return every route of the API, joined to one broker.

    Args:
        broker: the shard.
        subscribed: subscriptions to entities.
        registered: registrations of context sources.
        hosting: @contexts that are served.
        sources: subscriptions to registrations.
        frozen: snapshots; None where the node offers none (they are optional, clause 4.3.7).
    """
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
        *_live(subscriptions.routes(broker, subscribed, host_context=host)),
        *_live(subscriptions.routes(broker, sources, host_context=host, name="csourceSubscriptions")),
        *contexts.routes(hosting),
        *_live(registrations.routes(registered)),
        *([] if frozen is None else snapshots.routes(frozen)),
    ]


def _live(found: list[Route]) -> list[Route]:
    """Return routes of what a snapshot has none of: a change in it notifies nobody (clause 5.5.15)."""
    return [msgspec.structs.replace(route, live_only=True) for route in found]
