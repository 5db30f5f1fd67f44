"""Values as a client reads them: in the form that it said it speaks."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import orjson

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.lwm2m.objects import kind_of
from samstad_devices.domain.lwm2m.values import (
    SENML_CBOR,
    SENML_JSON,
    TLV,
    Value,
    fitting,
    read_path,
    write_values,
)

__all__ = ["write_form"]

_MEMBERS: Mapping[type, tuple[str, int]] = {bool: ("vb", 4), int: ("v", 2), float: ("v", 2), str: ("vs", 3)}
"""Type of a value → its member in SenML: in JSON, in CBOR (RFC 8428, clauses 5 and 6)."""


def write_form(path: str, values: Mapping[int, Value], *, form: int) -> bytes:
    """Return resources of an object instance in a form.

    Args:
        path: of the instance, such as ``/3416/0``.
        values: number of a resource → its value.
        form: Content-Format, one of those that ``Offer.form`` has.

    Raises:
        MessageRefused: the path is no instance's, a value is not of its resource's type, or the form is none.
    """
    whole = write_values(path, values)  # every form has the same types
    if form == TLV:
        return whole
    object_id = read_path(path)[0]
    told = [(f"{path}/{number}", _typed(object_id, number, value)) for number, value in values.items()]
    if form == SENML_JSON:
        return orjson.dumps([{"n": name, _MEMBERS[type(value)][0]: value} for name, value in told])
    if form == SENML_CBOR:
        return _head(0x80, len(told)) + b"".join(_record(name, value) for name, value in told)
    raise MessageRefused(f"{form} is no form that is written here.")


def _typed(object_id: int, number: int, value: Value) -> Value:
    return fitting(kind_of(object_id, number), value)


def _record(name: str, value: Value) -> bytes:
    return b"\xa2\x00" + _text(name) + bytes([_MEMBERS[type(value)][1]]) + _cbor(value)


def _cbor(value: Value) -> bytes:
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0x00, value) if value >= 0 else _head(0x20, -1 - value)
    return b"\xfb" + struct.pack(">d", value) if isinstance(value, float) else _text(value)


def _text(text: str) -> bytes:
    raw = text.encode()
    return _head(0x60, len(raw)) + raw


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major | number])
    for size, mark in ((1, 24), (2, 25), (4, 26)):
        if number < 2 ** (8 * size):
            return bytes([major | mark]) + number.to_bytes(size)
    return bytes([major | 27]) + number.to_bytes(8)
