"""One attribute as a client wrote it → its instances (clauses 4.5.1 to 4.5.5 and 4.5.18 to 4.5.24)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samstad_ngsild.context import Context
from samstad_ngsild.context.core import CORE_TERMS
from samstad_ngsild.document import NGSI_LD, NULL, VALUE_MEMBER, Instance
from samstad_ngsild.entities.bounds import MOST_MEMBERS, check_number
from samstad_ngsild.entities.dates import is_datetime
from samstad_ngsild.entities.geometry import looks_like_geometry
from samstad_ngsild.entities.names import AttributeIris, attribute_iris, check_uri, type_iri
from samstad_ngsild.entities.values import KINDS, AttributeKind, Nulls, infer_type
from samstad_ngsild.errors import BadRequestData

__all__ = [
    "Reading",
    "at",
    "is_array_of_instances",
    "read_attribute",
    "read_datetime",
    "read_partial",
    "reads_as_bare_value",
]

_MAX_DEPTH = 16
_WRAPPED = frozenset({"languageMap", "vocab", "json"})
_NEEDS_VALUE = frozenset({"datasetId", "observedAt", "unitCode", "objectType", "valueType", "expiresAt"})
_SYSTEM = frozenset({"createdAt", "modifiedAt", "deletedAt", "instanceId"})
_LANG_STRING = CORE_TERMS["langString"]
_SCALARS = frozenset({int, float, str, bool})
_TYPE_KEYS = frozenset({"type", "@type"})


@dataclass(slots=True)
class Reading:
    """How one body is read.

    Attributes:
        context: the @context of the request.
        names: checked attribute names under it.
        now: the text of createdAt and modifiedAt.
        nulls: where NGSI-LD Nulls may stand.
        partial: attributes may lack type and value: fragments of partial update and merge.
        simplified: attributes are values alone (clause 4.5.4).
        keep_system: take createdAt, modifiedAt, deletedAt and instanceId as they are given.
        temporal: attributes have all their instances over time (clause 5.2.20).
        depth: how deep in sub-attributes the reading is.
        members: of attributes that were read so far, beside plain values.
    """

    context: Context
    names: AttributeIris
    now: str
    nulls: Nulls
    partial: bool = False
    simplified: bool = False
    keep_system: bool = False
    temporal: bool = False
    depth: int = 0
    members: int = 0

    @classmethod
    def of(cls, context: Context, *, now: str, nulls: Nulls, **options: bool) -> Reading:
        """Return a reading under a @context."""
        return cls(context, attribute_iris(context), now, nulls, **options)


def at(error: BadRequestData, name: object) -> BadRequestData:
    """Put the member that was being read before the pointer of an error (RFC 6901)."""
    escaped = str(name).replace("~", "~0").replace("/", "~1")
    error.pointer = f"/{escaped}{error.pointer or ''}"
    return error


def read_attribute(reading: Reading, value: Any) -> list[Instance]:
    """Return the instances of an attribute, the default one first (clause 4.5.5).

    Raises:
        BadRequestData: with a pointer relative to the attribute.
    """
    if type(value) is dict:
        if len(value) == 1 and type(value.get("dataset")) is dict:
            return _read_dataset(reading, value["dataset"])
        return [_read_object(reading, value)]
    if type(value) is list and not reading.simplified and is_array_of_instances(value):
        return _read_instances(reading, value)
    return [_bare(reading, "Property", value)]


def read_partial(reading: Reading, fragment: Any) -> list[Instance]:
    """Return the instances of the body of a partial attribute update, whose type and value may lack.

    Raises:
        BadRequestData: with a pointer relative to the body.
    """
    if type(fragment) is dict:
        return [_read_members(reading, fragment, _explicit_type(fragment) or infer_type(fragment))]
    return read_attribute(reading, fragment)


def reads_as_bare_value(value: Any) -> bool:
    """Tell whether a Property's value that stands alone is read as just that (clause 4.5.2.3)."""
    if type(value) is list:
        return not is_array_of_instances(value)
    if type(value) is not dict or "@value" in value:
        return True
    if "type" in value or "@type" in value or infer_type(value) is not None:
        return False
    return _NEEDS_VALUE.isdisjoint(value) and not (len(value) == 1 and "dataset" in value)


