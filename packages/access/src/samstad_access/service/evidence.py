"""What a verified credential proves; from it a Principal is built, again whenever rights change."""

from __future__ import annotations

import msgspec

from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import NEVER_US
from samstad_access.domain.role import Binding

__all__ = ["MANDATE", "Evidence"]

MANDATE = "mandate"
"""The kind of what stands for somebody who is not there; nobody comes in by it."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One verified credential.

    Attributes:
        kind: ``key``, ``session``, ``token``, ``none`` or ``mandate``.
        id: of the key or session; of a token the kid of the key that proved it; of a mandate the key by
            which it was made, if any.
        principal: whom it stands for.
        bindings: those that a token brings along.
        limit: what the credential admits; None for all.
        expires_us: from when it no longer counts.
    """

    kind: str
    principal: str
    id: str = ""
    bindings: tuple[Binding, ...] = ()
    limit: frozenset[Operation] | None = None
    expires_us: int = NEVER_US

    @property
    def credential(self) -> str:
        """The name in logs and audit."""
        return f"{self.kind}:{self.id}" if self.id else self.kind
