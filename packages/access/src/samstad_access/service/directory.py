"""Who there is and what they may: principals built from records, kept true as the records change."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator

from samstad_access.domain.api_key import KeyRecord
from samstad_access.domain.label import LabelRecord, Labels
from samstad_access.domain.principal import (
    ANONYMOUS,
    NEVER_US,
    Principal,
    PrincipalKind,
    PrincipalRecord,
)
from samstad_access.domain.role import Grant, RoleRecord, grants
from samstad_access.domain.session import SessionRecord
from samstad_access.service.evidence import MANDATE, Evidence
from samstad_access.spi.store import EVERYTHING, AccessStore, Change, RecordT

__all__ = ["Directory"]

_COMMON = {RoleRecord.KIND, LabelRecord.KIND}
_CREDENTIALS = {KeyRecord.KIND, SessionRecord.KIND}


class Directory:
    """Builds principals and retires them when a record that they rest on changes.

    Args:
        store: the records.
        anonymous: what nobody in particular may; empty where no tenant is open.
        open_labels: the labels that declaring a tenant open implies; stored labels win.
        vouches: whether the key named so still proves tokens.
    """

    def __init__(
        self,
        store: AccessStore,
        *,
        anonymous: tuple[Grant, ...] = (),
        open_labels: Iterable[LabelRecord] = (),
        vouches: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._anonymous = anonymous
        self._open_labels = tuple(open_labels)
        self._vouches = vouches
        self._live: weakref.WeakKeyDictionary[Principal, Evidence] = weakref.WeakKeyDictionary()
        self._seen, _ = store.changes_since(0)
        self.labels = Labels()
        self.roles: dict[str, RoleRecord] = {}
        self._load_common()

    def refresh(self) -> bool:
        """Learn what changed in the store, by this process or another one; return whether anything did."""
        newest, changes = self._store.changes_since(self._seen)
        if not changes:
            return False
        self._seen = newest
        if any(change == EVERYTHING or change.kind in _COMMON for change in changes):
            self._load_common()
            self.retire_all()
        else:
            self._retire(set(changes))
        return True

    def retire_all(self) -> None:
        """Have every decision made afresh, as after a new policy or key set."""
        for principal in self._live:
            principal.live = False
            principal.verdicts.clear()

    def forget_verdicts(self) -> None:
        """Free what decisions hold in memory."""
        for principal in self._live:
            principal.verdicts.clear()

    def build(self, evidence: Evidence) -> Principal | None:
        """Return the principal that a credential stands for now, or None when it counts no longer."""
        if evidence.kind == "none":
            return self._keep(evidence, PrincipalKind.ANONYMOUS, self._anonymous)
        if not self._counts(evidence):
            return None
        record = self._store.find(PrincipalRecord, evidence.principal)
        if record is None and not _stands_alone(evidence):
            return None
        if record is not None and record.disabled_us is not None:
            return None
        bindings = (*(record.bindings if record else ()), *evidence.bindings)
        kind = record.kind if record else PrincipalKind.PERSON
        return self._keep(evidence, kind, grants(bindings, self.roles, limit=evidence.limit))

    def renew(self, principal: Principal) -> Principal | None:
        """Return what a retired principal amounts to now, or None when its credential counts no longer."""
        evidence = self._live.get(principal)
        return None if evidence is None else self.build(evidence)

    def evidence(self, principal: Principal) -> Evidence | None:
        """Return what a principal was built from; None for one that is not of here."""
        try:
            return self._live.get(principal)
        except TypeError:
            return None

    def anonymous(self) -> Principal | None:
        """Return nobody in particular, or None where no tenant is open."""
        if not self._anonymous:
            return None
        return self.build(Evidence(kind="none", principal=ANONYMOUS))

    def stand_in(self, principal: str) -> Principal | None:
        """Return a stored principal with all that it may, as none of its credentials limits it."""
        record = self._store.find(PrincipalRecord, principal)
        if record is None or record.disabled_us is not None:
            return None
        evidence = Evidence(kind="stand-in", principal=principal)
        granted = grants(record.bindings, self.roles)
        # Not among the live ones: nobody can come in with it.
        return _principal(evidence, record.kind, granted)

    def _counts(self, evidence: Evidence) -> bool:
        if evidence.kind == "key":
            key = self._store.find(KeyRecord, evidence.id)
            return key is not None and key.revoked_us is None
        if evidence.kind == MANDATE:
            key = self._store.find(KeyRecord, evidence.id) if evidence.id else None
            # One that expired long ago is no longer there; one that was revoked stays for ever.
            return key is None or key.revoked_us is None
        if evidence.kind == "session":
            return self._store.find(SessionRecord, evidence.id) is not None
        return evidence.kind == "token" and self._vouches(evidence.id)

    def _keep(self, evidence: Evidence, kind: str, granted: tuple[Grant, ...]) -> Principal:
        principal = _principal(evidence, kind, granted)
        self._live[principal] = evidence
        return principal

    def _retire(self, changes: set[Change]) -> None:
        for principal, evidence in self._live.items():
            changed = (PrincipalRecord.KIND, evidence.principal) in changes
            kind = KeyRecord.KIND if evidence.kind == MANDATE else evidence.kind
            if changed or (kind in _CREDENTIALS and (kind, evidence.id) in changes):
                principal.live = False
                principal.verdicts.clear()

    def _load_common(self) -> None:
        self.roles = {role.name: role for role in _all(self._store, RoleRecord)}
        # Later ones win: what was stored stands over what an open tenant implies.
        self.labels = Labels((*self._open_labels, *_all(self._store, LabelRecord)))


def _stands_alone(evidence: Evidence) -> bool:
    """Whether somebody needs no record here: the organisation's login vouches, or has vouched."""
    return evidence.kind == "token" or (evidence.kind == MANDATE and bool(evidence.bindings))


def _principal(evidence: Evidence, kind: str, granted: tuple[Grant, ...]) -> Principal:
    return Principal(
        id=evidence.principal,
        kind=kind,
        grants=granted,
        credential=evidence.credential,
        expires_us=min(evidence.expires_us, NEVER_US),
    )


def _all(store: AccessStore, kind: type[RecordT]) -> Iterator[RecordT]:
    after = ""
    while page := store.list_records(kind, after=after):
        yield from page
        after = page[-1].id
