"""The resources of the temporal API (clauses 6.18 to 6.22, 6.24): one file each."""

from __future__ import annotations

from samstad_broker.http.resources.temporal import (
    attribute,
    attributes,
    batch_query,
    entities,
    entity,
    instance,
)
from samstad_broker.http.router import Route
from samstad_broker.service.broker import Broker

__all__ = ["routes"]


def routes(broker: Broker) -> list[Route]:
    """Return the routes of all of them."""
    resources = (entities, entity, attributes, attribute, instance, batch_query)
    return [route for resource in resources for route in resource.routes(broker)]
