"""What a value must look like, in two forms made from one attribute: a JSON Schema and a closure.

The JSON Schema is what is published; the closure is what runs on every write. A property test holds
the two together: what one refuses, the other refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from samstad_models.catalogue import Attribute

__all__ = ["GEOMETRY_TYPES", "PATTERNS", "Flaw", "ValueCheck", "value_check", "value_schema"]

GEOMETRY_TYPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
"""The geometries of clause 4.7. How deep their coordinates go is checked where entities are expanded."""

_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)([.,][0-9]{1,9})?)?"

PATTERNS = {
    "datetime": f"^{_DATE}T{_TIME}(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$",
    "date": f"^{_DATE}$",
    "duration": (
        r"^P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?"
        r"(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+([.,][0-9]+)?S)?)?$"
    ),
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:[^ \t\r\n]+$",
}
"""Texts with a form: ISO 8601 date-time (with its zone), date and duration, and an absolute URI."""

_EXPECTED = {
    "text": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "datetime": "a date and time with its zone, such as 2026-11-25T02:14:57Z",
    "date": "a date, such as 2026-11-25",
    "duration": "an ISO 8601 duration, such as PT2H",
    "uri": "an absolute URI",
    "object": "an object",
    "geometry": "a GeoJSON geometry: " + ", ".join(GEOMETRY_TYPES),
    "reference": "the id of an entity",
}


class Flaw(NamedTuple):
    """What is wrong with a value: where inside it (a pointer suffix), the problem's word, what is allowed."""

    suffix: str
    problem: str
    allowed: str


ValueCheck = Callable[[Any], Flaw | None]


def _typed(shape: str, types: frozenset[type]) -> ValueCheck:
    flaw = Flaw("", "type", _EXPECTED[shape])

    def check(value: Any) -> Flaw | None:
        return None if type(value) in types else flaw

    return check


def _formed(shape: str) -> ValueCheck:
    matches = re.compile(PATTERNS[shape][1:-1]).fullmatch
    flaw = Flaw("", "format", _EXPECTED[shape])

    def check(value: Any) -> Flaw | None:
        # JSON-LD allows {"@type": "DateTime", "@value": "..."} for a literal (clause 4.6.3).
        if type(value) is dict:
            value = value.get("@value")
        return None if type(value) is str and matches(value) is not None else flaw

    return check


def _range_text(attribute: Attribute) -> str:
    parts = [_EXPECTED[attribute.shape]]
    if attribute.minimum is not None:
        parts.append(f"at least {attribute.minimum:g}")
    if attribute.above is not None:
        parts.append(f"above {attribute.above:g}")
    if attribute.maximum is not None:
        parts.append(f"at most {attribute.maximum:g}")
    return ", ".join(parts)


def _numeric(attribute: Attribute) -> ValueCheck:
    infinity = float("inf")
    low = -infinity if attribute.minimum is None else attribute.minimum
    high = infinity if attribute.maximum is None else attribute.maximum
    above = attribute.above
    whole = attribute.shape == "integer"
    allowed = _range_text(attribute)
    wrong_type, wrong_range = Flaw("", "type", allowed), Flaw("", "range", allowed)

    def check(value: Any) -> Flaw | None:
        kind = type(value)
        if kind is not float and kind is not int:
            return wrong_type
        if whole and kind is float and not value.is_integer():
            return wrong_type
        if low <= value <= high and (above is None or value > above):
            return None
        return wrong_range

    return check


def _one_of(values: tuple[str, ...]) -> ValueCheck:
    known = frozenset(values)
    allowed = "one of " + ", ".join(values)
    wrong_type, wrong_value = Flaw("", "type", allowed), Flaw("", "value", allowed)

    def check(value: Any) -> Flaw | None:
        if type(value) is not str:
            return wrong_type
        return None if value in known else wrong_value

    return check


def _geometry(value: Any) -> Flaw | None:
    flaw = Flaw("", "type", _EXPECTED["geometry"])
    if type(value) is not dict:
        return flaw
    kind = value.get("type")
    if type(kind) is not str or kind not in GEOMETRY_TYPES:
        return Flaw("/type", "value", _EXPECTED["geometry"])
    coordinates = value.get("coordinates")
    if type(coordinates) is not list or not coordinates:
        return Flaw("/coordinates", "type", "a list of coordinates that is not empty")
    return None


def _reference(value: Any) -> Flaw | None:
    if type(value) is str and value:
        return None
    return Flaw("", "type", _EXPECTED["reference"])


def _anything(value: Any) -> Flaw | None:  # noqa: ARG001 - any JSON is right
    return None


def _or_list(check_one: ValueCheck) -> ValueCheck:
    def check(value: Any) -> Flaw | None:
        if type(value) is not list:
            return check_one(value)
        for index, item in enumerate(value):
            flaw = check_one(item)
            if flaw is not None:
                return flaw._replace(suffix=f"/{index}{flaw.suffix}")
        return None

    return check


_TYPES = {
    "text": frozenset({str}),
    "boolean": frozenset({bool}),
    "object": frozenset({dict}),
}


def _single_check(attribute: Attribute, values: tuple[str, ...]) -> ValueCheck:
    shape = attribute.shape
    if shape == "value":
        return _typed("text", _TYPES["text"]) if attribute.open_list else _one_of(values)
    if shape in PATTERNS:
        return _formed(shape)
    if shape in _TYPES:
        return _typed(shape, _TYPES[shape])
    if shape in {"number", "integer"}:
        return _numeric(attribute)
    return {"geometry": _geometry, "reference": _reference, "json": _anything}[shape]


def value_check(attribute: Attribute, values: tuple[str, ...] = ()) -> ValueCheck:
    """Return a function that tells what is wrong with a value of this attribute, or None.

    Args:
        attribute: the attribute as modelled.
        values: the words of its value list, where it has one.
    """
    single = _single_check(attribute, values)
    return _or_list(single) if attribute.many else single


def _formed_schema(shape: str) -> dict[str, Any]:
    text = {"type": "string", "pattern": PATTERNS[shape]}
    literal = {"type": "object", "required": ["@value"], "properties": {"@value": text}}
    return {"anyOf": [text, literal]}


def _numeric_schema(attribute: Attribute) -> dict[str, Any]:
    bounds = {
        "minimum": attribute.minimum,
        "exclusiveMinimum": attribute.above,
        "maximum": attribute.maximum,
    }
    return {"type": attribute.shape, **{k: v for k, v in bounds.items() if v is not None}}


def _geometry_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {
            "type": {"type": "string", "enum": list(GEOMETRY_TYPES)},
            "coordinates": {"type": "array", "minItems": 1},
        },
    }


def _single_schema(attribute: Attribute, values: tuple[str, ...]) -> dict[str, Any]:
    shape = attribute.shape
    if shape == "value":
        return {"type": "string", "examples" if attribute.open_list else "enum": list(values)}
    if shape in PATTERNS:
        return _formed_schema(shape)
    if shape in {"number", "integer"}:
        return _numeric_schema(attribute)
    return {
        "text": {"type": "string"},
        "boolean": {"type": "boolean"},
        "object": {"type": "object"},
        "json": {},
        "geometry": _geometry_schema(),
        "reference": {"type": "string", "minLength": 1},
    }[shape]


def value_schema(attribute: Attribute, values: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the JSON Schema of a value of this attribute, which says what ``value_check`` does."""
    single = _single_schema(attribute, values)
    if not attribute.many:
        return single
    return {"anyOf": [single, {"type": "array", "items": single}]}
