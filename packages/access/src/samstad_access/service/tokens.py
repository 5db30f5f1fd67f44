"""Bearer tokens, verified against keys that are already there: never a network call (I1)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError

from samstad_access.domain.token import (
    TokenRules,
    claims_fault,
    header_fault,
    token_bindings,
    token_limit,
)
from samstad_access.service.evidence import Evidence
from samstad_access.service.key_set import PublicKeys

__all__ = ["TokenVerifier"]

_MAX_TOKEN = 8192
_SECOND_US = 1_000_000
_REFRESH_GAP_US = 60 * _SECOND_US


class TokenVerifier:
    """Verifies tokens of one issuer.

    Args:
        rules: what is demanded.

    Attributes:
        refusals: how many tokens were refused for which reason; the reasons are a fixed set.
    """

    def __init__(self, rules: TokenRules) -> None:
        self._rules = rules
        self._keys: PublicKeys | None = None
        self._keys_until_us = 0
        self._wanted_us: int | None = None
        self._asked_us = -_REFRESH_GAP_US
        self.refusals: Counter[str] = Counter()

    def use_keys(self, document: bytes, *, until_us: int) -> None:
        """Take a key set in place of the last one.

        Args:
            document: the JWKS.
            until_us: from when it no longer counts.

        Raises:
            KeySetRefused: it is not usable; the last one stays.
        """
        self._keys = PublicKeys(document)
        self._keys_until_us = until_us
        self._wanted_us = None

    def refresh_wanted(self, *, now_us: int) -> bool:
        """Whether a token named an unknown key since the last fetch; True at most once a minute."""
        if self._wanted_us is None or now_us - self._asked_us < _REFRESH_GAP_US:
            return False
        self._wanted_us = None
        self._asked_us = now_us
        return True

    def vouches(self, kid: str) -> bool:
        """Whether the key that proved a token is still the issuer's."""
        return self._keys is not None and (kid in self._keys or (kid == "" and len(self._keys) == 1))

    def verify(self, token: str, *, now_us: int) -> Evidence | None:
        """Return what a token proves, or None for one that does not count."""
        fault, header, claims = self._proven(token, now_us)
        if fault is None:
            fault = claims_fault(claims, self._rules, now_s=now_us / _SECOND_US)
        if fault is not None:
            self.refusals[fault] += 1
            return None
        end_s = min(claims["exp"] + self._rules.leeway_s, 1 << 40)
        return Evidence(
            kind="token",
            id=header.get("kid", ""),
            principal=self._rules.prefix + claims["sub"],
            bindings=token_bindings(claims, self._rules),
            limit=token_limit(claims),
            expires_us=min(int(end_s * _SECOND_US), self._keys_until_us),
        )

    def _proven(self, token: str, now_us: int) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
        if len(token) > _MAX_TOKEN or not token.isascii():
            return "no token", {}, {}
        try:
            signed = jws.extract_compact(token.encode())
            header = dict(signed.protected)
            fault = header_fault(header, self._rules) or self._signature_fault(signed, header, now_us)
            claims = orjson.loads(signed.payload)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            return "no token", {}, {}
        if not isinstance(claims, dict):
            return "no token", {}, {}
        return fault, header, claims

    def _signature_fault(self, signed: Any, header: dict[str, Any], now_us: int) -> str | None:
        if self._keys is None or now_us >= self._keys_until_us:
            self._wanted_us = now_us
            return "no keys of the issuer"
        key = self._keys.find(header.get("kid"), header["alg"])
        if key is None:
            self._wanted_us = now_us
            return "an unknown key"
        if not jws.validate_compact(signed, key, algorithms=[header["alg"]]):
            return "a wrong signature"
        return None
