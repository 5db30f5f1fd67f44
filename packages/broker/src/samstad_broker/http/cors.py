"""Which web pages of other origins may use the API (the Fetch standard, clause 3.2).

By default none may. Credentials are never allowed across origins: a page that may call the API sends
its own token.
"""

from __future__ import annotations

from dataclasses import dataclass

from samstad_broker.http.messages import Request, Response

__all__ = ["CorsPolicy", "allow_origin", "preflight"]

_ALLOWED_HEADERS = (
    "Authorization, X-Api-Key, Content-Type, Accept, Link, Prefer, "
    "NGSILD-Tenant, NGSILD-Snapshot, NGSILD-EntityMap"
)
_EXPOSED_HEADERS = (
    "Link, Location, Content-Range, Retry-After, Preference-Applied, WWW-Authenticate, "
    "NGSILD-Results-Count, NGSILD-Tenant, NGSILD-Snapshot, NGSILD-EntityMap, NGSILD-Warning"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """The origins that may use the API.

    Attributes:
        origins: each as a browser writes it, ``https://karta.example.se``; ``*`` for all.
        max_age_s: how long a browser may remember the answer to a preflight, in seconds.
    """

    origins: frozenset[str] = frozenset()
    max_age_s: int = 600


def allow_origin(policy: CorsPolicy, request: Request, response: Response) -> None:
    """Add to a response what lets an allowed page read it."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    allowed = _allowed(policy, origin)
    if allowed is None:
        response.headers.append(("Vary", "Origin"))
        return
    response.headers += (
        ("Access-Control-Allow-Origin", allowed),
        ("Access-Control-Expose-Headers", _EXPOSED_HEADERS),
        ("Vary", "Origin"),
    )


def preflight(policy: CorsPolicy, request: Request, *, allow: str) -> Response:
    """Answer OPTIONS: what the resource knows, and to an allowed page what it may send."""
    headers = [("Allow", allow)]
    origin = request.headers.get("origin")
    if (
        origin is not None
        and "access-control-request-method" in request.headers
        and _allowed(policy, origin) is not None
    ):
        headers += [
            ("Access-Control-Allow-Methods", allow),
            ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
            ("Access-Control-Max-Age", str(policy.max_age_s)),
        ]
    return Response(204, headers)


def _allowed(policy: CorsPolicy, origin: str) -> str | None:
    if "*" in policy.origins:
        return "*"
    return origin if origin in policy.origins else None
