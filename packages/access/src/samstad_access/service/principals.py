"""Principals, roles and labels: who there is, what may be done, how delicate it is."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from samstad_access.domain.account import AccountRecord
from samstad_access.domain.api_key import KeyRecord
from samstad_access.domain.label import LabelRecord
from samstad_access.domain.principal import ANONYMOUS, PrincipalRecord
from samstad_access.domain.role import BUILT_IN, Binding, RoleRecord
from samstad_access.domain.session import CodeRecord, SessionRecord
from samstad_access.errors import BadInput, Conflict, NotFound
from samstad_access.service.act import Act
from samstad_access.service.means import Means
from samstad_access.spi.store import RecordT

__all__ = ["Principals"]


class Principals:
    """The use cases of principals, roles and labels.

    Args:
        means: store and trail.
    """

    def __init__(self, means: Means) -> None:
        self._store = means.store
        self._trail = means.trail

    def create(self, act: Act, record: PrincipalRecord) -> PrincipalRecord:
        """Add a principal.

        Raises:
            Conflict: there is one with that id.
            BadInput: a role is unknown, or the id is reserved.
        """
        if record.id == ANONYMOUS:
            raise BadInput("anonymous is nobody: declare a tenant open instead.", pointer="/id")
        self._check(record.bindings)
        new = msgspec.structs.replace(record, created_us=act.now_us, disabled_us=None)
        act.note(self._trail, "principal.create", record.id)
        self._store.put(new, replacing=None)
        return new

    def get(self, principal: str) -> PrincipalRecord:
        """Return a principal.

        Raises:
            NotFound: there is none of that id.
        """
        record = self._store.find(PrincipalRecord, principal)
        if record is None:
            raise NotFound(f"There is no principal {principal}.")
        return record

    def list_records(self, kind: type[RecordT], *, after: str = "", limit: int = 100) -> list[RecordT]:
        """Return principals, roles or labels in the order of their ids."""
        return self._store.list_records(kind, after=after, limit=limit)

    def change(
        self,
        act: Act,
        principal: str,
        *,
        name: str | None = None,
        bindings: tuple[Binding, ...] | None = None,
        disabled: bool | None = None,
    ) -> PrincipalRecord:
        """Change what is given and leave the rest; rights change at once, also for open connections.

        Raises:
            NotFound: there is none of that id.
            BadInput: a role is unknown.
            Conflict: the last administrator would be lost.
        """
        old = self.get(principal)
        self._check(bindings or ())
        new = msgspec.structs.replace(
            old,
            name=old.name if name is None else name,
            bindings=old.bindings if bindings is None else bindings,
            disabled_us=_disabled(old, disabled, act.now_us),
        )
        if _administers(old) and not _administers(new):
            self._keep_one_administrator(old)
        act.note(self._trail, "principal.change", principal)
        self._store.put(new, replacing=old)
        return new

    def remove(self, act: Act, principal: str) -> None:
        """Remove a principal with its keys, sessions, accounts and links.

        Raises:
            NotFound: there is none of that id.
            Conflict: it is the last administrator.
        """
        old = self.get(principal)
        if _administers(old):
            self._keep_one_administrator(old)
        act.note(self._trail, "principal.remove", principal)
        self._store.take(PrincipalRecord, principal)
        for kind in (KeyRecord, SessionRecord, AccountRecord, CodeRecord):
            while records := self._store.list_records(kind, owner=principal):
                for record in records:
                    self._store.take(kind, record.id)

    def put_role(self, act: Act, role: RoleRecord) -> RoleRecord:
        """Define or redefine a role of the organisation.

        Raises:
            Conflict: it is one of the roles that ship.
        """
        if role.name in BUILT_IN:
            raise Conflict(f"{role.name} ships with the node and stays as it is: choose another name.")
        act.note(self._trail, "role.put", role.name)
        self._store.put(role, replacing=self._store.find(RoleRecord, role.name))
        return role

    def remove_role(self, act: Act, name: str) -> None:
        """Remove a role; bindings that name it grant nothing from then on.

        Raises:
            NotFound: there is none of that name.
        """
        if self._store.find(RoleRecord, name) is None:
            raise NotFound(f"The organisation has no role {name} of its own.")
        act.note(self._trail, "role.remove", name)
        self._store.take(RoleRecord, name)

    def put_label(self, act: Act, label: LabelRecord) -> LabelRecord:
        """Say how delicate the entities of a type are."""
        if " " in label.tenant:
            raise BadInput("A tenant's name holds no space.", pointer="/tenant")
        act.note(self._trail, "label.put", label.id)
        self._store.put(label, replacing=self._store.find(LabelRecord, label.id))
        return label

    def remove_label(self, act: Act, *, tenant: str, entity_type: str) -> None:
        """Remove a label; what it covered is the most restricted again.

        Raises:
            NotFound: there is none.
        """
        place = f"{tenant} {entity_type}"
        if self._store.find(LabelRecord, place) is None:
            raise NotFound("There is no such label.")
        act.note(self._trail, "label.remove", place)
        self._store.take(LabelRecord, place)

    def _check(self, bindings: Iterable[Binding]) -> None:
        for number, binding in enumerate(bindings):
            known = binding.role in BUILT_IN or self._store.find(RoleRecord, binding.role) is not None
            if not known:
                raise BadInput(
                    f"There is no role {binding.role}. The roles that ship: {', '.join(sorted(BUILT_IN))}.",
                    pointer=f"/bindings/{number}/role",
                )

    def _keep_one_administrator(self, leaving: PrincipalRecord) -> None:
        after = ""
        while page := self._store.list_records(PrincipalRecord, after=after):
            if any(_administers(record) and record.id != leaving.id for record in page):
                return
            after = page[-1].id
        raise Conflict(f"{leaving.id} is the node's last administrator: appoint another one first.")


def _administers(record: PrincipalRecord) -> bool:
    return record.disabled_us is None and any(
        binding.role == "administrator" and "*" in binding.tenants and "*" in binding.types
        for binding in record.bindings
    )


def _disabled(old: PrincipalRecord, disabled: bool | None, now_us: int) -> int | None:
    if disabled is None:
        return old.disabled_us
    return (old.disabled_us or now_us) if disabled else None
