"""Login without any other system: local accounts, the sealed break-glass account, one-time links.

A break-glass code is printed once and kept in an envelope. Opening it is possible with every other node
and login gone; it is audited, raises attention, gives a short session, and uses the code up.
"""

from __future__ import annotations

import asyncio

import msgspec

from samstad_access.domain.account import (
    CODE_BYTES,
    DEFAULT_COST,
    MIN_PASSWORD,
    SALT_BYTES,
    AccountRecord,
    PasswordHash,
    ScryptCost,
    code_text,
    hash_password,
    password_matches,
    typed_code,
)
from samstad_access.domain.attempts import Attempts
from samstad_access.domain.audit import Outcome
from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.secret_text import RANDOM_BYTES, SecretKind, compose, parse, same
from samstad_access.domain.session import CodeRecord
from samstad_access.errors import BadInput, Conflict, NotFound, TooManyAttempts, Unauthenticated
from samstad_access.service.act import Act
from samstad_access.service.means import Means
from samstad_access.service.sessions import NewSession, Sessions
from samstad_access.spi.sinks import Attention, Severity

__all__ = ["LINK_LONGEST_S", "Login", "LoginTerms"]

LINK_LONGEST_S = 900
_MOST_WAITING = 16
_FAILED = "The name, password or code is not right, or the account is not open."
_NO_LINK = "The link was opened before, or its time is over: ask for a new one."


class LoginTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How long sessions last, and what a password costs to guess."""

    session_s: int = 8 * 3600
    break_glass_s: int = 3600
    cost: ScryptCost = DEFAULT_COST


class Login:
    """The use cases of logging in locally.

    Comparing a password takes about 0.2 s of a core and 32 MiB: it is done in a thread, one at a time.

    Args:
        means: store, trail, attention and randomness.
        sessions: begins sessions.
        attempts: counts failures per peer and per account.
        terms: how long and how costly.
    """

    def __init__(
        self, means: Means, sessions: Sessions, *, attempts: Attempts, terms: LoginTerms | None = None
    ) -> None:
        self._store = means.store
        self._trail = means.trail
        self._attention = means.attention
        self._random = means.random
        self._sessions = sessions
        self._attempts = attempts
        self._terms = terms or LoginTerms()
        self._comparing = asyncio.Lock()
        self._waiting = 0

    def set_password(self, act: Act, name: str, *, principal: str, password: str) -> None:
        """Open a local account, or give it another password.

        Raises:
            NotFound: there is no such principal.
            BadInput: the password is shorter than 12 characters or contains the name.
        """
        if len(password) < MIN_PASSWORD or name.lower() in password.lower():
            raise BadInput(
                f"A password has at least {MIN_PASSWORD} characters and does not contain the name.",
                pointer="/password",
            )
        self._put(act, name, principal, "account.password", password=self._hash(password))

    def seal_break_glass(self, act: Act, name: str, *, principal: str) -> str:
        """Seal an account with a new one-time code and return the code, for an envelope; the old one is void.

        Raises:
            NotFound: there is no such principal.
        """
        code = code_text(self._random(CODE_BYTES))
        self._put(act, name, principal, "account.seal", sealed=self._hash(code))
        return code

    async def log_in(self, act: Act, name: str, password: str, *, peer: str) -> NewSession:
        """Begin a session by name and password.

        Raises:
            Unauthenticated: it did not succeed; never says why.
            TooManyAttempts: too many failures from this peer or for this name.
        """
        counted = _by_account(name, peer)
        self._admit(act, counted)
        account = self._store.find(AccountRecord, name)
        kept = None if account is None else account.password
        if not await self._matches(kept, password) or account is None:
            raise self._failure(act, "login.password", name, counted)
        self._forgive(counted)
        return self._sessions.begin(act, account.principal, method="password", lasts_s=self._terms.session_s)

    async def break_glass(self, act: Act, name: str, code: str, *, peer: str) -> NewSession:
        """Open a sealed account with its code, which is used up; a reason is demanded.

        Raises:
            BadInput: no reason was given.
            Unauthenticated: it did not succeed; never says why.
            TooManyAttempts: too many failures from this peer.
        """
        if not act.reason.strip():
            raise BadInput("Say why the glass is broken: it is kept in the audit trail.", pointer="/reason")
        counted = _by_peer(peer)
        self._admit(act, counted)
        account = self._store.find(AccountRecord, name)
        kept = None if account is None else account.sealed
        if not await self._matches(kept, typed_code(code)) or account is None:
            raise self._failure(act, "login.break-glass", name, counted)
        try:
            self._store.put(msgspec.structs.replace(account, sealed=None), replacing=account)
        except Conflict:
            raise self._failure(act, "login.break-glass", name, counted) from None
        self._forgive(counted)
        self._tell(act, "break-glass-used", name, f"{name} was opened from {peer or 'here'}: {act.reason}")
        return self._sessions.begin(
            act, account.principal, method="break-glass", lasts_s=self._terms.break_glass_s
        )

    def make_link(self, act: Act, principal: str, *, lasts_s: int = LINK_LONGEST_S) -> str:
        """Return a secret that begins one session within at most 15 minutes.

        Raises:
            NotFound: there is no such principal.
            BadInput: it would last longer.
        """
        if not 0 < lasts_s <= LINK_LONGEST_S:
            raise BadInput(f"A login link lasts at most {LINK_LONGEST_S} seconds.", pointer="/lasts_s")
        self._principal(principal)
        public, text, digest = compose(SecretKind.LINK, self._random(RANDOM_BYTES))
        code = CodeRecord(
            id=public,
            principal=principal,
            digest=digest,
            created_us=act.now_us,
            expires_us=act.now_us + lasts_s * 1_000_000,
        )
        act.note(self._trail, "link.create", f"{principal} {public}")
        self._store.put(code, replacing=None)
        return text

    def use_link(self, act: Act, text: str, *, peer: str) -> NewSession:
        """Begin a session by a link's secret, once.

        Raises:
            Unauthenticated: it is not one, was used or has expired; never says which.
            TooManyAttempts: too many failures from this peer.
        """
        self._admit(act, _by_peer(peer))
        presented = parse(SecretKind.LINK, text)
        found = None if presented is None else self._store.find(CodeRecord, presented[0])
        right = presented is not None and same(None if found is None else found.digest, presented[1])
        # Of those who come at the same moment, one takes it.
        code = self._store.take(CodeRecord, found.id) if right and found is not None else None
        if code is None or act.now_us >= code.expires_us:
            raise self._failure(act, "login.link", "link", _by_peer(peer), detail=_NO_LINK)
        return self._sessions.begin(act, code.principal, method="link", lasts_s=self._terms.session_s)

    def _put(self, act: Act, name: str, principal: str, what: str, **hashes: PasswordHash) -> None:
        self._principal(principal)
        old = self._store.find(AccountRecord, name)
        if old is not None and old.principal != principal:
            raise Conflict(f"The account {name} is another principal's.")
        new = old or AccountRecord(id=name, principal=principal, created_us=act.now_us)
        act.note(self._trail, what, name)
        self._store.put(msgspec.structs.replace(new, **hashes), replacing=old)

    def _principal(self, principal: str) -> PrincipalRecord:
        record = self._store.find(PrincipalRecord, principal)
        if record is None:
            raise NotFound(f"There is no principal {principal}.")
        return record

    def _hash(self, password: str) -> PasswordHash:
        return hash_password(password, self._random(SALT_BYTES), cost=self._terms.cost)

    async def _matches(self, kept: PasswordHash | None, password: str) -> bool:
        if self._waiting >= _MOST_WAITING:
            raise TooManyAttempts("Many logins are under way: try again in a few seconds.", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._comparing:
                return await asyncio.to_thread(password_matches, kept, password, cost=self._terms.cost)
        finally:
            self._waiting -= 1

    def _admit(self, act: Act, counted: tuple[str, ...]) -> None:
        wait_s = max((self._attempts.wait_s(who, now_us=act.now_us) for who in counted), default=0)
        if wait_s > 0:
            raise TooManyAttempts(f"Too many attempts failed: wait {wait_s} seconds.", retry_after_s=wait_s)

    def _failure(
        self, act: Act, what: str, name: str, counted: tuple[str, ...], *, detail: str = _FAILED
    ) -> Unauthenticated:
        act.note(self._trail, what, name, outcome=Outcome.FAILED)
        for who in counted:
            if self._attempts.failed(who, now_us=act.now_us):
                self._tell(act, "guessing", who, f"Many logins failed ({who}).", Severity.WARNING)
        return Unauthenticated(detail)

    def _forgive(self, counted: tuple[str, ...]) -> None:
        for who in counted:
            self._attempts.succeeded(who)

    def _tell(
        self, act: Act, name: str, target: str, detail: str, severity: Severity = Severity.CRITICAL
    ) -> None:
        self._attention(
            Attention(name=name, severity=severity, target=target, at_us=act.now_us, detail=detail)
        )


def _by_peer(peer: str) -> tuple[str, ...]:
    # Codes and links cannot be guessed: a name is not counted, lest somebody locks the envelope's holder out.
    return (f"peer {peer}",) if peer else ()


def _by_account(name: str, peer: str) -> tuple[str, ...]:
    # Per name too, so that many peers guessing at one password are damped as well.
    return (*_by_peer(peer), f"account {name[:100]}")
