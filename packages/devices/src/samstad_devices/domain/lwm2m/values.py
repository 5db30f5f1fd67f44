"""Values of resources, whichever form they come in: each by its path, such as ``/3303/0/5700``."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from samstad_devices.domain.cbor import read_cbor
from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.json_text import read_json
from samstad_devices.domain.lwm2m.objects import kind_of
from samstad_devices.domain.lwm2m.tlv import (
    INSTANCE,
    MULTIPLE,
    RESOURCE,
    RESOURCE_INSTANCE,
    Entry,
    read_tlv,
    write_tlv,
)
from samstad_devices.domain.senml import fields_of, read_senml_cbor, read_senml_json

__all__ = ["FORMS", "Value", "fitting", "read_path", "read_values", "write_values"]

Value = bool | int | float | str
TEXT, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 42, 60, 110, 112, 11_542, 11_543
_PATH = re.compile(r"(?:/(?:0|[1-9][0-9]{0,4})){1,4}")
_HIGHEST = 65_535


def read_path(text: str) -> tuple[int, ...]:
    """Return the numbers of a path: object, instance, resource, resource instance.

    Raises:
        MessageRefused: it is none.
    """
    numbers = tuple(map(int, text.split("/")[1:])) if _PATH.fullmatch(text) else ()
    if not numbers or max(numbers) > _HIGHEST:
        raise MessageRefused(f"{text!r:.60} is no path of LwM2M, such as /3303/0/5700.")
    return numbers


def read_values(payload: bytes, *, content_format: int | None, path: str) -> dict[str, Any]:
    """Return values by their whole paths.

    Args:
        payload: as the client sent it.
        content_format: of the payload; None is plain text (Core specification, clause 7.4).
        path: what was asked for or observed; empty where the payload names it itself (Send, clause 6.4.6).

    Raises:
        MessageRefused: the form is not known, or the payload is none of it.
    """
    read = FORMS.get(TEXT if content_format is None else content_format)
    if read is None:
        raise MessageRefused(f"{content_format} is no form of LwM2M that is read here.")
    return read(payload, read_path(path) if path else ())


def _join(*parts: int) -> str:
    return "".join(f"/{part}" for part in parts)


def _tlv(payload: bytes, at: tuple[int, ...]) -> dict[str, Any]:
    if not at:
        raise MessageRefused("A TLV does not say of which object it is.")
    return dict(_leaves(read_tlv(payload), at))


def _leaves(entries: list[Entry] | tuple[Entry, ...], at: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        where = _place(entry, at)
        if entry.kind in {INSTANCE, MULTIPLE}:
            yield from _leaves(entry.entries, where)
        elif len(where) < 3:
            raise MessageRefused(f"The TLV has a resource where {_join(*at)} has instances.")
        else:
            yield _join(*where), _value(kind_of(where[0], where[2]), entry.value)


def _place(entry: Entry, at: tuple[int, ...]) -> tuple[int, ...]:
    """Return where an entry belongs; the one that was asked for may name itself (clause 7.4.3)."""
    depth = {INSTANCE: 1, RESOURCE: 2, MULTIPLE: 2, RESOURCE_INSTANCE: 3}[entry.kind]
    if len(at) < depth:
        # An object with a single instance may leave the instance out.
        at = (*at, *(0,) * (depth - len(at)))
    if len(at) > depth and at[depth] != entry.number:
        raise MessageRefused(
            f"The TLV tells of {_join(*at[:depth], entry.number)}, and {_join(*at)} was asked for."
        )
    return (*at[:depth], entry.number)


_FLOATS = {4: ">f", 8: ">d"}
_INTEGERS = frozenset({1, 2, 4, 8})


def _value(kind: str, raw: bytes) -> Any:
    try:
        return _READ.get(kind, _opaque)(raw)
    except (ValueError, struct.error):
        raise MessageRefused(f"{raw[:16].hex()} in the TLV is no value of the type {kind!r}.") from None


def _integer(raw: bytes) -> int:
    if len(raw) not in _INTEGERS:
        raise ValueError
    return int.from_bytes(raw, signed=True)


def _unsigned(raw: bytes) -> int:
    if len(raw) not in _INTEGERS:
        raise ValueError
    return int.from_bytes(raw)


def _float(raw: bytes) -> float:
    if len(raw) not in _FLOATS:
        raise ValueError
    return float(struct.unpack(_FLOATS[len(raw)], raw)[0])


def _boolean(raw: bytes) -> bool:
    if raw not in {b"\0", b"\1"}:
        raise ValueError
    return raw == b"\1"


def _text(raw: bytes) -> str:
    return raw.decode()


def _opaque(raw: bytes) -> str:
    return raw.hex()


def _link(raw: bytes) -> str:
    return "{}:{}".format(*struct.unpack(">HH", raw))


_READ: Mapping[str, Callable[[bytes], Any]] = {
    "b": _boolean,
    "c": _text,
    "f": _float,
    "i": _integer,
    "l": _link,
    "o": _opaque,
    "s": _text,
    "t": _integer,
    "u": _unsigned,
}


def _plain(payload: bytes, at: tuple[int, ...]) -> dict[str, Any]:
    """Read plain text: one value of one resource (clause 7.4.1)."""
    if len(at) < 3:
        raise MessageRefused(f"Plain text tells one resource, and {_join(*at)} has several.")
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise MessageRefused(f"The text is no UTF-8, at byte {error.start}.") from None
    kind = kind_of(at[0], at[2])
    try:
        value: Any = _PLAIN[kind](text) if kind in _PLAIN else text
    except ValueError:
        raise MessageRefused(f"{text!r:.60} is no value of the type {kind!r}.") from None
    return {_join(*at): value}


def _plain_boolean(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError
    return text == "1"


_PLAIN: Mapping[str, Callable[[str], Any]] = {"b": _plain_boolean, "f": float, "i": int, "t": int, "u": int}


def _raw(payload: bytes, at: tuple[int, ...]) -> dict[str, Any]:
    if len(at) < 3:
        raise MessageRefused("Bytes alone tell one resource.")
    return {_join(*at): payload.hex()}


def _cbor(payload: bytes, at: tuple[int, ...]) -> dict[str, Any]:
    value = read_cbor(payload)
    if len(at) < 3 or isinstance(value, list | dict):
        raise MessageRefused("CBOR alone tells one value of one resource.")
    return {_join(*at): value.hex() if isinstance(value, bytes) else value}


def _json(payload: bytes, _: tuple[int, ...]) -> dict[str, Any]:
    """Read JSON of LwM2M 1.0 (OMA TS 1.0, clause 6.4.4): ``bn``, and ``e`` with ``n`` and a value."""
    told = read_json(payload)
    entries = told.get("e") if isinstance(told, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise MessageRefused("JSON of LwM2M is an object with the array e.", pointer="/e")
    found: dict[str, Any] = {}
    for number, one in enumerate(entries):
        value = next((one[name] for name in ("v", "sv", "bv", "ov") if name in one), None)
        if value is None or isinstance(value, list | dict):
            raise MessageRefused("The entry has no value.", pointer=f"/e/{number}")
        found[f"{told.get('bn', '')}{one.get('n', '')}".rstrip("/")] = value
    return found


FORMS: Mapping[int, Callable[[bytes, tuple[int, ...]], dict[str, Any]]] = {
    TEXT: _plain,
    OPAQUE: _raw,
    CBOR: _cbor,
    SENML_JSON: lambda payload, _: fields_of(read_senml_json(payload)),
    SENML_CBOR: lambda payload, _: fields_of(read_senml_cbor(payload)),
    TLV: _tlv,
    JSON: _json,
}
"""CoAP Content-Format → what reads it."""


def write_values(path: str, values: Mapping[int, Value]) -> bytes:
    """Return a TLV that sets resources of an object instance.

    Args:
        path: of the instance, such as ``/3416/0``.
        values: number of a resource → its value.

    Raises:
        MessageRefused: the path is no instance's, or a value is not of its resource's type.
    """
    at = read_path(path)
    if len(at) != 2:
        raise MessageRefused(f"{path!r:.60} is no object instance, such as /3416/0.")
    return write_tlv([Entry(RESOURCE, one, _bytes(at[0], one, value)) for one, value in values.items()])


def fitting(kind: str, value: Value) -> Value:
    """Return a number as its type has it: whole ones may come with a point, and others without."""
    if isinstance(value, float) and value.is_integer() and kind in {"i", "t", "u"}:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and kind == "f":
        return float(value)
    return value


def _bytes(object_id: int, resource: int, value: Value) -> bytes:
    kind = kind_of(object_id, resource)
    value = fitting(kind, value)
    write = _WRITE.get((kind, type(value)))
    if write is None:
        raise MessageRefused(f"/{object_id}/*/{resource} is of the type {kind!r}, and {value!r:.40} is not.")
    try:
        return write(value)
    except (ValueError, OverflowError, struct.error):
        raise MessageRefused(f"{value!r:.40} is too large, or is no value of the type {kind!r}.") from None


_SIZES = (1, 2, 4, 8)


def _signed(value: int) -> bytes:
    size = next((one for one in _SIZES if -(2 ** (8 * one - 1)) <= value < 2 ** (8 * one - 1)), 8)
    return value.to_bytes(size, signed=True)


def _natural(value: int) -> bytes:
    return value.to_bytes(next((one for one in _SIZES if 0 <= value < 2 ** (8 * one)), 8))


_WRITE: Mapping[tuple[str, type], Callable[[Any], bytes]] = {
    ("b", bool): lambda value: bytes([value]),
    ("f", float): lambda value: struct.pack(">d", value),
    ("i", int): _signed,
    ("o", str): bytes.fromhex,
    ("s", str): str.encode,
    ("t", int): _signed,
    ("u", int): _natural,
}
