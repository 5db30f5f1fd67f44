"""Attributes: GET /attributes, GET /attributes/{attrId} (clauses 5.7.8 to 5.7.10, 6.27, 6.28).

- only attributes of types that the caller may read are told (I6).
"""

from __future__ import annotations

from typing import NamedTuple

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.discovery.types import describe_type
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["AttributeDescription", "describe_attribute", "list_attributes"]


class AttributeDescription(NamedTuple):
    """What is known of one attribute.

    Attributes:
        entity_count: in how many entities it is; one with several types counts for each.
        kinds: the NGSI-LD attribute types seen.
        types: the entity types that have it.
    """

    attribute: str
    entity_count: int
    kinds: set[str]
    types: set[str]


def list_attributes(broker: Broker, call: Call) -> dict[str, set[str]]:
    """Return attribute IRI → the IRIs of the entity types that have it."""
    found: dict[str, set[str]] = {}
    for name, bucket in broker.data(call).types.items():
        if call.may(Operation.READ, name):
            for attribute in bucket.attributes:
                found.setdefault(attribute, set()).add(name)
    return found


def describe_attribute(broker: Broker, call: Call, attribute: str) -> AttributeDescription:
    """Return what is known of an attribute.

    Raises:
        ResourceNotFound: no entity has it, or the caller may not know.
    """
    types = list_attributes(broker, call).get(attribute)
    if types is None:
        raise ResourceNotFound(f"No entity has the attribute {attribute} here.", pointer="attrId")
    buckets = broker.data(call).types
    count = sum(buckets[name].attributes[attribute] for name in types)
    kinds: set[str] = set()
    for name in types:
        kinds |= describe_type(broker, call, name).attributes[attribute]
    return AttributeDescription(attribute, count, kinds, types)
