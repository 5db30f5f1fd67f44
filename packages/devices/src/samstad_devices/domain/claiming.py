"""Claim codes: whoever holds a box can prove it, and takes it over without its keys being moved."""

from __future__ import annotations

import hashlib
import hmac
import re

from samstad_devices.domain.errors import MessageRefused

__all__ = ["MIN_CODE", "claim_digest", "is_claimed_by"]

MIN_CODE = 8
_CODE = re.compile(r"[\x21-\x7e]{8,128}")


def claim_digest(device_id: str, code: str) -> str:
    """Return what is kept of a claim code: equal codes of two devices differ.

    Raises:
        MessageRefused: it is too short to prove anything, or no code.
    """
    told = code.strip()
    if not _CODE.fullmatch(told):
        raise MessageRefused(f"A claim code has {MIN_CODE} to 128 printable ASCII characters without spaces.")
    return hashlib.sha256(f"samstad claim\0{device_id}\0{told}".encode()).hexdigest()


def is_claimed_by(device_id: str, code: str, digest: str) -> bool:
    """Tell whether a code is the one of a device; no code proves a device that has none."""
    try:
        told = claim_digest(device_id, code)
    except MessageRefused:
        return False
    return bool(digest) and hmac.compare_digest(told, digest)
