"""The bodies of requests as JSON Schema, for the description of the API (clause 5.2).

They say what a client may send in general; what a clause forbids beyond that is told by the node itself.
"""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEMAS", "body_of"]

_URI = {"type": "string", "format": "uri"}
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_NAMES = {"anyOf": [{"type": "string", "minLength": 1}, _TEXTS]}
_TIME = {"type": "string", "format": "date-time"}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name), "minItems": 1}


_KINDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Property", "value", {}),
    ("Relationship", "object", {"anyOf": [_URI, {"type": "array", "items": _URI}]}),
    ("GeoProperty", "value", {"type": "object", "required": ["type", "coordinates"]}),
    ("LanguageProperty", "languageMap", {"type": "object"}),
    ("VocabProperty", "vocab", _NAMES),
    ("ListProperty", "valueList", {"type": "array"}),
    ("ListRelationship", "objectList", {"type": "array"}),
    ("JsonProperty", "json", {}),
)


def _attribute() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"enum": [kind for kind, _, _ in _KINDS]},
            **{member: schema for kind, member, schema in _KINDS if kind != "GeoProperty"},
            "observedAt": _TIME,
            "unitCode": {"type": "string"},
            "datasetId": _URI,
        },
    }


_MEMBERS: dict[str, Any] = {"type": _NAMES, "scope": _NAMES, "expiresAt": _TIME, "@context": {}}
_ANY = {"anyOf": [_ref("Attribute"), _list_of("Attribute")]}
_SELECTOR = {
    "type": "object",
    "properties": {"id": {"anyOf": [_URI, {"type": "array", "items": _URI}]}, "type": {"type": "string"}},
}
_OF_SNAPSHOT: dict[str, Any] = {
    "id": _URI,
    "type": {"const": "Snapshot"},
    "snapshotLifetime": {"type": "string", "format": "duration"},
    "snapshotPriority": {"type": "integer", "minimum": 1, "maximum": 10},
    "endpoint": _URI,
    "receiverInfo": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["key", "value"],
            "properties": {"key": {"type": "string"}, "value": {"type": "string"}},
        },
    },
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "Attribute": _attribute(),
    "Entity": {
        "type": "object",
        "required": ["id", "type"],
        "properties": {"id": _URI, **_MEMBERS},
        "additionalProperties": _ANY,
    },
    "EntityFragment": {"type": "object", "properties": _MEMBERS, "additionalProperties": _ANY},
    "Entities": _list_of("Entity"),
    "Ids": {"type": "array", "items": _URI, "minItems": 1},
    "Attributes": _ANY,
    "Query": {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"const": "Query"},
            "entities": {"type": "array", "items": _SELECTOR, "minItems": 1},
            "q": {"type": "string"},
            "geoQ": {"type": "object"},
            "scopeQ": {"type": "string"},
            "temporalQ": {"type": "object"},
        },
        "additionalProperties": False,
    },
    "Subscription": {
        "type": "object",
        "required": ["type", "notification"],
        "properties": {
            "id": _URI,
            "type": {"const": "Subscription"},
            "entities": {"type": "array", "items": _SELECTOR, "minItems": 1},
            "watchedAttributes": _TEXTS,
            "q": {"type": "string"},
            "notification": {
                "type": "object",
                "required": ["endpoint"],
                "properties": {
                    "endpoint": {"type": "object", "required": ["uri"], "properties": {"uri": _URI}}
                },
            },
        },
    },
    "ContextSourceRegistration": {
        "type": "object",
        "required": ["type", "information", "endpoint"],
        "properties": {
            "id": _URI,
            "type": {"const": "ContextSourceRegistration"},
            "endpoint": _URI,
            "mode": {"enum": ["inclusive", "exclusive", "redirect", "auxiliary"]},
            "information": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "entities": {"type": "array", "items": _SELECTOR, "minItems": 1},
                        "propertyNames": _TEXTS,
                        "relationshipNames": _TEXTS,
                    },
                },
            },
        },
    },
    "Snapshot": {
        "type": "object",
        "required": ["type", "snapshotQueries"],
        "properties": {**_OF_SNAPSHOT, "snapshotQueries": _list_of("Query")},
    },
    "SnapshotFragment": {"type": "object", "properties": _OF_SNAPSHOT, "minProperties": 1},
    "SnapshotClone": {"type": "object", "required": ["type"], "properties": _OF_SNAPSHOT},
    "Context": {"type": "object", "required": ["@context"], "properties": {"@context": {}}},
    "Change": {"type": "object"},
}

_BODIES: tuple[tuple[str, str, str], ...] = (
    ("*", "/entities/", "Entity"),
    ("PUT", "/entities/{entityId}", "Entity"),
    ("PATCH", "/entities/{entityId}", "EntityFragment"),
    ("*", "/entities/{entityId}/attrs/", "EntityFragment"),
    ("*", "/entities/{entityId}/attrs/{attrId}", "Attributes"),
    ("*", "/entityOperations/delete/", "Ids"),
    ("*", "/entityOperations/query/", "Query"),
    ("*", "/temporal/entityOperations/query/", "Query"),
    ("*", "/entityOperations/", "Entities"),
    ("*", "/temporal/entities/", "Entity"),
    ("*", "/temporal/entities/{entityId}/attrs/", "EntityFragment"),
    ("POST", "/entityMaps/", "Query"),
    ("POST", "/temporal/entityMaps/", "Query"),
    ("POST", "/subscriptions/", "Subscription"),
    ("POST", "/csourceSubscriptions/", "Subscription"),
    ("POST", "/csourceRegistrations/", "ContextSourceRegistration"),
    ("*", "/jsonldContexts/", "Context"),
    ("POST", "/snapshots/", "Snapshot"),
    ("PATCH", "/snapshots/{snapshotId}", "SnapshotFragment"),
    ("POST", "/snapshots/{snapshotId}/clone", "SnapshotClone"),
)


def body_of(method: str, path: str) -> dict[str, Any]:
    """Return the schema of a route's body; the longest beginning of its path that is listed decides."""
    fits = [
        (len(listed), name)
        for wanted, listed, name in _BODIES
        if wanted in {"*", method} and (path == listed or _is_below(path, listed))
    ]
    return _ref(max(fits)[1]) if fits else _ref("Change")


def _is_below(path: str, listed: str) -> bool:
    return listed == "/entityOperations/" and path.startswith(listed)