def is_array_of_instances(items: list[Any]) -> bool:
    """Tell whether an array holds instances of an attribute, rather than being its value."""
    return any(type(item) is dict and _is_instance(item) for item in items)


def _is_instance(item: dict[str, Any]) -> bool:
    """Tell whether an object in an array is an instance rather than a part of a value."""
    if _has_type(item) or "datasetId" in item:
        return True
    return "type" not in item and "@value" not in item and infer_type(item) is not None


def _has_type(item: dict[str, Any]) -> bool:
    name = item.get("type")
    return type(name) is str and name in KINDS


def _read_instances(reading: Reading, items: list[Any]) -> list[Instance]:
    instances: dict[str | None, Instance] = {}
    for index, item in enumerate(items):
        try:
            _put(instances, _read_item(reading, item))
        except BadRequestData as error:
            raise at(error, index) from None
    return _default_first(instances)


def _read_item(reading: Reading, item: Any) -> Instance:
    if type(item) is not dict:
        raise BadRequestData("An array of instances holds objects only.", pointer="")
    return _read_object(reading, item)


def _put(instances: dict[str | None, Instance], instance: Instance) -> None:
    dataset_id = instance.get("datasetId")
    if dataset_id in instances:
        which = "default instance" if dataset_id is None else f"instance with datasetId {dataset_id}"
        raise BadRequestData(f"The attribute has more than one {which}.", pointer="/datasetId")
    instances[dataset_id] = instance


def _default_first(instances: dict[str | None, Instance]) -> list[Instance]:
    if None not in instances:
        return list(instances.values())
    default = instances.pop(None)
    return [default, *instances.values()]


def _read_dataset(reading: Reading, dataset: dict[str, Any]) -> list[Instance]:
    """Read the simplified form of several instances (clause 4.5.4, examples 2, 13, 15 and 19)."""
    instances: dict[str | None, Instance] = {}
    for dataset_id, value in dataset.items():
        try:
            is_object = type(value) is dict
            instance = _read_object(reading, value) if is_object else _bare(reading, "Property", value)
            if dataset_id != "@none":
                instance["datasetId"] = check_uri(dataset_id, pointer="", what="a datasetId")
            _put(instances, instance)
        except BadRequestData as error:
            raise at(at(error, dataset_id), "dataset") from None
    return _default_first(instances)


def _read_object(reading: Reading, raw: dict[str, Any]) -> Instance:
    name = raw.get("type")
    if name == "Property" and not reading.simplified:
        value: Any = raw.get("value")
        if type(value) in _SCALARS and value != NULL:
            return _scalar(reading, raw, value)
    if type(name) is str and name in KINDS and not reading.simplified:
        return _read_members(reading, raw, name)
    if reading.simplified:
        return _read_simplified(reading, raw)
    return _read_concise(reading, raw)


def _scalar(reading: Reading, raw: dict[str, Any], value: Any) -> Instance:
    """Read the most frequent instance of all by the short way: a Property with a number, text or truth."""
    instance: Instance = {"type": "Property", "value": value}
    if len(raw) > 2:
        _read_others(reading, raw, KINDS["Property"], instance)
    instance.setdefault("createdAt", reading.now)
    instance.setdefault("modifiedAt", reading.now)
    return instance


def _explicit_type(raw: dict[str, Any]) -> str | None:
    name = raw.get("type", raw.get("@type"))
    if name is None:
        return None
    if type(name) is str:
        name = name.removeprefix(NGSI_LD)
        if name in KINDS:
            return name
    raise BadRequestData(
        f"{name!r:.60} is no attribute type; use one of {', '.join(KINDS)}.", pointer="/type"
    )


