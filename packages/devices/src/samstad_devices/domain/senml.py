"""SenML packs in JSON and CBOR (RFC 8428), resolved: each value by its full name, with unit and time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from samstad_devices.domain.cbor import read_cbor
from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.json_text import read_json

__all__ = ["MAX_RECORDS", "Record", "fields_of", "read_senml_cbor", "read_senml_json", "resolve"]

MAX_RECORDS = 1_024
_ABSOLUTE_S = 2**28
"""A time below it is counted from now (RFC 8428, clause 4.5.3)."""

LABELS: Mapping[int, str] = MappingProxyType(
    {
        -1: "bver",
        -2: "bn",
        -3: "bt",
        -4: "bu",
        -5: "bv",
        -6: "bs",
        0: "n",
        1: "u",
        2: "v",
        3: "vs",
        4: "vb",
        5: "s",
        6: "t",
        7: "ut",
        8: "vd",
    }
)
"""CBOR label → JSON label (clause 6, table 4)."""


class Record(NamedTuple):
    """One resolved record (clause 4.6).

    Attributes:
        time_s: seconds since 1970 UTC, or seconds before now as a number of 0 or less.
    """

    name: str
    value: Any
    unit: str
    time_s: float


def read_senml_json(payload: bytes) -> list[Record]:
    """Return the records of a pack in JSON; raises MessageRefused as ``resolve`` does."""
    return resolve(read_json(payload))


def read_senml_cbor(payload: bytes) -> list[Record]:
    """Return the records of a pack in CBOR; raises MessageRefused as ``resolve`` does."""
    told = read_cbor(payload)
    if not isinstance(told, list):
        raise MessageRefused("A SenML pack is an array of records.", pointer="")
    named = [
        {LABELS.get(key, key) if isinstance(key, int) else key: value for key, value in one.items()}
        if isinstance(one, dict)
        else one
        for one in told
    ]
    return resolve(named)


def resolve(pack: Any) -> list[Record]:
    """Return the records of a pack with base values worked in.

    Raises:
        MessageRefused: it is no pack; ``pointer`` names the record.
    """
    if not isinstance(pack, list) or not all(isinstance(one, dict) for one in pack):
        raise MessageRefused("A SenML pack is an array of records.", pointer="")
    if len(pack) > MAX_RECORDS:
        raise MessageRefused(f"The pack has {len(pack)} records; at most {MAX_RECORDS} are read.")
    base: dict[str, Any] = {}
    found: list[Record] = []
    for number, told in enumerate(pack):
        record = _Reader(told, f"/{number}")
        record.read_base(base)
        resolved = record.resolved(base)
        if resolved is not None:
            found.append(resolved)
    return found


def fields_of(records: list[Record]) -> dict[str, Any]:
    """Return the latest value of each name, and the latest absolute time as ``time``."""
    found: dict[str, Any] = {one.name: one.value for one in sorted(records, key=lambda one: one.time_s)}
    latest = max((one.time_s for one in records), default=0.0)
    if latest >= _ABSOLUTE_S:
        found.setdefault("time", latest)
    return found


class _Reader:
    def __init__(self, told: dict[Any, Any], at: str) -> None:
        self._told = told
        self._at = at

    def _refuse(self, name: str, what: str) -> MessageRefused:
        return MessageRefused(f"{name} is {self._told.get(name)!r:.60}; {what}", pointer=f"{self._at}/{name}")

    def _text(self, name: str) -> str | None:
        value = self._told.get(name)
        if value is not None and not isinstance(value, str):
            raise self._refuse(name, "a text is expected.")
        return value

    def _number(self, name: str) -> float | None:
        value = self._told.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_sane(value):
            raise self._refuse(name, "a number is expected.")
        return value

    def read_base(self, base: dict[str, Any]) -> None:
        for name in ("bn", "bu"):
            if (text := self._text(name)) is not None:
                base[name] = text
        for name in ("bt", "bv", "bver"):
            if (number := self._number(name)) is not None:
                base[name] = number
        if base.get("bver", 10) > 10:
            raise self._refuse("bver", "version 10 of SenML is the newest that is read here.")
        for name in self._told:
            if isinstance(name, str) and name.endswith("_"):
                raise MessageRefused(f"{name!r:.60} must be understood and is not.", pointer=self._at)

    def resolved(self, base: dict[str, Any]) -> Record | None:
        value = self._value(base)
        if value is None:
            return None
        name = base.get("bn", "") + (self._text("n") or "")
        if not name:
            raise MessageRefused("The record has no name.", pointer=self._at)
        unit = self._text("u") or base.get("bu", "")
        time_s = (self._number("t") or 0) + base.get("bt", 0)
        return Record(name, value, unit, time_s)

    def _value(self, base: dict[str, Any]) -> Any:
        number = self._number("v")
        if number is not None:
            return number + base["bv"] if "bv" in base else number
        if (text := self._text("vs")) is not None:
            return text
        flag = self._told.get("vb")
        if flag is not None and not isinstance(flag, bool):
            raise self._refuse("vb", "true or false is expected.")
        return self._number("s") if flag is None else flag


def _is_sane(value: float) -> bool:
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**64
