"""Sessions of people: short-lived opaque tokens in a cookie, with a CSRF token sent twice.

The CSRF token is derived from the session token, so that a page of another site can neither read nor
forge it; the client sends it as a readable cookie and again as the header ``X-CSRF-Token``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import ClassVar

import msgspec

__all__ = [
    "CSRF_COOKIE",
    "CSRF_HEADER",
    "SESSION_COOKIE",
    "CodeRecord",
    "SessionRecord",
    "clearing_cookies",
    "cookie_value",
    "csrf_proven",
    "csrf_token",
    "session_cookies",
]

SESSION_COOKIE = "samstad_session"
CSRF_COOKIE = "samstad_csrf"
CSRF_HEADER = "x-csrf-token"

_COOKIE_HEADER_LIMIT = 8192


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is stored.

    Attributes:
        method: how it began: ``password``, ``break-glass`` or ``link``.
    """

    KIND: ClassVar[str] = "session"

    id: str
    principal: str
    digest: bytes
    method: str
    created_us: int
    expires_us: int

    @property
    def owner(self) -> str:
        """The principal."""
        return self.principal


class CodeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that opens one session, once: a login link."""

    KIND: ClassVar[str] = "code"

    id: str
    principal: str
    digest: bytes
    created_us: int
    expires_us: int

    @property
    def owner(self) -> str:
        """The principal."""
        return self.principal


def csrf_token(session: str) -> str:
    """Return the CSRF token that belongs to a session token."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"samstad csrf\0" + session.encode()).digest()).decode()[
        :43
    ]


def csrf_proven(session: str, header: str | None) -> bool:
    """Whether the header carries the CSRF token of the session in the cookie."""
    return header is not None and hmac.compare_digest(csrf_token(session).encode(), header.encode())


def session_cookies(session: str, *, max_age_s: int, secure: bool = True) -> tuple[str, str]:
    """Return the two Set-Cookie values of a new session; ``secure`` is False on plain-HTTP loopback alone."""
    tail = f"; Path=/; Max-Age={max_age_s}; SameSite=Strict" + ("; Secure" if secure else "")
    return (
        f"{SESSION_COOKIE}={session}{tail}; HttpOnly",
        f"{CSRF_COOKIE}={csrf_token(session)}{tail}",
    )


def clearing_cookies() -> tuple[str, str]:
    """Return the two Set-Cookie values that end a session in the browser."""
    tail = "=; Path=/; Max-Age=0; SameSite=Strict"
    return f"{SESSION_COOKIE}{tail}; HttpOnly", f"{CSRF_COOKIE}{tail}"


def cookie_value(header: str, name: str) -> str | None:
    """Return a cookie of a Cookie header; None where it is absent, or there twice with different values."""
    values = {value for found, value in _cookies(header[:_COOKIE_HEADER_LIMIT]) if found == name}
    return values.pop() if len(values) == 1 else None


def _cookies(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            yield name, value.strip('"')
