"""The resources of the API (CIM 009 clause 6): one file each, every one giving its routes."""

from __future__ import annotations

from samstad_broker.http.resources import attributes, batch, entities, entity, subscriptions, types
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker
from samstad_broker.service.subscriptions import Subscriptions

__all__ = ["all_routes"]


def all_routes(broker: Broker, subscribed: Subscriptions) -> list[Route]:
    """Return every route of the API, joined to one broker."""
    return [
        *entities.routes(broker),
        *entity.routes(broker),
        *attributes.routes(broker),
        *batch.routes(broker),
        *types.routes(broker),
        *subscriptions.routes(broker, subscribed),
    ]
