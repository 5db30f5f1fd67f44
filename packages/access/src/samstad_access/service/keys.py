"""API keys: given out once, listed without their secrets, rotated without a gap, revoked at once."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from samstad_access.domain.api_key import KeyRecord
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.secret_text import RANDOM_BYTES, SecretKind, compose
from samstad_access.errors import BadInput, Conflict, NotFound
from samstad_access.service.act import Act
from samstad_access.service.means import Means

__all__ = ["Keys", "NewKey"]

_MOST_KEYS = 100
"""Keys of one principal that may be kept at once."""


class NewKey(msgspec.Struct, frozen=True):
    """A key that was just made. The text exists nowhere else and cannot be had again."""

    record: KeyRecord
    text: str

    def __repr__(self) -> str:
        return f"NewKey({self.record.id!r})"


class Keys:
    """The use cases of keys.

    Args:
        means: store, trail and randomness.
    """

    def __init__(self, means: Means) -> None:
        self._store = means.store
        self._trail = means.trail
        self._random = means.random

    def create(
        self,
        act: Act,
        principal: str,
        *,
        name: str = "",
        expires_us: int | None = None,
        operations: Collection[Operation] | None = None,
    ) -> NewKey:
        """Give a principal one more key.

        Args:
            act: who does it.
            principal: whose key it will be.
            name: for people, such as where it is used.
            expires_us: from when it no longer counts; None for never.
            operations: what it admits of what the principal may; None for all.

        Raises:
            NotFound: there is no such principal.
            BadInput: the expiry lies in the past.
            Conflict: the principal has as many keys as may be.
        """
        if self._store.find(PrincipalRecord, principal) is None:
            raise NotFound(f"There is no principal {principal}.")
        if expires_us is not None and expires_us <= act.now_us:
            raise BadInput("The key would have expired already: give a later time.", pointer="/expiresAt")
        if len(self._store.list_records(KeyRecord, owner=principal, limit=_MOST_KEYS)) >= _MOST_KEYS:
            raise Conflict(f"{principal} has {_MOST_KEYS} keys, as many as may be: revoke and remove some.")
        key_id, text, digest = compose(SecretKind.KEY, self._random(RANDOM_BYTES))
        record = KeyRecord(
            id=key_id,
            principal=principal,
            digest=digest,
            name=name,
            operations=None if operations is None else tuple(sorted(set(operations))),
            created_us=act.now_us,
            expires_us=expires_us,
        )
        act.note(self._trail, "key.create", f"{principal} {key_id}")
        self._store.put(record, replacing=None)
        return NewKey(record, text)

    def get(self, key_id: str) -> KeyRecord:
        """Return a key's record.

        Raises:
            NotFound: there is no such key.
        """
        record = self._store.find(KeyRecord, key_id)
        if record is None:
            raise NotFound(f"There is no key {key_id}.")
        return record

    def list_records(
        self, *, principal: str | None = None, after: str = "", limit: int = 100
    ) -> list[KeyRecord]:
        """Return keys in the order of their ids."""
        return self._store.list_records(KeyRecord, owner=principal, after=after, limit=limit)

    def last_used_us(self, key_id: str) -> int | None:
        """Return when a key was last noted as used, to within some minutes."""
        return self._store.last_used_us(KeyRecord, key_id)

    def rotate(self, act: Act, key_id: str, *, overlap_us: int) -> NewKey:
        """Make a successor with the same rights; the old key counts for the overlap and then no longer.

        Raises:
            NotFound: there is no such key.
            Conflict: the key is revoked or expired, so that nothing follows it.
        """
        old = self.get(key_id)
        if not old.counts(now_us=act.now_us):
            raise Conflict(f"The key {key_id} no longer counts: create a new one.")
        lasts_us = None if old.expires_us is None else old.expires_us - old.created_us
        new = self.create(
            act,
            old.principal,
            name=old.name,
            expires_us=None if lasts_us is None else act.now_us + lasts_us,
            operations=old.operations,
        )
        end_us = act.now_us + overlap_us
        ends_us = end_us if old.expires_us is None else min(old.expires_us, end_us)
        act.note(self._trail, "key.rotate", f"{old.principal} {key_id} {new.record.id}")
        self._store.put(msgspec.structs.replace(old, expires_us=ends_us), replacing=old)
        return new

    def revoke(self, act: Act, key_id: str) -> KeyRecord:
        """End a key; it stays listed as revoked. A key that is revoked already stays as it is.

        Raises:
            NotFound: there is no such key.
        """
        old = self.get(key_id)
        if old.revoked_us is not None:
            return old
        # Without an expiry it is never purged: what was set up by it stays without effect.
        revoked = msgspec.structs.replace(old, revoked_us=act.now_us, expires_us=None)
        act.note(self._trail, "key.revoke", f"{old.principal} {key_id}")
        self._store.put(revoked, replacing=old)
        return revoked
