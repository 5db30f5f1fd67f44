"""The values of the eight attribute types, read one row of a table each (clauses 4.5.2 to 4.5.24)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from samstad_ngsild.document import NULL, VALUE_MEMBER, Instance
from samstad_ngsild.entities.bounds import MOST_LANGUAGES, check_number
from samstad_ngsild.entities.dates import is_date, is_datetime, is_time
from samstad_ngsild.entities.geometry import check_geometry, looks_like_geometry
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import BadRequestData

__all__ = ["KINDS", "AttributeKind", "Nulls", "infer_type", "is_deletion"]

_MAX_VALUE_DEPTH = 64
_LANGUAGE_TAG = re.compile(r"@none|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*").fullmatch
_TYPED: dict[str, Callable[[object], bool]] = {"DateTime": is_datetime, "Date": is_date, "Time": is_time}


class Nulls(NamedTuple):
    """Where an NGSI-LD Null may stand (clauses 4.5.0 and 5.5.4).

    Attributes:
        values: as the value of an attribute or a member: fragments of update, partial update and merge.
        inside: also within an object that is a Property's value: fragments of merge.
    """

    values: bool = False
    inside: bool = False


@dataclass(frozen=True, slots=True)
class AttributeKind:
    """One attribute type.

    Attributes:
        member: the member that carries the value.
        read: checks and expands a value; arguments are the value, the expansion of vocabulary terms, and
            where NGSI-LD Nulls are allowed. Pointers of its errors are relative to the value.
        null: the form of the NGSI-LD Null for this type.
        refused: members that never stand beside it.
        ignored: output-only members, which producers may send back and which do not count (clause 5.2.5).
    """

    member: str
    read: Callable[[Any, Callable[[str], str], Nulls], Any]
    null: Any
    refused: frozenset[str]
    ignored: frozenset[str]


def is_deletion(instance: Instance) -> bool:
    """Tell whether an instance of a fragment says "delete this": its value is an NGSI-LD Null."""
    name = instance.get("type") or infer_type(instance)
    if name is None:
        return False
    kind = KINDS[name]
    value = instance.get(kind.member)
    return value is not None and value in (NULL, kind.null)


def infer_type(members: Mapping[str, Any]) -> str | None:
    """Return the attribute type that the members tell of, or None (clauses 4.5.2.3 to 4.5.24.3)."""
    if "value" in members:
        return "GeoProperty" if looks_like_geometry(members["value"]) else "Property"
    for member, name in _TYPE_OF_MEMBER.items():
        if member in members:
            return name
    return None


def _refuse_null(pointer: str = "") -> BadRequestData:
    return BadRequestData(
        f"The NGSI-LD Null {NULL} stands where nothing can be deleted; use it in update and merge fragments.",
        pointer=pointer,
    )


def _property(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if value == NULL:
        if not nulls.values:
            raise _refuse_null()
    elif type(value) is dict or type(value) is list:
        _walk(value, nulls, 0)
    elif value is None:
        raise _json_null("")
    return value


def _json_null(pointer: str) -> BadRequestData:
    return BadRequestData(
        "JSON null is no NGSI-LD value (clause 4.5.0); leave it out, or use a JsonProperty.",
        pointer=pointer,
    )


def _walk(value: Any, nulls: Nulls, depth: int) -> None:
    """Look for nulls in a compound value."""
    if depth > _MAX_VALUE_DEPTH:
        raise _too_deep()
    if type(value) is dict:
        if "@value" in value:
            _typed(value)
            _check_depth(value, depth)
            return
        if "@context" in value:
            raise BadRequestData(
                "An attribute must not embed a @context (clause 5.5.7).", pointer="/@context"
            )
    for key, item in value.items() if type(value) is dict else enumerate(value):
        if item is None:
            raise _json_null(f"/{key}")
        if type(item) is dict or type(item) is list:
            try:
                _walk(item, nulls, depth + 1)
            except BadRequestData as error:
                error.pointer = f"/{key}{error.pointer}"
                raise
        elif item == NULL and not nulls.inside:
            raise _refuse_null(f"/{key}")


def _too_deep() -> BadRequestData:
    return BadRequestData(f"The value is nested more than {_MAX_VALUE_DEPTH} deep.", pointer="")


def _check_depth(value: Any, depth: int) -> None:
    """Bound the depth of JSON that is taken as it is: encoders and merges go no deeper than it."""
    if depth > _MAX_VALUE_DEPTH:
        raise _too_deep()
    if type(value) is dict or type(value) is list:
        for item in value.values() if type(value) is dict else value:
            _check_depth(item, depth + 1)


def _typed(value: dict[str, Any]) -> None:
    """Check a JSON-LD typed value of one of the three types of time (clause 4.6.3)."""
    kind = value.get("@type")
    check = _TYPED.get(kind) if isinstance(kind, str) else None
    if check is not None and not check(value["@value"]):
        raise BadRequestData(f"{value['@value']!r:.60} is no {kind} of clause 4.6.3.", pointer="/@value")


def _geo(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if value == NULL:
        if not nulls.values:
            raise _refuse_null()
        return value
    return check_geometry(value)


def _relationship(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if type(value) is list:
        if not value:
            raise BadRequestData("A Relationship's object is a URI or a list of at least one.", pointer="")
        return [_target(item, nulls, f"/{index}") for index, item in enumerate(value)]
    return _target(value, nulls, "")


def _target(value: Any, nulls: Nulls, pointer: str) -> str:
    if value == NULL and not nulls.values:
        raise _refuse_null(pointer)
    return check_uri(value, pointer=pointer, what="the object of a Relationship")


def _language_map(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if value == NULL and nulls.values:
        return {"@none": NULL}
    if type(value) is not dict or not value:
        raise BadRequestData("A languageMap is an object from language tags to texts.", pointer="")
    check_number(len(value), MOST_LANGUAGES, "languages")
    for tag, text in value.items():
        if _LANGUAGE_TAG(tag) is None:
            raise BadRequestData(f"{tag!r:.60} is no language tag (RFC 5646) or @none.", pointer=f"/{tag}")
        if text == NULL and not nulls.values:
            raise _refuse_null(f"/{tag}")
        if type(text) is not str and not _texts(text):
            raise BadRequestData("A languageMap holds a text, or a list of texts.", pointer=f"/{tag}")
    return value


def _texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _vocab(value: Any, vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if type(value) is list and _texts(value) and value:
        return [_vocab(item, vocab, nulls) for item in value]
    if type(value) is not str or not value:
        raise BadRequestData("A vocab is a term or a list of terms.", pointer="")
    if value == NULL:
        if not nulls.values:
            raise _refuse_null()
        return value
    return vocab(value)


def _value_list(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if value == NULL and nulls.values:
        return [NULL]
    if type(value) is not list:
        raise BadRequestData("A valueList is a list.", pointer="")
    if value == [NULL]:
        if not nulls.values:
            raise _refuse_null("/0")
    else:
        _walk(value, nulls, 0)
    return value


def _object_list(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if value == NULL and nulls.values:
        return [NULL]
    if type(value) is not list:
        raise BadRequestData("An objectList is a list of URIs.", pointer="")
    return [_list_target(item, nulls, f"/{index}") for index, item in enumerate(value)]


def _list_target(item: Any, nulls: Nulls, pointer: str) -> str:
    if type(item) is dict:
        if set(item) != {"object"}:
            raise BadRequestData('In an objectList each target is a URI or {"object": URI}.', pointer=pointer)
        return _target(item["object"], nulls, pointer + "/object")
    return _target(item, nulls, pointer)


def _json(value: Any, _vocab: Callable[[str], str], nulls: Nulls) -> Any:
    if type(value) is dict or (type(value) is list and all(type(item) is dict for item in value)):
        _check_depth(value, 0)
        return value
    if value == NULL and nulls.values:
        return value
    raise BadRequestData("The json of a JsonProperty is an object or a list of objects.", pointer="")


_TYPE_OF_MEMBER = {member: name for name, member in VALUE_MEMBER.items() if member != "value"}
_PREVIOUS = {member: "previous" + member[0].upper() + member[1:] for member in set(VALUE_MEMBER.values())}
_SEALED = frozenset({"entityIdSealed", "entityTypeSealed"})
# Members that some types have and others never: type → which of them it may have.
_OPTIONAL: dict[str, frozenset[str]] = {
    "Property": frozenset({"unitCode", "valueType", "lang"}),
    "GeoProperty": frozenset({"valueType"}),
    "Relationship": frozenset({"objectType"}),
    "LanguageProperty": frozenset({"valueType"}),
    "VocabProperty": frozenset({"valueType"}),
    "ListProperty": frozenset({"unitCode", "valueType"}),
    "ListRelationship": frozenset({"objectType"}),
    "JsonProperty": frozenset({"valueType"}),
}
_SOME_TYPES_ONLY = frozenset().union(*_OPTIONAL.values())
_LINKED = {"Relationship": "entity", "ListRelationship": "entityList"}
_OUTPUT_ONLY = frozenset({"createdAt", "modifiedAt", "deletedAt", "instanceId"})

_READERS: dict[str, tuple[Callable[[Any, Callable[[str], str], Nulls], Any], Any]] = {
    "Property": (_property, NULL),
    "GeoProperty": (_geo, NULL),
    "Relationship": (_relationship, NULL),
    "LanguageProperty": (_language_map, {"@none": NULL}),
    "VocabProperty": (_vocab, NULL),
    "ListProperty": (_value_list, [NULL]),
    "ListRelationship": (_object_list, [NULL]),
    "JsonProperty": (_json, NULL),
}


def _kind(name: str) -> AttributeKind:
    member = VALUE_MEMBER[name]
    read, null = _READERS[name]
    foreign = set(_PREVIOUS) - {member}
    linked = {"entity", "entityList"} - {_LINKED.get(name, "")}
    return AttributeKind(
        member=member,
        read=read,
        null=null,
        refused=frozenset(
            foreign
            | {_PREVIOUS[other] for other in foreign}
            | linked
            | (_SOME_TYPES_ONLY - _OPTIONAL[name])
            | _SEALED
        ),
        ignored=_OUTPUT_ONLY | {_PREVIOUS[member]} | ({_LINKED[name]} if name in _LINKED else set()),
    )


KINDS: dict[str, AttributeKind] = {name: _kind(name) for name in VALUE_MEMBER}
"""Attribute type → how it is read."""
