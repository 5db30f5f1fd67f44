"""Principals, keys, sessions, policy and audit: who comes in, and what they may do.

``Access`` fills the broker's Authorizer port structurally; ``create_app`` in ``http.app`` is its
administration API; ``docs/reference/access.md`` describes both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samstad_access.domain.audit import AuditEntry, ChainedEntry, Head, Outcome, Verification, chain, verify
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import Principal, PrincipalKind, PrincipalRecord
from samstad_access.domain.role import Binding, RoleRecord
from samstad_access.errors import AccessError, Forbidden, Unauthenticated
from samstad_access.plugin import plugin
from samstad_access.service.act import Act
from samstad_access.settings import AccessSettings

if TYPE_CHECKING:
    from samstad_access.service.access import Access, Surroundings

__all__ = [
    "Access",
    "AccessError",
    "AccessSettings",
    "Act",
    "AuditEntry",
    "Binding",
    "ChainedEntry",
    "Forbidden",
    "Head",
    "Operation",
    "Outcome",
    "Principal",
    "PrincipalKind",
    "PrincipalRecord",
    "RoleRecord",
    "Surroundings",
    "Unauthenticated",
    "Verification",
    "chain",
    "plugin",
    "verify",
]

_LATE = {"Access", "Surroundings"}


def __getattr__(name: str) -> Any:
    """Load what needs Cedar and the signature library only for those who decide: settings come without."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from samstad_access.service import access  # noqa: PLC0415 - the point of this function

    return getattr(access, name)