def _read_concise(reading: Reading, raw: dict[str, Any]) -> Instance:
    if "@value" in raw:
        return _bare(reading, "Property", raw)
    if "type" in raw or "@type" in raw:
        if looks_like_geometry(raw):
            return _bare(reading, "GeoProperty", raw)
        return _read_members(reading, raw, _explicit_type(raw))
    name = infer_type(raw)
    if name is not None:
        return _read_members(reading, raw, name)
    if reading.partial and _is_partial(raw):
        return _read_members(reading, raw, None)
    if not _NEEDS_VALUE.isdisjoint(raw):
        raise BadRequestData("The attribute has no value.", pointer="")
    return _bare(reading, "Property", raw)


def _is_partial(raw: dict[str, Any]) -> bool:
    """Tell whether an object without type and value changes members, rather than being a value."""
    if not _NEEDS_VALUE.isdisjoint(raw):
        return True
    return bool(raw) and all(type(item) is dict and _has_type(item) for item in raw.values())


def _read_simplified(reading: Reading, raw: dict[str, Any]) -> Instance:
    if len(raw) == 1:
        name = infer_type(raw)
        if name is not None and VALUE_MEMBER[name] in _WRAPPED:
            return _read_members(reading, raw, name)
    return _bare(reading, "GeoProperty" if looks_like_geometry(raw) else "Property", raw)


def _bare(reading: Reading, name: str, value: Any) -> Instance:
    """Return the instance of an attribute that is its value alone."""
    kind = KINDS[name]
    instance: Instance = {} if reading.partial else {"type": name}
    instance[kind.member] = kind.read(value, reading.context.expand_vocab, reading.nulls)
    instance["createdAt"] = instance["modifiedAt"] = reading.now
    return instance


def _read_members(reading: Reading, raw: dict[str, Any], name: str | None) -> Instance:
    kind = None if name is None else KINDS[name]
    explicit = "type" in raw or "@type" in raw
    instance: Instance = {"type": name} if explicit or not reading.partial else {}
    if kind is not None:
        _read_value(reading, raw, kind, instance)
    if len(raw) != explicit + (kind is not None and kind.member in raw):
        _read_others(reading, raw, kind, instance)
    instance.setdefault("createdAt", reading.now)
    instance.setdefault("modifiedAt", reading.now)
    return instance


def _read_value(reading: Reading, raw: dict[str, Any], kind: AttributeKind, instance: Instance) -> None:
    member = kind.member
    if member in raw:
        try:
            instance[member] = kind.read(raw[member], reading.context.expand_vocab, reading.nulls)
        except BadRequestData as error:
            raise at(error, member) from None
    elif not reading.partial:
        raise BadRequestData(f"The {raw.get('type')} has no {member}.", pointer=f"/{member}")


def _read_others(
    reading: Reading, raw: dict[str, Any], kind: AttributeKind | None, instance: Instance
) -> None:
    """Read all but type and value."""
    reading.members += 0 if reading.temporal else len(raw)
    check_number(reading.members, MOST_MEMBERS, "members of attributes in one entity")
    member = None if kind is None else kind.member
    for key, value in raw.items():
        if key == member or key in _TYPE_KEYS:
            continue
        try:
            if kind is not None and key in kind.refused:
                _refuse(key, instance)
            read = _MEMBERS.get(key)
            if read is not None:
                read(reading, value, instance)
            elif key in _SYSTEM:
                if reading.keep_system:
                    instance[key] = value
            elif kind is None or key not in kind.ignored:
                _read_sub_attribute(reading, key, value, instance)
        except BadRequestData as error:
            raise at(error, key) from None


def _refuse(key: str, instance: Instance) -> None:
    raise BadRequestData(
        f"{key} does not belong to a {instance.get('type', 'attribute of this kind')}.", pointer=""
    )


