"""What a bearer token (JWT, RFC 7519 and RFC 9068) must say, and whom it stands for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from samstad_access.domain.operation import Operation
from samstad_access.domain.role import MAX_BINDINGS, Binding, tenant_names

__all__ = ["FORBIDDEN_ALGORITHMS", "TokenRules", "claim", "claims_fault", "header_fault", "token_bindings",
           "token_limit"]  # fmt: skip

FORBIDDEN_ALGORITHMS = frozenset({"none", "HS256", "HS384", "HS512"})
"""Never allowed, whatever the settings say: public keys cannot prove them."""

_HEADER_MEMBERS = frozenset({"alg", "kid", "typ", "cty", "x5t", "x5t#S256"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt", "application/jwt"})
_SCOPE_PREFIX = "samstad:"
_LONGEST = 256
_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
"""OpenID Connect Core 2: at most 255 ASCII characters."""


class TokenRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is demanded of tokens.

    Attributes:
        leeway_s: how far the clocks of issuer and node may be apart.
        roles_claim, tenants_claim: paths in the claims, members separated by dots.
        tenants: where the roles hold when ``tenants_claim`` is empty.
        prefix: stands before ``sub`` in the principal's id, so that no token takes a local name.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str]
    leeway_s: int = 30
    roles_claim: str = "roles"
    tenants_claim: str = "tenants"
    tenants: tuple[str, ...] = ()
    prefix: str = "token:"


def header_fault(header: Mapping[str, Any], rules: TokenRules) -> str | None:
    """Return what forbids a token by its header alone; None when nothing does.

    Members that bring or fetch a key (``jwk``, ``jku``, ``x5c``, ``x5u``) and extensions (``crit``,
    ``b64``) are refused with everything else that is not known.
    """
    algorithm = header.get("alg")
    if (
        not isinstance(algorithm, str)
        or algorithm not in rules.algorithms
        or algorithm in FORBIDDEN_ALGORITHMS
    ):
        return "the algorithm is not allowed"
    if not _HEADER_MEMBERS.issuperset(header):
        return "the header has members that are not allowed"
    if not isinstance(header.get("kid", ""), str):
        return "kid is not a text"
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        return "the token is of another type"
    return None


def claims_fault(claims: Mapping[str, Any], rules: TokenRules, *, now_s: float) -> str | None:
    """Return what forbids a token by its claims (RFC 7519, 4.1); None when nothing does."""
    if not rules.issuer or claims.get("iss") != rules.issuer:
        return "another issuer"
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not rules.audience or rules.audience not in audiences:
        return "another audience"
    subject = claims.get("sub")
    if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
        return "no usable subject"
    return _time_fault(claims, rules.leeway_s, now_s)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim at a path such as ``realm_access.roles``; None where it is absent."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for member in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(member)
    return found


def token_bindings(claims: Mapping[str, Any], rules: TokenRules) -> tuple[Binding, ...]:
    """Return the bindings that a verified token brings: its roles, in its tenants.

    Roles that the node does not know grant nothing. A tenants claim that is missing, or not a list of
    texts, means no tenant at all; the text ``*`` in it is a name like any other, for the issuer must not
    speak of tenants that it does not know.
    """
    roles = _texts(claim(claims, rules.roles_claim))
    tenants = rules.tenants
    if rules.tenants_claim:
        named = _texts(claim(claims, rules.tenants_claim))
        tenants = tenant_names(name for name in named if name != "*")
    if not tenants:
        return ()
    return tuple(Binding(role=role, tenants=tenants) for role in roles[:MAX_BINDINGS])


def token_limit(claims: Mapping[str, Any]) -> frozenset[Operation] | None:
    """Return what the scopes admit (``samstad:read samstad:write``); None when none of ours is named."""
    scope = claims.get("scope")
    words = scope.split() if isinstance(scope, str) else _texts(scope)
    named = [word.removeprefix(_SCOPE_PREFIX) for word in words if word.startswith(_SCOPE_PREFIX)]
    if not named:
        return None
    return frozenset(Operation(word) for word in named if word in set(Operation))


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    texts = (text for text in values if isinstance(text, str) and len(text) <= _LONGEST)
    return tuple(dict.fromkeys(texts))


def _time_fault(claims: Mapping[str, Any], leeway_s: int, now_s: float) -> str | None:
    if not _is_time(claims.get("exp")) or claims["exp"] + leeway_s <= now_s:
        return "expired, or without a time of expiry"
    for name in ("nbf", "iat"):
        if name in claims and (not _is_time(claims[name]) or claims[name] - leeway_s > now_s):
            return f"{name} lies in the future"
    return None


def _is_time(value: Any) -> bool:
    # A NaN would pass every comparison, and a huge integer no float.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return -1e15 < value < 1e15 and not math.isnan(value)
