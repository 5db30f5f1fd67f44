"""Roles say what may be done; a binding says where a principal may do it.

| role          | read | write | delete | read-history | write-history | subscribe | register | administer |
|---------------|------|-------|--------|--------------|---------------|-----------|----------|------------|
| administrator | x    | x     | x      | x            | x             | x         | x        | x          |
| operator      | x    | x     | x      | x            |               | x         |          |            |
| reader        | x    |       |        | x            |               | x         |          |            |
| device-writer |      | x     |        |              | x             |           |          |            |
| auditor       | x    |       |        | x            |               |           |          |            |
| service       | x    | x     | x      | x            | x             | x         | x        |            |

The roles that ship are for those whom an administrator trusts by name: they see what is classified as
restricted and what tells about persons, unless their binding says less. A role that an organisation
defines itself sees ``internal`` and nothing personal until it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from samstad_access.domain.label import Classification, level
from samstad_access.domain.operation import Operation

__all__ = ["ANY", "BUILT_IN", "MAX_BINDINGS", "Binding", "Grant", "RoleRecord", "grants", "tenant_names"]

ANY = "*"
MAX_BINDINGS = 32
"""Most bindings of one principal: each costs a cold decision one evaluation."""

RoleName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,63}\Z")]
Names = Annotated[tuple[Annotated[str, Meta(max_length=2048)], ...], Meta(max_length=256)]


class RoleRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named set of operations, with the most delicate data they reach."""

    KIND: ClassVar[str] = "role"

    name: RoleName
    operations: tuple[Operation, ...]
    clearance: Classification = Classification.INTERNAL
    personal: bool = False
    description: Annotated[str, Meta(max_length=1000)] = ""

    @property
    def id(self) -> str:
        """The key in the store."""
        return self.name

    @property
    def owner(self) -> str:
        """Roles belong to the node."""
        return ""

    @property
    def expires_us(self) -> int | None:
        """Roles do not expire."""
        return None


class Binding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role, in these tenants, for these entity types.

    Attributes:
        role: the role's name; a role that does not exist grants nothing.
        tenants: names, ``*`` for all, the empty string for the default tenant.
        types: IRIs of entity types, or ``*``; operations that are not about one type need ``*``.
        clearance: lowers the role's clearance, never raises it.
        personal: False takes personal data away from the role.
    """

    role: RoleName
    tenants: Names
    types: Names = (ANY,)
    clearance: Classification | None = None
    personal: bool | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one binding amounts to, as policies see it (``context.grant``).

    Attributes:
        operations: what the role allows.
        limit: what the credential admits, whatever the role and any policy say.
    """

    role: str
    operations: frozenset[str]
    limit: frozenset[str]
    tenants: frozenset[str]
    types: frozenset[str]
    any_tenant: bool = False
    any_type: bool = False
    clearance: int = 0
    personal: bool = False


def _built_in(name: str, operations: str, description: str) -> RoleRecord:
    return RoleRecord(
        name=name,
        operations=tuple(map(Operation, operations.split())),
        clearance=Classification.RESTRICTED,
        personal=True,
        description=description,
    )


BUILT_IN: Mapping[str, RoleRecord] = {
    role.name: role
    for role in (
        _built_in("administrator", " ".join(Operation), "Everything, and who else may do what."),
        _built_in(
            "operator", "read write delete read-history subscribe", "Works with the city's entities by day."
        ),
        _built_in("reader", "read read-history subscribe", "Sees and follows, changes nothing."),
        _built_in("device-writer", "write write-history", "Reports observations, reads nothing back."),
        _built_in("auditor", "read read-history", "Looks into what is and was, changes nothing."),
        _built_in(
            "service",
            "read write delete read-history write-history subscribe register",
            "A service of the node's own: works with all entities, administers nobody.",
        ),
    )
}
"""The roles that always exist and that nobody can change."""


def grants(
    bindings: Iterable[Binding],
    roles: Mapping[str, RoleRecord],
    *,
    limit: frozenset[Operation] | None = None,
) -> tuple[Grant, ...]:
    """Return what bindings amount to; those of unknown roles amount to nothing.

    Args:
        bindings: of the principal; those after the first ``MAX_BINDINGS`` are not regarded.
        roles: the organisation's own, by name; the built-in ones win over the same name.
        limit: what the credential admits; None for everything that the roles say.
    """
    bound = tuple(bindings)[:MAX_BINDINGS]
    found = ((binding, BUILT_IN.get(binding.role) or roles.get(binding.role)) for binding in bound)
    return tuple(_grant(binding, role, limit) for binding, role in found if role is not None)


def tenant_names(told: Iterable[str]) -> tuple[str, ...]:
    """Return tenants as they are known inside: the default one as the empty text, which few can write."""
    return tuple("" if name == "default" else name for name in told)


def _grant(binding: Binding, role: RoleRecord, limit: frozenset[Operation] | None) -> Grant:
    clearance = level(role.clearance)
    if binding.clearance is not None:
        clearance = min(clearance, level(binding.clearance))
    return Grant(
        role=role.name,
        operations=frozenset(map(str, role.operations)),
        limit=frozenset(map(str, Operation if limit is None else limit)),
        tenants=frozenset(binding.tenants) - {ANY},
        types=frozenset(binding.types) - {ANY},
        any_tenant=ANY in binding.tenants,
        any_type=ANY in binding.types,
        clearance=clearance,
        personal=role.personal and binding.personal is not False,
    )
