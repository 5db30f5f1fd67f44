"""Entities for readers of an older version of NGSI-LD (clause 4.3.6.8, Tables 4.3.6.8-1 to 4.3.6.8-3).

What a version does not know is taken out, or written as what it knows instead. It works on entities as they
are represented, normalized or concise; simplified ones do not tell of what type an attribute is.
"""

from __future__ import annotations

from typing import Any

from samstad_ngsild.document import INSTANCE_MEMBERS, VALUE_MEMBER

__all__ = ["Version", "conform", "parse_version"]

Version = tuple[int, int]
"""(major, minor)"""

_OLDEST: Version = (1, 0)
_MULTIPLE: Version = (1, 3)
"""From this version on an entity has several types, and an attribute several instances (notes 1 to 3)."""

_ENTITY_SINCE: dict[str, Version] = {"expiresAt": (1, 9), "scope": (1, 4)}
_INSTANCE_SINCE: dict[str, Version] = {
    "datasetId": (1, 3),
    "observedAt": (1, 3),
    "unitCode": (1, 3),
    "objectType": (1, 8),
    "expiresAt": (1, 9),
    "valueType": (1, 9),
}
_TYPE_SINCE: dict[str, tuple[Version, str]] = {
    "LanguageProperty": ((1, 4), "Property"),
    "JsonProperty": ((1, 8), "Property"),
    "VocabProperty": ((1, 8), "Property"),
    "ListProperty": ((1, 8), "Property"),
    "ListRelationship": ((1, 8), "Relationship"),
}
_CARRIERS = frozenset(VALUE_MEMBER.values())
_ROOT_MEMBERS = frozenset({"@context", "id", "type", "createdAt", "modifiedAt", "deletedAt", *_ENTITY_SINCE})


def parse_version(text: str) -> Version | None:
    """Return the version in a text such as ``1.5``; None where there never was such a version."""
    major, _, minor = text.partition(".")
    version = (int(major), int(minor))
    return version if version >= _OLDEST else None


def conform(entity: dict[str, Any], version: Version) -> dict[str, Any]:
    """Return an entity as a version knows it: the entity itself where nothing had to be changed.

    Args:
        entity: normalized or concise; what it holds stays as it is.
        version: of the specification.
    """
    shown: dict[str, Any] = {}
    is_same = True
    for name, value in entity.items():
        kept = _root(name, value, version) if name in _ROOT_MEMBERS else _attribute(value, version)
        is_same = is_same and kept is value
        if kept is not None:
            shown[name] = kept
    return entity if is_same else shown


def _root(name: str, value: Any, version: Version) -> Any:
    if version < _ENTITY_SINCE.get(name, _OLDEST):
        return None
    if name == "type" and isinstance(value, list) and version < _MULTIPLE:
        return value[0]
    return value


def _attribute(value: Any, version: Version) -> Any:
    if isinstance(value, dict):
        return _instance(value, version) if _is_instance(value) else value
    if not isinstance(value, list) or not value or not all(map(_is_instance, value)):
        return value
    if version < _MULTIPLE:
        default = next((one for one in value if "datasetId" not in one), value[0])
        return _instance(default, version)
    kept = [_instance(one, version) for one in value]
    return value if all(one is other for one, other in zip(kept, value, strict=True)) else kept


def _is_instance(value: Any) -> bool:
    """Whether this is an attribute; a concise one without sub-attributes may be its bare value."""
    return isinstance(value, dict) and not _CARRIERS.isdisjoint(value)


def _instance(instance: dict[str, Any], version: Version) -> dict[str, Any]:
    kind = _kind(instance)
    since, instead = _TYPE_SINCE.get(kind, (_OLDEST, kind))
    shown: dict[str, Any] = {}
    is_same = True
    for name, value in instance.items():
        if version < _INSTANCE_SINCE.get(name, _OLDEST):
            is_same = False
        elif version < since and name in {"type", VALUE_MEMBER[kind]}:
            is_same = False
            shown |= {"type": instead} if name == "type" else _plain(kind, instead, value)
        else:
            shown[name] = _member(name, value, version)
            is_same = is_same and shown[name] is value
    return instance if is_same else shown


def _kind(instance: dict[str, Any]) -> str:
    """Return the type of an attribute; a concise one is told by the member that carries its value."""
    named = instance.get("type")
    if isinstance(named, str) and named in VALUE_MEMBER:
        return named
    return next((kind for kind in _TYPE_SINCE if VALUE_MEMBER[kind] in instance), "Property")


def _plain(kind: str, instead: str, value: Any) -> dict[str, Any]:
    if kind == "ListRelationship" and isinstance(value, list):
        value = [one["object"] if isinstance(one, dict) and "object" in one else one for one in value]
    return {VALUE_MEMBER[instead]: value}


def _member(name: str, value: Any, version: Version) -> Any:
    if name == "entity" and isinstance(value, dict):
        return conform(value, version)
    if name == "entityList" and isinstance(value, list):
        kept = [conform(one, version) if isinstance(one, dict) else one for one in value]
        return value if all(one is other for one, other in zip(kept, value, strict=True)) else kept
    return value if name in INSTANCE_MEMBERS else _attribute(value, version)
