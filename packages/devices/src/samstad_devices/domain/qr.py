"""Codes on boxes: LoRa Alliance TR005 (``LW:D0:...``), its drafts, and a bare DevEUI."""

from __future__ import annotations

from typing import NamedTuple

from samstad_devices.domain.errors import IdentifierRefused
from samstad_devices.domain.identifiers import eui64

__all__ = ["MAX_QR", "BoxCode", "read_qr"]

MAX_QR = 2_048


class BoxCode(NamedTuple):
    """What a code tells.

    Attributes:
        dev_eui: of the device.
        join_eui: of its join server; empty where the code does not tell.
        profile: TR005's ProfileID, 4 digits of the vendor and 4 of the model; or empty.
        owner_token, serial: where they are told.
        proprietary: what the vendor adds.
    """

    dev_eui: str
    join_eui: str = ""
    profile: str = ""
    owner_token: str = ""
    serial: str = ""
    proprietary: str = ""


_EXTENSIONS = {"O": "owner_token", "S": "serial", "P": "proprietary"}
_IGNORED = frozenset("C")


def read_qr(text: str) -> BoxCode:
    """Return what a code tells.

    Raises:
        IdentifierRefused: it is no code of a LoRaWAN device.
    """
    told = text.strip()
    if len(told) > MAX_QR:
        raise IdentifierRefused(f"The code has {len(told)} letters; one on a box has at most {MAX_QR}.")
    if not told.upper().startswith("LW:"):
        return BoxCode(eui64(told))
    parts = told.split(":")
    if len(parts) < 5 or parts[1].upper() != "D0":
        raise IdentifierRefused(f"{told!r:.60} is no code of TR005: LW:D0:<JoinEUI>:<DevEUI>:<ProfileID>.")
    profile = parts[4].upper()
    if len(profile) != 8 or not all(letter in "0123456789ABCDEF" for letter in profile):
        raise IdentifierRefused(f"{parts[4]!r:.60} is no ProfileID; it has 8 hexadecimal digits.")
    code = BoxCode(eui64(parts[3]), eui64(parts[2]), profile)
    return code._replace(**_extensions(parts[5:]))


def _extensions(parts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        if not part or part[0] in _IGNORED:
            continue
        name = _EXTENSIONS.get(part[0])
        if name is None or name in found:
            raise IdentifierRefused(f"{part!r:.60} is no part of a code of TR005, or stands there twice.")
        found[name] = part[1:]
    return found
