"""Entity types: GET /types, GET /types/{type} (clauses 5.7.5 to 5.7.7, 6.25, 6.26).

- only types that the caller may read are told (I6).
"""

from __future__ import annotations

from typing import NamedTuple

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["TypeDescription", "describe_type", "list_types"]

_SAMPLE = 100
"""Entities that are looked at for the kinds of an attribute."""


class TypeDescription(NamedTuple):
    """What is known of one entity type.

    Attributes:
        entity_count: how many entities have the type now.
        attributes: attribute IRI → the NGSI-LD attribute types seen on a sample of the entities.
    """

    type: str
    entity_count: int
    attributes: dict[str, set[str]]


def list_types(broker: Broker, call: Call) -> dict[str, set[str]]:
    """Return type IRI → the IRIs of its attributes."""
    types = broker.data(call).types
    return {name: set(bucket.attributes) for name, bucket in types.items() if call.may(Operation.READ, name)}


def describe_type(broker: Broker, call: Call, name: str) -> TypeDescription:
    """Return what is known of a type.

    Raises:
        ResourceNotFound: no entity has it, or the caller may not know.
    """
    bucket = broker.data(call).types.get(name)
    if bucket is None or not call.may(Operation.READ, name):
        raise ResourceNotFound(f"No entity has the type {name} here.", pointer="type")
    kinds: dict[str, set[str]] = {attribute: set() for attribute in bucket.attributes}
    for record in bucket.records.page(0, _SAMPLE):
        document = record.parsed()
        for attribute, found in kinds.items():
            found.update(instance["type"] for instance in document.get(attribute, ()))
    return TypeDescription(name, len(bucket.records), kinds)
