"""Attributes of Device and DeviceModel entities: the models' names, and IRIs of ours where they have none."""

from __future__ import annotations

from samstad_devices.domain.errors import IdentifierRefused
from samstad_devices.domain.identifiers import Identifier, identifier

__all__ = ["CLAIM", "CONTRACT", "IDENTIFIERS", "PROFILE", "attribute_of", "identifiers_of"]

_OURS = "https://w3id.org/samstad/"
IDENTIFIERS = f"{_OURS}identifiers"
"""Property of a Device: an array of texts such as ``devEUI:70B3D57ED0000001``."""
CONTRACT = f"{_OURS}contract"
"""Property of a Device: the contract or order that it was bought under."""
CLAIM = f"{_OURS}claimCode"
"""Property of a Device: the digest of its claim code; it goes when the device is claimed."""
PROFILE = f"{_OURS}deviceProfile"
"""JsonProperty of a DeviceModel: how its messages are understood."""


def attribute_of(entity: dict[str, object], name: str) -> object:
    """Return what an attribute says, in any representation: value, object, JSON or the bare value."""
    told = entity.get(name)
    if isinstance(told, list) and told and isinstance(told[0], dict):
        told = told[0]
    if isinstance(told, dict):
        for member in ("value", "object", "json"):
            if member in told:
                return told[member]
    return told


def identifiers_of(entity: dict[str, object]) -> frozenset[Identifier]:
    """Return the identifiers of a Device; texts that are none are left out."""
    told = attribute_of(entity, IDENTIFIERS)
    texts = told if isinstance(told, list) else [told]
    found = set()
    for text in texts:
        kind, _, rest = str(text or "").partition(":")
        try:
            found.add(identifier(kind, rest))
        except IdentifierRefused:
            continue
    return frozenset(found)
