"""Mandates: what somebody may who set something up and is not there when it acts.

A subscription goes on while its owner sleeps. What is kept with it says whose it is and by which
credential it was made, never a secret; what that amounts to is asked before each act.

| made by                 | ends                                                                      |
|-------------------------|---------------------------------------------------------------------------|
| a key                   | when the key is revoked; not when it expires, so that keys can be changed |
| a session               | with the principal                                                        |
| a token                 | after so many days, or when no issuer is accepted any more                |
| nobody (an open tenant) | when the tenant is open no more                                           |

All of them end when the principal is removed or disabled, and lose what its roles, bindings, labels and
the policy no longer give. What a key or a token limits stays limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import NEVER_US, Principal
from samstad_access.domain.role import Binding
from samstad_access.service.directory import Directory
from samstad_access.service.evidence import MANDATE, Evidence

__all__ = ["Mandates"]

_DAY_US = 86_400 * 1_000_000
_MOST_HELD = 20_000
"""Holders in memory; when there are more, all are built anew."""


class _Mandate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: str
    principal: str
    key: str = ""
    bindings: tuple[Binding, ...] = ()
    limit: tuple[Operation, ...] | None = None
    until_us: int = NEVER_US


class Mandates:
    """Keeps and judges mandates.

    Args:
        directory: builds principals, and retires them when their rights change.
        token_days: how long a mandate by a token goes on without its holder.
        accepts_tokens: whether an issuer is set.
    """

    def __init__(self, directory: Directory, *, token_days: int, accepts_tokens: bool) -> None:
        self._directory = directory
        self._token_us = token_days * _DAY_US
        self._accepts_tokens = accepts_tokens
        self._held: dict[bytes, tuple[Principal, int]] = {}

    def mandate(self, caller: Any, *, now_us: int) -> Mapping[str, Any]:
        """Return what is kept of a caller, as JSON; empty for one that is none of ours."""
        evidence = self._directory.evidence(caller)
        if evidence is None:
            return {}
        kept = _Mandate(
            kind=evidence.kind,
            principal=evidence.principal,
            key=evidence.id if evidence.kind == "key" else "",
            bindings=evidence.bindings,
            limit=None if evidence.limit is None else tuple(sorted(evidence.limit)),
            until_us=now_us + self._token_us if evidence.kind == "token" else NEVER_US,
        )
        built: dict[str, Any] = msgspec.to_builtins(kept)
        return built

    def holder(self, mandate: Mapping[str, Any] | None, *, now_us: int) -> Principal | None:
        """Return the principal that a mandate stands for now; None where it stands for nobody any more."""
        if not mandate:
            return None
        name = orjson.dumps(mandate)
        held = self._held.get(name)
        if held is not None and held[0].live:
            return held[0] if now_us < held[1] else None
        return self._built(name, mandate, now_us)

    def _built(self, name: bytes, mandate: Mapping[str, Any], now_us: int) -> Principal | None:
        self._held.pop(name, None)
        try:
            kept = msgspec.convert(mandate, _Mandate)
        except msgspec.ValidationError:
            return None
        if now_us >= kept.until_us or (kept.kind == "token" and not self._accepts_tokens):
            return None
        principal = self._directory.build(_evidence(kept))
        if principal is None:
            return None
        if len(self._held) >= _MOST_HELD:
            self._held.clear()
        self._held[name] = (principal, kept.until_us)
        return principal


def _evidence(kept: _Mandate) -> Evidence:
    if kept.kind == "none":
        return Evidence(kind="none", principal=kept.principal)
    return Evidence(
        kind=MANDATE,
        id=kept.key,
        principal=kept.principal,
        bindings=kept.bindings,
        limit=None if kept.limit is None else frozenset(kept.limit),
    )
