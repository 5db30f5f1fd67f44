"""Headers that keep browsers from misusing what the API answers (OWASP, REST security)."""

from __future__ import annotations

from samstad_broker.http.messages import Response

__all__ = ["add_security_headers"]

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
_UNLESS_CACHEABLE = (*_ALWAYS, ("Cache-Control", "no-store"))


def add_security_headers(response: Response) -> None:
    """Add them; what the handler has not called cacheable must not be stored."""
    response.headers += _ALWAYS if response.cacheable else _UNLESS_CACHEABLE
