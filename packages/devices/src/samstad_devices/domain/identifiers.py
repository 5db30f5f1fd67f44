"""Identifiers of devices: one canonical text for each kind, so that equal ones are equal texts.

A device has a set of them: what its radio calls it, what stands on the box, what the modem has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from samstad_devices.domain.errors import IdentifierRefused

__all__ = ["KINDS", "Identifier", "eui64", "identifier"]

_SEPARATORS = re.compile(r"[-:\s]")
_EUI64 = re.compile(r"[0-9A-F]{16}")
_IMEI = re.compile(r"[0-9]{15}")
_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?")


class Identifier(NamedTuple):
    """One identifier: its kind as in ``KINDS``, and its canonical text."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.text}"


def eui64(text: str) -> str:
    """Return an EUI-64 as 16 upper-case hexadecimal digits, whatever separates them in the text.

    Raises:
        IdentifierRefused: it is none.
    """
    digits = _SEPARATORS.sub("", text).upper()
    if _EUI64.fullmatch(digits) is None:
        raise IdentifierRefused(f"{text!r:.60} is no EUI-64; it has 16 hexadecimal digits.")
    return digits


def _imei(text: str) -> str:
    digits = _SEPARATORS.sub("", text)
    if _IMEI.fullmatch(digits) is None or _luhn(digits):
        raise IdentifierRefused(
            f"{text!r:.60} is no IMEI; it has 15 digits, the last of which checks the rest."
        )
    return digits


def _luhn(digits: str) -> int:
    """Return the remainder by the Luhn formula, 0 for a number that checks (3GPP TS 23.003, annex B)."""
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10


def _plain(text: str) -> str:
    if _TEXT.fullmatch(text) is None:
        raise IdentifierRefused(f"{text!r:.60} is no identifier; it has 1 to 128 printable ASCII characters.")
    return text


KINDS: dict[str, Callable[[str], str]] = {
    "devEUI": eui64,
    "imei": _imei,
    "serialNumber": _plain,
    "mqttClientId": _plain,
    "lwm2mEndpoint": _plain,
    "rsmpSiteId": _plain,
    "talqAddress": _plain,
    "meterId": _plain,
    "networkDeviceId": _plain,
    "inventoryNumber": _plain,
    "entity": _plain,
}
"""Kind → what makes its text canonical; raises IdentifierRefused."""


def identifier(kind: str, text: str) -> Identifier:
    """Return an identifier in its canonical form.

    Raises:
        IdentifierRefused: there is no such kind, or the text is none of it.
    """
    read = KINDS.get(kind)
    if read is None:
        raise IdentifierRefused(f"{kind!r:.60} is no kind of identifier; use one of {', '.join(KINDS)}.")
    return Identifier(kind, read(text.strip()))
