"""The mapping file: how columns become an entity.

type = "WasteContainer"
id = "urn:ngsi-ld:WasteContainer:waste:{nr}"     # columns in braces
epsg = 3011                                      # of the coordinates; GeoJSON and GeoPackage know theirs
x = "Easting"                                    # CSV: columns of the coordinates
y = "Northing"

[attributes.fillingLevel]
column = "fill"
kind = "number"                                  # text, number, integer, boolean, relationship
factor = 0.01
unit = "C62"
observed = "read_at"                             # column with the time
required = true
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from samstad_node.importing.rows import BadRow, Entity, FileRefused

__all__ = ["AttributeMapping", "BadValue", "FileMapping", "read_mapping"]

_COLUMN = re.compile(r"\{([^{}]+)\}")


class AttributeMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attribute of the entity."""

    column: str
    kind: Literal["text", "number", "integer", "boolean", "relationship"] = "text"
    factor: float = 1.0
    unit: str = ""
    observed: str = ""
    required: bool = False


class FileMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole mapping."""

    type: Annotated[str, Meta(min_length=1)]
    id: Annotated[str, Meta(min_length=1)]
    attributes: dict[str, AttributeMapping]
    epsg: int = 4326
    x: str = ""
    y: str = ""
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8-sig"

    def entity(self, columns: Mapping[str, Any], *, number: int) -> Entity:
        """Return a row as an entity without its location.

        Raises:
            BadValue: a column is missing or its value cannot be used.
        """
        found: Entity = {"id": self._id(columns, number), "type": self.type}
        for name, one in self.attributes.items():
            text = columns.get(one.column)
            if text is not None and text != "":
                found[name] = _attribute(one, text, columns, number)
            elif one.required:
                raise BadValue(number, one.column, "is empty, and the mapping requires it")
        return found

    def _id(self, columns: Mapping[str, Any], number: int) -> str:
        def fill(match: re.Match[str]) -> str:
            value = columns.get(match[1])
            if value is None or value == "":
                raise BadValue(number, match[1], "is empty, and the id is made of it")
            return quote(str(value), safe="")

        return _COLUMN.sub(fill, self.id)


class BadValue(Exception):
    """A value of a row that cannot be used."""

    def __init__(self, number: int, field: str, why: str) -> None:
        super().__init__(why)
        self.bad = BadRow(number, field, why)


def read_mapping(path: Path) -> FileMapping:
    """Read a mapping file; raises FileRefused and names the key that is wrong."""
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file), FileMapping)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise FileRefused(f"the mapping {path}: {error}") from error
    except RecursionError:
        raise FileRefused(f"the mapping {path}: it is nested too deeply") from None


def _attribute(one: AttributeMapping, value: Any, columns: Mapping[str, Any], number: int) -> Entity:
    try:
        read = _READ[one.kind](value)
        if one.factor != 1.0 and isinstance(read, int | float):
            read = round(_number(read * one.factor), 9)
    except (ValueError, TypeError, OverflowError):
        raise BadValue(number, one.column, f"{value!r} is no {one.kind}") from None
    if one.kind == "relationship":
        return {"type": "Relationship", "object": read}
    found: Entity = {"type": "Property", "value": read}
    if one.unit:
        found["unitCode"] = one.unit
    if one.observed and columns.get(one.observed):
        found["observedAt"] = str(columns[one.observed])
    return found


def _number(value: Any) -> float:
    """Read a number; a decimal comma is a point."""
    read = float(str(value).replace(",", "."))
    if not isfinite(read):
        raise ValueError
    return int(read) if read.is_integer() and isinstance(value, int) else read


def _integer(value: Any) -> int:
    """Read a whole number that JSON carries without loss."""
    read = int(value)
    if not -(2**63) <= read < 2**64:
        raise ValueError
    return read


def _boolean(value: Any) -> bool:
    known = {
        "true": True,
        "1": True,
        "yes": True,
        "ja": True,
        "false": False,
        "0": False,
        "no": False,
        "nej": False,
    }
    if str(value).strip().lower() not in known:
        raise ValueError
    return known[str(value).strip().lower()]


def _uri(value: Any) -> str:
    if ":" not in str(value):
        raise ValueError
    return str(value)


_READ: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "relationship": _uri,
}
