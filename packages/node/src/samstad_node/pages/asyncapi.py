"""AsyncAPI 3.0 of what a node tells by itself: notifications over HTTP and MQTT, and the stream ``/live``."""

from __future__ import annotations

from typing import Any

__all__ = ["build_asyncapi"]

_VERSION = "3.0.0"
_NOTIFICATIONS = (
    "At least once, in order for each entity; a repeated notification has the id of the first. "
    "The address is the endpoint.uri of the subscription."
)
_LIVE = (
    "Server-Sent Events. The fields id and event of an event are shown as headers, its data as payload. "
    "A client that comes back sends the last id as Last-Event-ID and goes on there."
)


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


_TEXT = {"type": "string"}
_URI = {"type": "string", "format": "uri"}
_TIME = {"type": "string", "format": "date-time"}
_CONTEXT = {"type": ["string", "object", "array"]}
_NAMES = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_ENTITY = {
    "type": "object",
    "description": (
        "Normalized, concise or simplified, as notification.format of the subscription says; "
        "without id or type where its pick or omit leaves them out."
    ),
    "properties": {"id": _URI, "type": _NAMES, "scope": _NAMES, "@context": _CONTEXT},
}
_FEATURES = {
    "type": "object",
    "description": "GeoJSON, where endpoint.accept says application/geo+json.",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "geometry", "properties"],
                "properties": {"id": _URI, "type": {"const": "Feature"}, "properties": {"type": "object"}},
            },
        },
        "@context": _CONTEXT,
    },
}
_REGISTRATION = {
    "type": "object",
    "required": ["id", "type", "information", "endpoint"],
    "properties": {
        "id": _URI,
        "type": {"const": "ContextSourceRegistration"},
        "information": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "endpoint": _URI,
    },
}


def _notification(kind: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "type", "subscriptionId", "notifiedAt", "data", *more],
        "properties": {
            "id": _URI,
            "type": {"const": kind},
            "subscriptionId": _URI,
            "notifiedAt": _TIME,
            "data": data,
            **more,
            "@context": _CONTEXT,
        },
        "additionalProperties": False,
    }


def _snapshot() -> dict[str, Any]:
    details = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["resultStatus"],
            "properties": {
                "resultStatus": {"enum": ["success", "failure", "empty"]},
                "problemDetails": {"type": "object"},
            },
        },
    }
    members = {
        "id": _URI,
        "type": {"const": "SnapshotNotification"},
        "snapshotId": _URI,
        "snapshotStatus": {"enum": ["success", "partial", "failure", "empty"]},
        "snapshotPriority": {"type": "integer", "minimum": 1, "maximum": 10},
        "expiresAt": {**_TIME, "description": "Not later than notifiedAt: the snapshot has ended."},
        "notifiedAt": _TIME,
    }
    return {
        "type": "object",
        "required": list(members),
        "properties": {
            **members,
            "snapshotQueriesDetails": details,
            "temporalSnapshotQueriesDetails": details,
        },
        "additionalProperties": False,
    }


def _over_mqtt(body: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["metadata", "body"],
        "properties": {
            "metadata": {
                "type": "object",
                "description": "What HTTP carries in headers.",
                "required": ["Content-Type"],
                "additionalProperties": _TEXT,
            },
            "body": _schema(body),
        },
        "additionalProperties": False,
    }


def _committed(**more: Any) -> dict[str, Any]:
    members = {
        "id": _URI,
        "type": {"type": "array", "items": _TEXT},
        "timeUs": {"type": "integer", "description": "Microseconds since 1970, UTC."},
        **more,
    }
    return {
        "type": "object",
        "required": list(members),
        "properties": members,
        "additionalProperties": False,
    }


_VALUES = {"type": "object", "description": "Short name to value; null where the attribute was deleted."}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "Entity": _ENTITY,
    "FeatureCollection": _FEATURES,
    "ContextSourceRegistration": _REGISTRATION,
    "Notification": _notification(
        "Notification",
        {"anyOf": [{"type": "array", "items": _schema("Entity")}, _schema("FeatureCollection")]},
    ),
    "ContextSourceNotification": _notification(
        "ContextSourceNotification",
        {"type": "array", "items": _schema("ContextSourceRegistration")},
        triggerReason={"enum": ["newlyMatching", "updated", "noLongerMatching"]},
    ),
    "SnapshotNotification": _snapshot(),
    "SnapshotNotificationOverMqtt": _over_mqtt("SnapshotNotification"),
    "NotificationOverMqtt": _over_mqtt("Notification"),
    "ContextSourceNotificationOverMqtt": _over_mqtt("ContextSourceNotification"),
    "Change": _committed(attributes=_VALUES),
    "Delete": _committed(),
    "Nothing": {"type": "object", "maxProperties": 0},
}
_HTTP_HEADERS = {
    "type": "object",
    "properties": {
        "Content-Type": {"enum": ["application/json", "application/ld+json", "application/geo+json"]},
        "Link": {"type": "string", "description": "The @context, where it is not in the body."},
        "NGSILD-Tenant": {"type": "string", "description": "Not there for the default tenant."},
    },
}


