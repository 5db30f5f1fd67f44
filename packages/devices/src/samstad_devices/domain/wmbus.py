"""Telegrams of meters, by wireless and wired M-Bus (EN 13757-3, -4): who sent one, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pymbusparser

from samstad_devices.domain.errors import MessageRefused

__all__ = ["MAX_TELEGRAM", "meter_of", "read_telegram"]

MAX_TELEGRAM = 512
_HEAD = 10
_FILLING = "2F2F"
"""What a telegram of mode 5 begins with when the key was right (EN 13757-7, clause 7.6)."""
_WORDS = {"Instantaneous value": "", "Minimum value": "_minimum", "Maximum value": "_maximum"}


def meter_of(telegram: bytes) -> str:
    """Return who sent a wireless telegram: the maker's three letters, a hyphen, the number on the meter.

    Raises:
        MessageRefused: it is too short, or has no such header (EN 13757-4, clause 12.5).
    """
    if not _HEAD <= len(telegram) <= MAX_TELEGRAM:
        raise MessageRefused(f"A telegram has {_HEAD} to {MAX_TELEGRAM} bytes, not {len(telegram)}.")
    maker, number = int.from_bytes(telegram[2:4], "little"), telegram[7:3:-1].hex()
    letters = [maker >> shift & 0x1F for shift in (10, 5, 0)]
    if not all(1 <= letter <= 26 for letter in letters) or not number.isdecimal():
        raise MessageRefused(f"{telegram[:_HEAD].hex()} is no header of a wireless M-Bus telegram.")
    return "".join(chr(64 + letter) for letter in letters) + "-" + number


def read_telegram(telegram: bytes, keys: Iterable[bytes] = ()) -> dict[str, Any]:
    """Return the values of a telegram by name, such as ``volume``, and ``volume_unit`` beside each.

    A stored value, another tariff, a minimum are told by what follows the name: ``volume_storage1``,
    ``energy_tariff2``, ``power_maximum``. Times stand as the meter tells them.

    Args:
        telegram: whole, with or without checksums.
        keys: that its meter may use; the first that fits counts.

    Raises:
        MessageRefused: it is none, or is encrypted and no key fits.
    """
    told = _parsed(telegram, None)
    if _security(told).get("payload_protection") == "encrypted":
        told = next(filter(_fits, (_parsed(telegram, key) for key in keys)), {})
        if not told:
            raise MessageRefused("The telegram is encrypted, and no key of the meter (kind wmbus) opens it.")
    if told.get("decode_state") != "complete":
        faults = [one.get("message", "") for one in told.get("diagnostics", ())]
        raise MessageRefused(f"The telegram cannot be read as a whole: {'; '.join(faults)[:200]}.")
    found: dict[str, Any] = {}
    for record in told.get("records", ()):
        found.update(_fields(record))
    return found


def _security(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return told.get("security") or {}


def _fits(told: Mapping[str, Any]) -> bool:
    opened = str(_security(told).get("decrypted_payload_hex", "")).upper()
    is_checked = _security(told).get("decryption_state") not in {"decrypted_unverified", "key_missing"}
    return bool(opened) and (is_checked or opened.startswith(_FILLING))


def _parsed(telegram: bytes, key: bytes | None) -> dict[str, Any]:
    try:
        return dict(pymbusparser.parse(telegram, key=key, include_enrichment=False))
    except ValueError as error:
        raise MessageRefused(f"The payload is no telegram of M-Bus: {str(error)[:200]}.") from None


def _fields(record: Mapping[str, Any]) -> dict[str, Any]:
    quantities, value = record.get("quantities") or [], record.get("value") or {}
    if not quantities:
        return {}
    name = "_".join(quantities[0].lower().replace("(", "").replace(")", "").split())
    name += _WORDS.get(record.get("function", ""), "_error")
    for part, mark in (("storage_number", "storage"), ("tariff", "tariff"), ("subunit", "unit")):
        name += f"_{mark}{record[part]}" if record.get(part) else ""
    unit = {f"{name}_unit": record["unit"]} if record.get("unit") else {}
    return {name: _plain(value), **unit}


def _plain(value: Mapping[str, Any]) -> Any:
    told = value.get("value")
    if value.get("kind") != "decimal":
        return told
    try:
        return float(str(told))
    except ValueError:
        return told
