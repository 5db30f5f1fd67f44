"""Which aggregation method does what on which data type: tables 4.5.19.1-1 to -3 as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import orjson

from samstad_ngsild.document import Instance
from samstad_ngsild.query.literals import temporal_key

__all__ = ["ValueType", "aggregated_type", "identity", "value_type"]

_COUNTS = frozenset({"distinctCount", "totalCount"})
_EXTREMES = frozenset({"max", "min"})
_ALL = frozenset({"avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount"})
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class ValueType:
    """A data type of values.

    Attributes:
        name: as the tables call it.
        methods: those that apply.
        measure: what is calculated with, from the value.
        result: what is shown, from the method and what was calculated.
    """

    name: str
    methods: frozenset[str]
    measure: Callable[[Any], Any]
    result: Callable[[str, Any], Any]


def _same(value: Any) -> Any:
    return value


def _shown(_method: str, calculated: Any) -> Any:
    return calculated


def _timed(text: str) -> tuple[Any, str]:
    """Return what a DateTime or Date compares by, then the text itself, which is the result."""
    return temporal_key(text), text


def _text_of(_method: str, calculated: Any) -> Any:
    return calculated[1]


def _of_day(text: str) -> int:
    key = temporal_key(text)
    assert isinstance(key, time)  # noqa: S101 - the type Time was found by this key
    return ((key.hour * 60 + key.minute) * 60 + key.second) * 1_000_000 + key.microsecond


def _time_text(_method: str, calculated: float) -> str:
    time_us = round(calculated) % _DAY_US
    seconds, fraction = divmod(time_us, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}Z" if fraction else f"{text}Z"


_TYPES = {
    kind.name: kind
    for kind in (
        ValueType("String", _COUNTS | _EXTREMES, _same, _shown),
        ValueType("Number", _ALL, _same, _shown),
        ValueType("Object", _COUNTS, _same, _shown),
        ValueType("Array", _ALL - {"stddev", "sumsq"}, len, _shown),
        ValueType("Boolean", _ALL, int, _shown),
        ValueType("DateTime", _COUNTS | _EXTREMES, _timed, _text_of),
        ValueType("Date", _COUNTS | _EXTREMES, _timed, _text_of),
        ValueType("Time", _COUNTS | _EXTREMES | {"avg"}, _of_day, _time_text),
        ValueType("URI", _COUNTS, _same, _shown),
        ValueType("Relationship", _COUNTS, _same, _shown),
    )
}
_ATTRIBUTE_KINDS: Mapping[str, str] = {
    "Relationship": "Relationship",
    "ListRelationship": "Relationship",
    "VocabProperty": "URI",
    "LanguageProperty": "Object",
    "GeoProperty": "Object",
    "ListProperty": "Array",
}
_JSON_KINDS: Mapping[type, str] = {
    bool: "Boolean",
    int: "Number",
    float: "Number",
    list: "Array",
    dict: "Object",
}
_URI_SCHEMES = ("urn:", "http:", "https:")


def value_type(attribute_type: str, value: Any) -> ValueType:
    """Return the data type of one value of an attribute of a type."""
    kind = _ATTRIBUTE_KINDS.get(attribute_type) or _JSON_KINDS.get(value.__class__) or _text_kind(value)
    return _TYPES[kind]


def _text_kind(value: Any) -> str:
    if not isinstance(value, str):
        return "Object"
    key = temporal_key(value)
    if key is None:
        return "URI" if value.startswith(_URI_SCHEMES) else "String"
    return "DateTime" if isinstance(key, datetime) else "Date" if isinstance(key, date) else "Time"


def aggregated_type(values: Iterable[tuple[Instance, Any]]) -> ValueType:
    """Return the data type that most values have, the first of those that are equally many."""
    counted = Counter(value_type(instance["type"], value).name for instance, value in values)
    return _TYPES[counted.most_common(1)[0][0]]


def identity(value: Any) -> Any:
    """Return something that is equal for equal values and can be put in a set; 1 and true stay apart."""
    if isinstance(value, bool | dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return value