def _told(schema: str, summary: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"summary": summary, "contentType": "application/json", "payload": _schema(schema)}
    return {**told, "headers": headers} if headers else told


def _event(name: str, schema: str, summary: str, *, counted: bool = False) -> dict[str, Any]:
    fields = {"event": {"const": name}, **({"id": _TEXT} if counted else {})}
    return _told(schema, summary, {"type": "object", "required": list(fields), "properties": fields})


_SOURCES = "Registrations that came to match a subscription, changed, or match no more (clause 5.11)."
_SNAPSHOTS = "A snapshot is ready, was changed or has ended; to the endpoint that it names (clause 5.16.6)."
_ENTITIES = "Entities that changed as a subscription watches for (clause 5.8.6)."
_MESSAGES: dict[str, dict[str, Any]] = {
    "notification": _told("Notification", _ENTITIES, _HTTP_HEADERS),
    "contextSourceNotification": _told("ContextSourceNotification", _SOURCES, _HTTP_HEADERS),
    "snapshotNotification": _told("SnapshotNotification", _SNAPSHOTS, _HTTP_HEADERS),
    "snapshotNotificationOverMqtt": _told("SnapshotNotificationOverMqtt", _SNAPSHOTS),
    "notificationOverMqtt": _told("NotificationOverMqtt", _ENTITIES),
    "contextSourceNotificationOverMqtt": _told("ContextSourceNotificationOverMqtt", _SOURCES),
    "change": _event("change", "Change", "An entity was made or changed.", counted=True),
    "delete": _event("delete", "Delete", "An entity was deleted, or has expired.", counted=True),
    "gap": _event("gap", "Nothing", "Events are missing since the last one: read the entities anew."),
    "loggedOut": _event("logged-out", "Nothing", "The credential does not count any more; the stream ends."),
}
_CHANNELS: dict[str, tuple[str | None, tuple[str, ...], str, tuple[str, ...]]] = {
    "overHttp": (
        None,
        ("http", "https"),
        _NOTIFICATIONS,
        ("notification", "contextSourceNotification", "snapshotNotification"),
    ),
    "overMqtt": (
        None,
        ("mqtt", "mqtts"),
        _NOTIFICATIONS + " Its path is the topic; MQTT-QoS stands in notifierInfo.",
        ("notificationOverMqtt", "contextSourceNotificationOverMqtt", "snapshotNotificationOverMqtt"),
    ),
    "live": ("/live", ("node",), _LIVE, ("change", "delete", "gap", "loggedOut")),
}
"""For each channel its address, where it is served, what it is, and its messages."""


def build_asyncapi(*, version: str) -> dict[str, Any]:
    """Return the AsyncAPI document of a node.

    Args:
        version: of the node.
    """
    return {
        "asyncapi": _VERSION,
        "info": {
            "title": "What a samstad node tells by itself",
            "version": version,
            "description": "Requests are described in /openapi.json; clause 5.8 and 7 of CIM 009 v1.9.1.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {name: _channel(name) for name in _CHANNELS},
        "operations": {
            "notifyOverHttp": _operation("overHttp", {"http": {"method": "POST", "bindingVersion": "0.3.0"}}),
            "notifyOverMqtt": _operation("overMqtt", {"mqtt": {"retain": False, "bindingVersion": "0.2.0"}}),
            "showChanges": _operation("live", {"http": {"method": "GET", "bindingVersion": "0.3.0"}}),
        },
        "components": {
            "schemas": _SCHEMAS,
            "messages": _MESSAGES,
            "securitySchemes": {
                "apiKey": {"type": "httpApiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _servers() -> dict[str, Any]:
    receivers = {
        scheme: {
            "host": "{receiver}",
            "protocol": scheme if scheme != "mqtts" else "secure-mqtt",
            "description": "The receiver that a subscription names.",
            "variables": {"receiver": {"description": "Host and port of endpoint.uri."}},
        }
        for scheme in ("http", "https", "mqtt", "mqtts")
    }
    node = {
        "host": "{node}",
        "protocol": "http",
        "description": "The node itself.",
        "variables": {"node": {"description": "Host and port where this document was read."}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in ("apiKey", "bearer")],
    }
    return {"node": node, **receivers}


def _channel(name: str) -> dict[str, Any]:
    address, servers, description, messages = _CHANNELS[name]
    return {
        "address": address,
        "description": description,
        "servers": [{"$ref": f"#/servers/{server}"} for server in servers],
        "messages": {message: _message(message) for message in messages},
    }


def _operation(channel: str, bindings: dict[str, Any]) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}, "bindings": bindings}
