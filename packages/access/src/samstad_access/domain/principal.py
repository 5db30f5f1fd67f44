"""Somebody who was identified, with the rights of that moment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from samstad_access.domain.role import MAX_BINDINGS, Binding, Grant

__all__ = ["ANONYMOUS", "NEVER_US", "Principal", "PrincipalId", "PrincipalKind", "PrincipalRecord"]

ANONYMOUS = "anonymous"
NEVER_US = 1 << 62
"""Later than any time that comes."""

PrincipalId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][\x21-\x7e]{0,299}\Z")]
"""Wide enough for the subject of any token, so that each can be given a record and be shut out."""


class PrincipalKind(StrEnum):
    """What sort of somebody it is; policies may speak of it."""

    PERSON = "person"
    SERVICE = "service"
    DEVICE = "device"
    ANONYMOUS = "anonymous"


class PrincipalRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A principal as it is stored.

    Attributes:
        disabled_us: since when none of its credentials count; None while they do.
    """

    KIND: ClassVar[str] = "principal"

    id: PrincipalId
    kind: PrincipalKind = PrincipalKind.SERVICE
    name: Annotated[str, Meta(max_length=200)] = ""
    bindings: Annotated[tuple[Binding, ...], Meta(max_length=MAX_BINDINGS)] = ()
    created_us: int = 0
    disabled_us: int | None = None

    @property
    def owner(self) -> str:
        """Principals belong to the node."""
        return ""

    @property
    def expires_us(self) -> int | None:
        """Principals do not expire; their credentials do."""
        return None


class Principal:
    """The Caller of the broker's Authorizer port; hashed and compared by identity.

    One object stands for one credential with unchanged rights: when the principal, a role, the policy or
    the credential changes, ``live`` becomes False and decisions about it are made afresh.

    Attributes:
        id: a stable name for logs, audit and ``issuedBy``.
        kind: a PrincipalKind.
        grants: what its bindings amount to.
        credential: what it was identified by: ``key:<id>``, ``session:<public part>``, ``token``, ``none``.
        expires_us: from when the credential no longer counts.
        verdicts: decisions already made, by (tenant, operation, entity type); the decision service's own.
    """

    __slots__ = ("__weakref__", "credential", "expires_us", "grants", "id", "kind", "live", "verdicts")

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the port's name
        kind: str,
        grants: tuple[Grant, ...],
        credential: str,
        expires_us: int = NEVER_US,
    ) -> None:
        self.id = id
        self.kind = kind
        self.grants = grants
        self.credential = credential
        self.expires_us = expires_us
        self.live = True
        self.verdicts: dict[tuple[str, str, str | None], bool] = {}

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of its roles, sorted."""
        return tuple(sorted({grant.role for grant in self.grants}))

    def __repr__(self) -> str:
        return f"Principal({self.id!r}, roles={self.roles!r}, credential={self.credential!r})"
