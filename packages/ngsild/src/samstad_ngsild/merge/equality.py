"""When an instance is the same as another: its value and members are, whatever its system times."""

from __future__ import annotations

from typing import Any

import orjson

from samstad_ngsild.document import Instance

__all__ = ["same_if_equal", "same_instance", "same_instances", "same_value"]

_STAMPS = frozenset({"createdAt", "modifiedAt"})
_ABSENT = object()


def same_value(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same; unlike Python, JSON tells ``1`` from ``true``."""
    if one is other:
        return True
    if type(one) is not type(other) or one != other:
        return False
    if type(one) is dict or type(one) is list:
        if orjson.dumps(one) == orjson.dumps(other):
            return True
        options = orjson.OPT_SORT_KEYS
        return orjson.dumps(one, option=options) == orjson.dumps(other, option=options)
    return True


def same_if_equal(one: Instance, other: Instance) -> bool:
    """Tell whether two instances that Python calls equal are the same in JSON too, as ``same_value`` does."""
    for key, value in one.items():
        kind = type(value)
        if kind is str:
            continue
        twin = other[key]
        if kind is not type(twin) or ((kind is dict or kind is list) and not same_value(value, twin)):
            return False
    return True


def same_instance(one: Instance, other: Instance) -> bool:
    """Tell whether two instances differ in nothing but createdAt and modifiedAt, at any depth."""
    if one is other:
        return True
    compared = 0
    for key, value in one.items():
        twin = other.get(key, _ABSENT)
        if type(value) is str:
            if key in _STAMPS:
                continue
            if value != twin:
                return False
        elif not (
            same_instances(value, twin) if ":" in key and twin is not _ABSENT else same_value(value, twin)
        ):
            return False
        compared += 1
    return compared == len(other) - ("createdAt" in other) - ("modifiedAt" in other)


def same_instances(one: list[Instance], other: list[Instance]) -> bool:
    """Tell whether two attributes have the same instances, in whichever order."""
    if len(one) != len(other):
        return False
    others = {instance.get("datasetId"): instance for instance in other}
    for instance in one:
        twin = others.get(instance.get("datasetId"))
        if twin is None or not same_instance(instance, twin):
            return False
    return True
