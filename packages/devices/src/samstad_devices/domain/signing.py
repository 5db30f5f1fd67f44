"""Signed HTTP requests of devices: what is signed, and whether a signature is right and fresh."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple

from samstad_devices.domain.errors import MessageRefused

__all__ = [
    "SCHEME",
    "WINDOW_S",
    "Signed",
    "canonical",
    "is_fresh",
    "is_signed",
    "read_signed",
    "signature_of",
]

SCHEME = "samstad-hmac-sha256"
WINDOW_S = 300
"""How far a request's time may lie from the node's, either way."""
_PART = re.compile(r'\s*([a-z]+)\s*=\s*"?([A-Za-z0-9_-]{1,128})"?\s*')


class Signed(NamedTuple):
    """What the header of a signed request says.

    Attributes:
        key: id of the key.
        time_s: when it was signed, seconds since 1970 UTC.
        signature: hexadecimal.
    """

    key: str
    time_s: int
    signature: str


def read_signed(parameters: str) -> Signed:
    """Return what stands after the scheme: ``key=…, time=…, signature=…``.

    Raises:
        MessageRefused: a part is missing or is none.
    """
    found: dict[str, str] = {}
    for part in parameters.split(","):
        shape = _PART.fullmatch(part)
        if shape is None or shape[1] in found:
            raise MessageRefused(f"Authorization has key, time and signature, not {part.strip()!r:.40}.")
        found[shape[1]] = shape[2]
    if set(found) != {"key", "time", "signature"} or not re.fullmatch(r"[0-9]{1,12}", found["time"]):
        raise MessageRefused("Authorization has key, time (seconds since 1970) and signature.")
    return Signed(found["key"], int(found["time"]), found["signature"].lower())


def canonical(*, path: str, time_s: int, idempotency_key: str, body: bytes) -> bytes:
    """Return what is signed: five lines, the last of which is the digest of the body."""
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join(("POST", path, str(time_s), idempotency_key, digest)).encode()


def signature_of(secret: bytes, signed: bytes) -> str:
    """Return the signature as hexadecimal digits."""
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def is_signed(secret: bytes, signed: bytes, signature: str) -> bool:
    """Tell whether a signature is right, in a time that tells nothing."""
    return hmac.compare_digest(signature_of(secret, signed).encode(), signature.encode())


def is_fresh(time_s: int, *, now_us: int) -> bool:
    """Tell whether a request was signed within the window around now."""
    return abs(now_us / 1_000_000 - time_s) <= WINDOW_S
