"""Attributes and scopes with their past, as a client wrote them (clauses 4.5.6 to 4.5.9 and 5.2.20).

An attribute is an array of instances of which several may have one ``datasetId``, or its simplified temporal
form, pairs of value and time. An instance whose value is the NGSI-LD Null records that the attribute was
deleted (clauses 4.5.7, 5.5.4): it has a ``deletedAt``, which is the time of the request where the producer
gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from samstad_ngsild.document import NULL, VALUE_MEMBER, EntityDocument, Instance
from samstad_ngsild.entities.dates import is_datetime, parse_datetime
from samstad_ngsild.entities.instances import (
    Reading,
    at,
    is_array_of_instances,
    read_attribute,
    read_datetime,
)
from samstad_ngsild.entities.scopes import read_scopes
from samstad_ngsild.entities.values import KINDS, Nulls, infer_type
from samstad_ngsild.errors import BadRequestData

__all__ = ["PLURAL", "read_evolution", "read_scope_evolution", "settle_scope"]

PLURAL = {
    "value": "values",
    "object": "objects",
    "languageMap": "languageMaps",
    "vocab": "vocabs",
    "valueList": "valueLists",
    "objectList": "objectLists",
    "json": "jsons",
}
"""Member that carries a value → the one that carries pairs of value and time (clause 4.5.9)."""

_WRAPPED = frozenset({"languageMap", "vocab", "json"})
_SCOPE_MEMBERS = frozenset(
    {"type", "value", "observedAt", "createdAt", "modifiedAt", "deletedAt", "instanceId"}
)
_SYSTEM = ("createdAt", "modifiedAt", "instanceId")
_ALLOWED = Nulls(values=True)

_Read = Callable[[Reading, Any], Instance]


def read_evolution(reading: Reading, value: Any) -> list[Instance]:
    """Return all instances of an attribute, in the order in which they are given.

    Raises:
        BadRequestData: with a pointer relative to the attribute.
    """
    if type(value) is dict or (type(value) is list and is_array_of_instances(value)):
        return _read_all(reading, value, _read_instance)
    return read_attribute(reading, value)


def read_scope_evolution(reading: Reading, value: Any) -> list[Instance]:
    """Return the instances of a scope, which is a Property with times only (clause 4.5.6).

    A plain scope becomes one instance without a time: see ``settle_scope``.

    Raises:
        BadRequestData: with a pointer relative to the entity.
    """
    items = value if type(value) is list else [value]
    if not any(type(item) is dict for item in items):
        return [_scope_instance(reading, read_scopes(reading, value))]
    try:
        return _read_all(reading, value, _read_scope)
    except BadRequestData as error:
        raise at(error, "scope") from None


def settle_scope(document: EntityDocument, *, now: str) -> None:
    """Give a plain scope its time: it holds from the first observation of the body on, else from now."""
    for instance in document.get("scope", ()):
        if "observedAt" not in instance and "deletedAt" not in instance:
            instance["observedAt"] = min(_observations(document), key=parse_datetime, default=now)


def _observations(document: EntityDocument) -> Iterator[str]:
    for name, instances in document.items():
        if ":" in name:
            yield from (instance["observedAt"] for instance in instances if "observedAt" in instance)


def _read_all(reading: Reading, value: Any, read: _Read) -> list[Instance]:
    if type(value) is dict:
        return _read_item(reading, value, read)
    instances: list[Instance] = []
    for index, item in enumerate(value):
        try:
            instances += _read_item(reading, item, read)
        except BadRequestData as error:
            raise at(error, index) from None
    return instances


def _read_item(reading: Reading, raw: Any, read: _Read) -> list[Instance]:
    """Return the instance that an object is, or those that its pairs are."""
    if type(raw) is not dict:
        raise BadRequestData("An array of instances holds objects only.", pointer="")
    name = raw.get("type")
    member = VALUE_MEMBER.get(name) if type(name) is str else None
    if member is None or member in raw or PLURAL[member] not in raw:
        return [read(reading, raw)]
    plural = PLURAL[member]
    if type(raw[plural]) is not list:
        raise BadRequestData(f"{plural} is an array of pairs of value and time.", pointer=f"/{plural}")
    rest = {key: item for key, item in raw.items() if key != plural}
    instances = []
    for index, pair in enumerate(raw[plural]):
        try:
            instances.append(read(reading, {**rest, **_paired(member, pair)}))
        except BadRequestData as error:
            raise at(at(error, index), plural) from None
    return instances


def _paired(member: str, pair: Any) -> dict[str, Any]:
    if type(pair) is not list or len(pair) != 2 or not is_datetime(pair[1]):
        raise BadRequestData(
            "An instance is a pair of a value and a DateTime such as 2026-11-25T02:14:57Z.", pointer=""
        )
    value, time = pair
    if member in _WRAPPED and type(value) is dict and value.keys() == {member}:
        value = value[member]
    return {member: value, "deletedAt" if value == NULL else "observedAt": time}


def _read_instance(reading: Reading, raw: dict[str, Any]) -> Instance:
    member = _ended(raw)
    if member is None:
        instances = read_attribute(reading, raw)
        if len(instances) != 1:
            raise BadRequestData("Write the instances of an evolution as an array.", pointer="/dataset")
        return instances[0]
    record = {key: raw[key] for key in ("type", member, "datasetId") if key in raw}
    [instance] = read_attribute(replace(reading, nulls=_ALLOWED), record)
    return _ended_at(reading, raw, instance)


def _ended(raw: dict[str, Any]) -> str | None:
    """Return the member with the NGSI-LD Null where an instance records a deletion."""
    name = raw.get("type")
    if type(name) is not str or name not in KINDS:
        name = infer_type(raw)
    if name is None:
        return None
    kind = KINDS[name]
    return kind.member if raw.get(kind.member) in (NULL, kind.null) else None


def _ended_at(reading: Reading, raw: dict[str, Any], instance: Instance) -> Instance:
    """Give a record of a deletion its times."""
    for name in ("observedAt", "deletedAt"):
        if name in raw:
            try:
                instance[name] = read_datetime(reading, raw[name])
            except BadRequestData as error:
                raise at(error, name) from None
    instance.setdefault("deletedAt", reading.now)
    _keep_system(reading, raw, instance)
    return instance


def _keep_system(reading: Reading, raw: dict[str, Any], instance: Instance) -> None:
    if reading.keep_system:
        instance.update({key: raw[key] for key in _SYSTEM if key in raw})


def _read_scope(reading: Reading, raw: dict[str, Any]) -> Instance:
    for key in raw:
        if key not in _SCOPE_MEMBERS:
            raise BadRequestData(f"A scope has a value and times, and no {key:.60}.", pointer=f"/{key}")
    if raw.get("type", "Property") != "Property":
        raise BadRequestData("A scope with a history is a Property (clause 4.5.6).", pointer="/type")
    if raw.get("value") in (NULL, [NULL]):
        return _ended_at(reading, raw, _scope_instance(reading, NULL))
    instance = _scope_instance(reading, read_scopes(reading, raw.get("value"), pointer="/value"))
    if "observedAt" in raw:
        try:
            instance["observedAt"] = read_datetime(reading, raw["observedAt"])
        except BadRequestData as error:
            raise at(error, "observedAt") from None
    _keep_system(reading, raw, instance)
    return instance


def _scope_instance(reading: Reading, value: list[str] | str) -> Instance:
    return {"type": "Property", "value": value, "createdAt": reading.now, "modifiedAt": reading.now}
