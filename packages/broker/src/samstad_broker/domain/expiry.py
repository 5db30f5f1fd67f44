"""What of an entity has expired (clause 4.22): the entity itself, attributes, sub-attributes.

``expiresAt`` is a moment, not a text to be sorted: clause 4.6.3 lets a fraction begin with a comma. What
expires at a moment is invalid from that moment on.
"""

from __future__ import annotations

from collections.abc import Iterator

from samstad_ngsild.document import INSTANCE_MEMBERS, EntityDocument, Instance, attribute_names
from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.merge.change import Change, ChangeBuilder

__all__ = ["NEVER_US", "expire_attributes", "first_expiry_us", "has_expired", "valid_document"]

NEVER_US = (1 << 63) - 1
"""The expiry of what does not expire, microseconds since 1970 UTC."""


def has_expired(document: EntityDocument, now_us: int) -> bool:
    """Tell whether the entity as a whole has expired."""
    return "expiresAt" in document and parse_datetime(document["expiresAt"]) <= now_us


def first_expiry_us(document: EntityDocument) -> int:
    """Return when the first thing in a document expires; NEVER_US where nothing does."""
    first_us = parse_datetime(document["expiresAt"]) if "expiresAt" in document else NEVER_US
    for name in attribute_names(document):
        for instance in document[name]:
            first_us = min(first_us, _first_of_instance(instance))
    return first_us


def _first_of_instance(instance: Instance) -> int:
    first_us = parse_datetime(instance["expiresAt"]) if "expiresAt" in instance else NEVER_US
    for name in _sub_attributes(instance):
        for inner in instance[name]:
            first_us = min(first_us, _first_of_instance(inner))
    return first_us


def _sub_attributes(instance: Instance) -> Iterator[str]:
    return (name for name in instance if name not in INSTANCE_MEMBERS)


def expire_attributes(document: EntityDocument, *, now_us: int) -> Change:
    """Return the change that takes out the attributes, instances and sub-attributes that have expired."""
    builder = ChangeBuilder(document, iso(now_us))
    for name in attribute_names(document):
        kept = _valid_instances(document[name], now_us)
        if kept is not document[name]:
            builder.put(name, {instance.get("datasetId"): instance for instance in kept})
    return builder.finish()


def valid_document(document: EntityDocument, now_us: int) -> EntityDocument | None:
    """Return a document as a reader may see it at a time; None where the entity has expired.

    ``modifiedAt`` stays: the removal itself is written when the node gets to it.
    """
    if has_expired(document, now_us):
        return None
    shown = dict(document)
    for name in attribute_names(document):
        kept = _valid_instances(document[name], now_us)
        if kept:
            shown[name] = kept
        else:
            del shown[name]
    return shown


def _valid_instances(instances: list[Instance], now_us: int) -> list[Instance]:
    """Return the instances that are valid: the very list where all of it is."""
    kept = [_valid_instance(instance, now_us) for instance in instances]
    if all(one is other for one, other in zip(kept, instances, strict=True)):
        return instances
    return [instance for instance in kept if instance is not None]


def _valid_instance(instance: Instance, now_us: int) -> Instance | None:
    """Return an instance without its expired sub-attributes: the very one where nothing expired."""
    if "expiresAt" in instance and parse_datetime(instance["expiresAt"]) <= now_us:
        return None
    shown = instance
    for name in _sub_attributes(instance):
        kept = _valid_instances(instance[name], now_us)
        if kept is instance[name]:
            continue
        shown = dict(shown) if shown is instance else shown
        if kept:
            shown[name] = kept
        else:
            del shown[name]
    return shown
