"""From the headers of a request to a Principal.

| credential                                    | proves                                                  |
|-----------------------------------------------|---------------------------------------------------------|
| ``X-API-Key: samstad_...``                    | the principal of the key                                |
| ``Authorization: Bearer samstad_...``         | the same                                                |
| ``Authorization: Bearer <JWT>``               | the subject of the token                                |
| cookie ``samstad_session`` + ``X-CSRF-Token`` | the person of the session                               |
| cookie ``samstad_session`` alone              | that person, for reading: another site may have sent it |
| none                                          | anonymous, where a tenant is open                       |
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from samstad_access.domain.api_key import KeyRecord
from samstad_access.domain.attempts import Attempts
from samstad_access.domain.operation import HARMLESS
from samstad_access.domain.principal import NEVER_US, Principal
from samstad_access.domain.secret_text import SecretKind, parse, same
from samstad_access.domain.session import (
    CSRF_HEADER,
    SESSION_COOKIE,
    SessionRecord,
    cookie_value,
    csrf_proven,
)
from samstad_access.errors import AccessError, TooManyAttempts, Unauthenticated
from samstad_access.service.directory import Directory
from samstad_access.service.evidence import Evidence
from samstad_access.spi.store import AccessStore

if TYPE_CHECKING:
    from samstad_access.service.tokens import TokenVerifier

__all__ = ["Credentials"]

_RECHECK_US = 600 * 1_000_000
_REFUSED = (
    "The credential is not valid here. Send a key in X-API-Key, or a key or token in Authorization: Bearer; "
    "an administrator of the node gives keys out."
)
_MISSING = "Log in first: send a key in X-API-Key, or a key or token in Authorization: Bearer."
_TWO = "Two credentials were sent, X-API-Key and Authorization: send one of them."
_MOST_USED = 2_000
_MOST_KNOWN = 16_384
"""Known credentials in memory; the oldest give way."""


class Credentials:
    """Identifies: known credentials by the hash of their text, new ones by store or signature.

    Args:
        store: the keys and sessions.
        directory: builds principals.
        tokens: verifies tokens; None where no issuer is configured.
        attempts: counts failures per peer.
        poll_us: how long the store may go unasked for revocations.
    """

    def __init__(
        self,
        *,
        store: AccessStore,
        directory: Directory,
        tokens: TokenVerifier | None,
        attempts: Attempts,
        poll_us: int = 500_000,
    ) -> None:
        self._store = store
        self._directory = directory
        self._tokens = tokens
        self._attempts = attempts
        self._poll_us = poll_us
        self._polled_us = -NEVER_US
        self._known: dict[bytes, tuple[Principal, int]] = {}
        self._anonymous: Principal | None = None
        self._used: dict[str, int] = {}

    def identify(self, headers: Mapping[str, str], *, now_us: int, peer: str = "") -> Principal:
        """Return who sent a request with these lower-case headers.

        Args:
            headers: of the request.
            now_us: when it came.
            peer: from where, to count failures by; empty to count none.

        Raises:
            Unauthenticated: no credential that counts, where one is needed.
            TooManyAttempts: the same, for the so-many-th time from this peer.
        """
        if not 0 <= now_us - self._polled_us < self._poll_us:
            self.refresh(now_us=now_us)
        raw = headers.get("x-api-key")
        if raw is None:
            raw = headers.get("authorization")
        elif "authorization" in headers:
            raise Unauthenticated(_TWO)
        if raw is None:
            return self._without_header(headers, now_us, peer)
        known = self._known.get(_fingerprint(raw))
        if known is not None and now_us < known[1] and known[0].live:
            return known[0]
        return self._new(raw, headers, now_us, peer)

    def refresh(self, *, now_us: int) -> None:
        """Learn of revocations and other changes; ``identify`` does so by itself at the poll interval."""
        self._polled_us = now_us
        self._directory.refresh()

    def is_current(self, principal: Principal, *, now_us: int) -> bool:
        """Whether a principal's credential still counts, for those who stay connected for long."""
        if now_us >= principal.expires_us:
            return False
        return principal.live or self._directory.renew(principal) is not None

    def forget(self) -> None:
        """Drop every known credential, so that each is verified again."""
        self._known.clear()
        self._anonymous = None

    def note_used(self) -> None:
        """Write down which keys were used; coarse, and for the background task."""
        if self._used:
            used, self._used = self._used, {}
            self._store.note_used(KeyRecord, used)

    def _new(self, raw: str, headers: Mapping[str, str], now_us: int, peer: str) -> Principal:
        evidence = (
            self._verify_key(raw, now_us) if "x-api-key" in headers else self._verify_bearer(raw, now_us)
        )
        return self._remember(_fingerprint(raw), evidence, now_us, peer)

    def _remember(self, fingerprint: bytes, evidence: Evidence | None, now_us: int, peer: str) -> Principal:
        principal = None if evidence is None else self._directory.build(evidence)
        if principal is None or now_us >= principal.expires_us:
            raise self._refusal(now_us, peer)
        self._known.pop(fingerprint, None)
        if len(self._known) >= _MOST_KNOWN:
            for old in list(self._known)[: max(1, _MOST_KNOWN // 8)]:
                del self._known[old]
        self._known[fingerprint] = (principal, min(principal.expires_us, now_us + _RECHECK_US))
        return principal

    def _without_header(self, headers: Mapping[str, str], now_us: int, peer: str) -> Principal:
        cookies = headers.get("cookie")
        session = None if cookies is None else cookie_value(cookies, SESSION_COOKIE)
        if session is not None:
            return self._by_session(session, headers.get(CSRF_HEADER), now_us, peer)
        if self._anonymous is None or not self._anonymous.live:
            self._anonymous = self._directory.anonymous()
        if self._anonymous is None:
            raise Unauthenticated(_MISSING)
        return self._anonymous

    def _by_session(self, session: str, csrf: str | None, now_us: int, peer: str) -> Principal:
        proven = csrf_proven(session, csrf)
        fingerprint = _fingerprint(f"cookie {proven} {session}")
        known = self._known.get(fingerprint)
        if known is not None and now_us < known[1] and known[0].live:
            return known[0]
        evidence = self._verify_session(session, now_us, proven=proven)
        return self._remember(fingerprint, evidence, now_us, peer)

    def _refusal(self, now_us: int, peer: str) -> AccessError:
        # A credential that counts is never held back, whoever else fails behind the same address.
        wait_s = self._attempts.wait_s(peer, now_us=now_us) if peer else 0
        if wait_s > 0:
            return TooManyAttempts(
                f"Too many credentials from here were refused: wait {wait_s} seconds.", retry_after_s=wait_s
            )
        if peer:
            self._attempts.failed(peer, now_us=now_us)
        return Unauthenticated(_REFUSED)

    def _verify_bearer(self, header: str, now_us: int) -> Evidence | None:
        scheme, _, text = header.partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer":
            return None
        if self._tokens is None or text.startswith(SecretKind.KEY.value):
            return self._verify_key(text, now_us)
        return self._tokens.verify(text, now_us=now_us)

    def _verify_key(self, text: str, now_us: int) -> Evidence | None:
        presented = parse(SecretKind.KEY, text)
        if presented is None:
            return None
        key_id, digest = presented
        record = self._store.find(KeyRecord, key_id)
        if not same(None if record is None else record.digest, digest) or record is None:
            return None
        if not record.counts(now_us=now_us):
            return None
        if len(self._used) < _MOST_USED:
            self._used[key_id] = now_us
        return Evidence(
            kind="key",
            id=key_id,
            principal=record.principal,
            limit=None if record.operations is None else frozenset(record.operations),
            expires_us=record.expires_us or NEVER_US,
        )

    def _verify_session(self, session: str, now_us: int, *, proven: bool) -> Evidence | None:
        presented = parse(SecretKind.SESSION, session)
        record = None if presented is None else self._store.find(SessionRecord, presented[0])
        if presented is None or not same(None if record is None else record.digest, presented[1]):
            return None
        if record is None or now_us >= record.expires_us:
            return None
        return Evidence(
            kind="session",
            id=record.id,
            principal=record.principal,
            limit=None if proven else HARMLESS,
            expires_us=record.expires_us,
        )


def _fingerprint(raw: str) -> bytes:
    # The text itself is not kept: a dump of the memory must not open the node.
    try:
        return sha256(raw.encode()).digest()
    except UnicodeEncodeError:
        raise Unauthenticated(_REFUSED) from None
