"""Take secrets out of log lines: by the name of the key, and by what a value looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["STARS", "redact", "redact_text"]

STARS = "***"

SECRET_KEYS = re.compile(
    r"(?i)(^|[_.-])(authorization|cookie|password|passwd|secret|token|api[_-]?key|private[_-]?key|credential)s?$"
)

# Keys, sessions and login links of samstad_access, whose reference gives the pattern to scanners.
_OURS = re.compile(r"sam(?:stad|ses|lnk)_[a-z2-7]{12}_[A-Za-z0-9_-]{49}")

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # RFC 6750 and 7617 credentials
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {STARS}"),
    # a JWS or JWE in compact form (RFC 7515, 7516)
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){2,4}"), STARS),
    (_OURS, STARS),
    # user and password in an address (RFC 3986, 3.2.1)
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@"), rf"\1{STARS}@"),
    # the query parameters and form fields that carry credentials
    (
        re.compile(r"(?i)\b((?:access_token|token|api_key|apikey|password|secret|sig)=)[^&\s\"']+"),
        rf"\1{STARS}",
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
        STARS,
    ),
)

DEEPEST = 6


def redact_text(text: str) -> str:
    """Return the text with everything that looks like a credential replaced by stars."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, *, depth: int = 0) -> Any:
    """Return a copy of what is logged without secrets; beyond a few levels only the text is looked at."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if depth >= DEEPEST:
        return redact_text(str(value))
    if isinstance(value, Mapping):
        return {key: _member(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, depth=depth + 1) for inner in value]
    return value


def _member(key: Any, value: Any, depth: int) -> Any:
    if isinstance(key, str) and SECRET_KEYS.search(key) and value not in (None, "", False, True):
        return STARS
    return redact(value, depth=depth + 1)
