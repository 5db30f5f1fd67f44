"""The entity document: the one internal form of an entity, in which everything is decided.

Names are expanded once, at the edge, and never again (clause 5.5.7). A document is plain JSON:

    {
      "id": "urn:ngsi-ld:Streetlight:roads:17",
      "type": ["https://smartdatamodels.org/dataModel.Streetlighting/Streetlight"],
      "scope": ["/Vasteras/Centrum"],                     # absent where there is none
      "createdAt": "2026-11-25T02:14:57.000000Z",
      "modifiedAt": "2026-11-25T02:14:57.000000Z",
      "expiresAt": "...",                                 # absent unless transient (clause 4.22)
      "<attribute IRI>": [<instance>, ...]                # one instance per datasetId, default first
    }

An instance keeps the core members by their short names (the core @context always wins, clause
5.5.7) and its sub-attributes by IRI, each again a list of instances:

    {"type": "Property", "value": 12.5, "unitCode": "P1", "observedAt": "...", "datasetId": "...",
     "expiresAt": "...", "createdAt": "...", "modifiedAt": "...", "<sub-attribute IRI>": [<instance>]}

| attribute type   | value member | form inside                                                     |
|------------------|--------------|-----------------------------------------------------------------|
| Property         | value        | any JSON but null; ``valueType`` expanded                       |
| GeoProperty      | value        | a GeoJSON geometry                                              |
| Relationship     | object       | a URI or a list of URIs; ``objectType`` a list of IRIs          |
| LanguageProperty | languageMap  | language tag → text or list of texts                            |
| VocabProperty    | vocab        | an IRI or a list of IRIs                                        |
| ListProperty     | valueList    | a list                                                          |
| ListRelationship | objectList   | a list of URIs; ``objectType`` a list of IRIs                   |
| JsonProperty     | json         | any JSON, never expanded                                        |

``createdAt`` and ``modifiedAt`` are written by the node as UTC with six decimals, so that they sort
as text; ``observedAt`` and ``expiresAt`` are kept as the producer wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = [
    "ATTRIBUTE_TYPES",
    "CORE_MEMBERS",
    "INSTANCE_MEMBERS",
    "NGSI_LD",
    "NULL",
    "VALUE_MEMBER",
    "EntityDocument",
    "Instance",
    "attribute_names",
]

EntityDocument = dict[str, Any]
Instance = dict[str, Any]

NGSI_LD = "https://uri.etsi.org/ngsi-ld/"
"""Prefix of everything that the core @context defines."""

NULL = "urn:ngsi-ld:null"
"""The NGSI-LD null (clause 4.5.0): "delete this" in a fragment, "was deleted" in a notification."""

CORE_MEMBERS = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
"""Members of an entity document that are not attributes."""

VALUE_MEMBER: dict[str, str] = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
    "JsonProperty": "json",
}
"""Attribute type → the member that carries its value."""

ATTRIBUTE_TYPES = frozenset(VALUE_MEMBER)

INSTANCE_MEMBERS = frozenset(
    {
        "type", "value", "object", "languageMap", "vocab", "valueList", "objectList", "json",
        "unitCode", "observedAt", "datasetId", "instanceId", "createdAt", "modifiedAt", "deletedAt",
        "expiresAt", "objectType", "valueType", "lang", "previousValue", "previousObject",
        "previousLanguageMap", "previousVocab", "previousValueList", "previousObjectList", "previousJson",
        "entity", "entityList", "ngsildproof", "entityIdSealed", "entityTypeSealed",
    }
)  # fmt: skip
"""Members of an instance that are not sub-attributes."""


def attribute_names(document: EntityDocument) -> Iterator[str]:
    """Yield the expanded names of the attributes of a document, in its order."""
    return (name for name in document if name not in CORE_MEMBERS)
