"""JSON Schema 2020-12 of an entity type in its simplified form (CIM 009 clause 4.5.4).

The schema says what ``validation`` checks, no more and no less. Attributes that the model does not
know are allowed: an entity may carry more than its type says. Of an attribute with several datasets
(clause 4.5.5) each value by itself must fit.
"""

from __future__ import annotations

from typing import Any

from samstad_models.catalogue import BASE, Attribute, Catalogue, EntityType, load_catalogue
from samstad_models.values import value_schema

__all__ = ["accepts_language_map", "schema_of", "schema_url"]

_LANGUAGE_MAP = {
    "type": "object",
    "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}


def schema_url(name: str) -> str:
    """Return the identity of the schema of a type."""
    return f"{BASE}schema/{name}.json"


def accepts_language_map(attribute: Attribute) -> bool:
    """Tell whether a free text may also be given in several languages, as a LanguageProperty."""
    return attribute.kind == "Property" and attribute.shape == "text"


def _wrapped(member: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [member], "properties": {member: schema}}


def _forms(attribute: Attribute, values: tuple[str, ...]) -> dict[str, Any]:
    plain = value_schema(attribute, values)
    if attribute.kind == "JsonProperty":
        return _wrapped("json", plain)
    if accepts_language_map(attribute):
        alternatives = plain.get("anyOf", [plain])
        return {"anyOf": [*alternatives, _wrapped("languageMap", _LANGUAGE_MAP)]}
    return plain


def _notes(attribute: Attribute) -> dict[str, Any]:
    notes: dict[str, Any] = {
        "iri": attribute.iri,
        "attributeType": attribute.kind,
        "need": attribute.need,
        "privacy": attribute.privacy,
    }
    if attribute.unit is not None:
        notes["unitCode"] = attribute.unit
    if attribute.targets:
        notes["objectType"] = list(attribute.targets)
    return notes


def _property(attribute: Attribute, catalogue: Catalogue) -> dict[str, Any]:
    values = tuple(catalogue.value_lists[attribute.values]) if attribute.values else ()
    text = attribute.texts["en"]
    return {
        "title": text.label,
        "description": text.help,
        "x-ngsi-ld": _notes(attribute),
        **_forms(attribute, values),
    }


def schema_of(entity_type: EntityType, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Return the JSON Schema of the simplified form of an entity of that type."""
    catalogue = catalogue or load_catalogue()
    name = entity_type.name
    # A type list is accepted because an entity may have several types (clause 4.16).
    type_schema = {"anyOf": [{"const": name}, {"type": "array", "contains": {"const": name}}]}
    properties: dict[str, Any] = {"id": {"type": "string", "minLength": 1}, "type": type_schema}
    properties.update({a.name: _property(a, catalogue) for a in entity_type.attributes})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_url(name),
        "title": entity_type.texts["en"].label,
        "description": entity_type.texts["en"].help,
        "x-ngsi-ld": {"iri": entity_type.iri, "standard": entity_type.standard},
        "type": "object",
        "required": ["id", "type", *(a.name for a in entity_type.attributes if a.need == "required")],
        "properties": properties,
    }
