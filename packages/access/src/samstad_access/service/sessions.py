"""Sessions of people: begun by a login, ended by a logout, an administrator or the clock."""

from __future__ import annotations

import msgspec

from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.secret_text import RANDOM_BYTES, SecretKind, compose, parse, same
from samstad_access.domain.session import SessionRecord
from samstad_access.errors import NotFound, Unauthenticated
from samstad_access.service.act import Act
from samstad_access.service.means import Means

__all__ = ["NewSession", "Sessions"]


class NewSession(msgspec.Struct, frozen=True):
    """A session that just began; the text belongs into a cookie and is kept nowhere."""

    record: SessionRecord
    text: str

    def __repr__(self) -> str:
        return f"NewSession({self.record.id!r})"


class Sessions:
    """The use cases of sessions.

    Args:
        means: store, trail and randomness.
    """

    def __init__(self, means: Means) -> None:
        self._store = means.store
        self._trail = means.trail
        self._random = means.random

    def begin(self, act: Act, principal: str, *, method: str, lasts_s: int) -> NewSession:
        """Begin a session for somebody who has just proven who they are.

        Raises:
            Unauthenticated: the principal is disabled or gone.
        """
        record = self._store.find(PrincipalRecord, principal)
        if record is None or record.disabled_us is not None:
            raise Unauthenticated("The login did not succeed.")
        public, text, digest = compose(SecretKind.SESSION, self._random(RANDOM_BYTES))
        session = SessionRecord(
            id=public,
            principal=principal,
            digest=digest,
            method=method,
            created_us=act.now_us,
            expires_us=act.now_us + lasts_s * 1_000_000,
        )
        act.note(self._trail, f"login.{method}", principal)
        self._store.put(session, replacing=None)
        return NewSession(session, text)

    def end(self, act: Act, session_id: str) -> None:
        """End a session by its public id.

        Raises:
            NotFound: there is none.
        """
        if self._store.find(SessionRecord, session_id) is None:
            raise NotFound(f"There is no session {session_id}.")
        act.note(self._trail, "session.end", session_id)
        self._store.take(SessionRecord, session_id)

    def log_out(self, act: Act, text: str) -> bool:
        """End the session of a cookie; return whether there was one."""
        presented = parse(SecretKind.SESSION, text)
        record = None if presented is None else self._store.find(SessionRecord, presented[0])
        if presented is None or record is None or not same(record.digest, presented[1]):
            return False
        self.end(act, record.id)
        return True

    def list_records(
        self, *, principal: str | None = None, after: str = "", limit: int = 100
    ) -> list[SessionRecord]:
        """Return sessions in the order of their ids."""
        return self._store.list_records(SessionRecord, owner=principal, after=after, limit=limit)