def _read_sub_attribute(reading: Reading, key: str, value: Any, instance: Instance) -> None:
    if key == "@context":
        raise BadRequestData("An attribute must not embed a @context (clause 5.5.7).", pointer="")
    if reading.depth >= _MAX_DEPTH:
        raise BadRequestData(f"Sub-attributes are nested more than {_MAX_DEPTH} deep.", pointer="")
    iri = reading.names[key]
    if iri in instance:
        raise BadRequestData(f"{key} and another member name the same sub-attribute {iri}.", pointer="")
    reading.depth += 1
    instance[iri] = read_attribute(reading, value)
    reading.depth -= 1


def read_datetime(reading: Reading, value: Any) -> str:
    """Return the text of a DateTime, or an NGSI-LD Null where one is allowed."""
    if is_datetime(value) or (value == NULL and reading.nulls.values):
        return str(value)
    raise BadRequestData(
        f"{value!r:.60} is no DateTime; write it in UTC like 2026-11-25T02:14:57.123Z.", pointer=""
    )


def _observed_at(reading: Reading, value: Any, instance: Instance) -> None:
    instance["observedAt"] = read_datetime(reading, value)


def _expires_at(reading: Reading, value: Any, instance: Instance) -> None:
    instance["expiresAt"] = read_datetime(reading, value)


def _dataset_id(_reading: Reading, value: Any, instance: Instance) -> None:
    if value == NULL:
        raise BadRequestData("A datasetId cannot be deleted (clause 5.5.8); delete the instance.", pointer="")
    if value != "@none":
        instance["datasetId"] = check_uri(value, pointer="", what="a datasetId")


def _text(member: str) -> Callable[[Reading, Any, Instance], None]:
    def read(reading: Reading, value: Any, instance: Instance) -> None:
        if type(value) is not str or not value:
            raise BadRequestData(f"{member} is a text.", pointer="")
        if value == NULL and not reading.nulls.values:
            raise BadRequestData(f"There is no {member} to delete here.", pointer="")
        instance[member] = value

    return read


def _value_type(reading: Reading, value: Any, instance: Instance) -> None:
    _text("valueType")(reading, value, instance)
    if value == NULL:
        return
    instance["valueType"] = iri = reading.context.expand_vocab(value)
    if instance.get("type") == "LanguageProperty" and iri != _LANG_STRING:
        raise BadRequestData("The valueType of a LanguageProperty is langString (clause 5.2.32).", pointer="")


def _object_type(reading: Reading, value: Any, instance: Instance) -> None:
    if value == NULL and reading.nulls.values:
        instance["objectType"] = value
        return
    names = value if type(value) is list else [value]
    if not names:
        raise BadRequestData("objectType is an entity type or a list of them.", pointer="")
    instance["objectType"] = [type_iri(name, reading.context) for name in names]


def _proof(reading: Reading, value: Any, instance: Instance) -> None:
    """Read a seal (clause 4.5.2.2): a Property whose value is an object, with two texts of its own."""
    if value == NULL and reading.nulls.values:
        instance["ngsildproof"] = value
        return
    if type(value) is not dict or type(value.get("value")) is not dict:
        raise BadRequestData("ngsildproof is a Property whose value is an object.", pointer="")
    sealed = {key: value[key] for key in ("entityIdSealed", "entityTypeSealed") if key in value}
    rest = {key: item for key, item in value.items() if key not in sealed}
    proof = _read_members(reading, rest, _explicit_type(rest) or "Property")
    for key, text in sealed.items():
        if type(text) is not str:
            raise BadRequestData(f"{key} is a text.", pointer=f"/{key}")
        proof[key] = text if key == "entityIdSealed" else type_iri(text, reading.context)
    instance["ngsildproof"] = proof


_MEMBERS: dict[str, Callable[[Reading, Any, Instance], None]] = {
    "observedAt": _observed_at,
    "unitCode": _text("unitCode"),
    "datasetId": _dataset_id,
    "expiresAt": _expires_at,
    "valueType": _value_type,
    "objectType": _object_type,
    "lang": _text("lang"),
    "ngsildproof": _proof,
}
