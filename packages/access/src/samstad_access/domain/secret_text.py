"""Opaque secrets as text: ``<prefix>_<public id>_<secret><checksum>``, of which only a hash is kept.

| part      | length | what                                                                          |
|-----------|--------|-------------------------------------------------------------------------------|
| prefix    |        | ``samstad`` for API keys, ``samses`` for sessions, ``samlnk`` for login links  |
| public id | 12     | lower-case letters and digits 2-7; stands in lists, logs and audit             |
| secret    | 43     | 32 random bytes, base64url                                                     |
| checksum  | 6      | CRC-32 of what stands before it, base64url: scanners and typing errors find it |

The secret has 256 random bits, so that a plain SHA-256 of it cannot be searched and no salt is needed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from enum import StrEnum

__all__ = ["RANDOM_BYTES", "SECRET_PATTERN", "SecretKind", "compose", "parse", "same", "scrub"]

RANDOM_BYTES = 40
"""Random bytes that make a secret text: 8 for its id, 32 for the secret."""
SECRET_PATTERN = r"sam(?:stad|ses|lnk)_[a-z2-7]{12}_[A-Za-z0-9_-]{49}"  # noqa: S105 - a pattern, no secret
"""What secret scanners look for."""

_ID_LENGTH = 12
_CHECKSUM_LENGTH = 6
_TAIL = re.compile(r"[a-z2-7]{12}_[A-Za-z0-9_-]{49}")
_NOBODY = hashlib.sha256(b"nobody").digest()
_JWT = r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
_CODE = r"\b[A-Z2-7]{5}(?:-[A-Z2-7]{5}){5}\b"
_SCRUBBED = re.compile(f"({SECRET_PATTERN})|({_JWT})|({_CODE})")


class SecretKind(StrEnum):
    """What a secret opens; its prefix."""

    KEY = "samstad_"
    SESSION = "samses_"
    LINK = "samlnk_"


def compose(kind: SecretKind, random: bytes) -> tuple[str, str, bytes]:
    """Return a new secret's public id, its whole text (shown once) and its digest (kept).

    Args:
        kind: what it opens.
        random: ``RANDOM_BYTES`` fresh random bytes.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a secret is made of {RANDOM_BYTES} random bytes, not {len(random)}")
    public = base64.b32encode(random[:8]).decode().lower()[:_ID_LENGTH]
    body = f"{kind.value}{public}_{_base64url(random[8:])}"
    text = body + _checksum(body)
    return public, text, _digest(text)


def parse(kind: SecretKind, text: str) -> tuple[str, bytes] | None:
    """Return the public id and the digest of a well-formed secret of this kind; None for anything else."""
    start = len(kind.value)
    if not text.startswith(kind.value) or _TAIL.fullmatch(text, start) is None:
        return None
    if _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        return None
    return text[start : start + _ID_LENGTH], _digest(text)


def same(kept: bytes | None, presented: bytes) -> bool:
    """Compare digests in constant time; None (an id that nobody has) takes as long and is never the same."""
    return hmac.compare_digest(_NOBODY if kept is None else kept, presented) and kept is not None


def scrub(text: str) -> str:
    """Return a text without any key, session, link, token or one-time code that stands in it."""
    return _SCRUBBED.sub("***", text)


def _digest(text: str) -> bytes:
    return hashlib.sha256(b"samstad secret\0" + text.encode()).digest()


def _checksum(body: str) -> str:
    return _base64url(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
