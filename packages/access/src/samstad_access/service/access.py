"""Everything of access behind one object; it fills the broker's Authorizer port structurally."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from samstad_access.domain.attempts import Attempts
from samstad_access.domain.audit import Head, Outcome, audit_entry
from samstad_access.domain.label import Classification, LabelRecord
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import Principal
from samstad_access.domain.role import ANY, Grant, tenant_names
from samstad_access.domain.token import TokenRules
from samstad_access.errors import BadInput
from samstad_access.service.credentials import Credentials
from samstad_access.service.decisions import Decisions
from samstad_access.service.directory import Directory
from samstad_access.service.keys import Keys
from samstad_access.service.login import Login, LoginTerms
from samstad_access.service.mandates import Mandates
from samstad_access.service.means import Means
from samstad_access.service.policy.engine import Policy, Verdict
from samstad_access.service.principals import Principals
from samstad_access.service.sessions import Sessions
from samstad_access.service.trail import Trail
from samstad_access.service.watched import WatchedStore
from samstad_access.settings import AccessSettings
from samstad_access.spi.sinks import AttentionSink, AuditSink
from samstad_access.spi.store import AccessStore

if TYPE_CHECKING:
    from samstad_access.service.tokens import TokenVerifier

__all__ = ["Access", "Explanation", "Surroundings"]

_KEPT_US = 7 * 86_400 * 1_000_000
"""Expired credentials stay listed for a week; they do not count."""

_OPEN_OPERATIONS = {Operation.READ, Operation.READ_HISTORY, Operation.SUBSCRIBE}


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the node gives to access.

    Attributes:
        store: the records.
        audit: makes chained entries durable, in their order.
        attention: told of what a person should know.
        head: the end of the audit chain so far.
        policy: the text of the organisation's policy file; its name for refusals is in the settings.
        random: gives so many fresh random bytes.
    """

    store: AccessStore
    audit: AuditSink
    attention: AttentionSink = lambda _: None
    head: Head | None = None
    policy: str = ""
    random: Callable[[int], bytes] = secrets.token_bytes


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody may, or may not, do something."""

    allowed: bool
    classification: Classification
    personal: bool
    verdicts: list[Verdict]


class Access:
    """Identifies, decides and administers.

    Args:
        settings: of the section ``access``.
        surroundings: what the node gives.

    Attributes:
        keys, principals, sessions, login: the administrative use cases.
        tokens: verifies bearer tokens; None where no issuer is set.
        trail: the audit chain.

    Raises:
        PolicyRefused: the organisation's policy is wrong.
        BadInput: a setting is; ``pointer`` names it.
    """

    def __init__(self, settings: AccessSettings, surroundings: Surroundings) -> None:
        store = WatchedStore(surroundings.store, self._written)
        attempts = Attempts(free=settings.free_attempts, longest_wait_s=settings.longest_wait_s)
        self.tokens = _tokens(settings)
        self.trail = Trail(surroundings.audit, head=surroundings.head)
        self._directory = Directory(
            store,
            anonymous=_anonymous(settings),
            open_labels=_open_labels(settings),
            vouches=lambda kid: self.tokens is not None and self.tokens.vouches(kid),
        )
        policy = Policy(surroundings.policy, name=settings.policy or "policy")
        self._decisions = Decisions(policy, self._directory)
        self._credentials = Credentials(
            store=store,
            directory=self._directory,
            tokens=self.tokens,
            attempts=attempts,
            poll_us=settings.revocation_poll_ms * 1000,
        )
        means = Means(
            store=store, trail=self.trail, attention=surroundings.attention, random=surroundings.random
        )
        terms = LoginTerms(session_s=settings.session_s, break_glass_s=settings.break_glass_s)
        mandates = Mandates(
            self._directory,
            token_days=settings.token_mandate_days,
            accepts_tokens=self.tokens is not None,
        )
        self.mandate = mandates.mandate
        self.holder = mandates.holder
        self._store = store
        self.keys = Keys(means)
        self.principals = Principals(means)
        self.sessions = Sessions(means)
        self.login = Login(means, self.sessions, attempts=attempts, terms=terms)
        self._policy_name = settings.policy or "policy"
        self.identify = self._credentials.identify
        self.may = self._decisions.may
        self.is_current = self._credentials.is_current
        self.tenants = self._decisions.tenants

    def record(self, entry: Mapping[str, Any]) -> None:
        """Take note of an act of the broker's.

        Args:
            entry: ``who``, ``what``, ``at_us`` and, where known, ``outcome``, ``tenant``, ``target``,
                ``reason``, ``request_id``.

        Raises:
            BadInput: who, what or at_us is missing, or a member is of another type.
        """
        try:
            given = dict(entry)
            outcome = Outcome(given.pop("outcome", Outcome.ALLOWED))
            noted = audit_entry(outcome=outcome, **given)
        except (TypeError, ValueError) as error:
            raise BadInput(f"This is no audit entry: {error}.") from error
        self.trail.append(noted)

    def explain(
        self, principal: Principal, tenant: str, operation: Operation, entity_type: str | None
    ) -> Explanation:
        """Return why a principal may, or may not, do something."""
        question = self._decisions.question(tenant, operation, entity_type)
        verdicts = self._decisions.explain(principal, question)
        return Explanation(
            allowed=any(verdict.allowed for verdict in verdicts),
            classification=question.label.classification,
            personal=question.label.personal,
            verdicts=verdicts,
        )

    def stand_in(self, principal: str) -> Principal | None:
        """Return a stored principal without any credential's limits, to explain what it may; or None."""
        return self._directory.stand_in(principal)

    def use_policy(self, text: str) -> None:
        """Decide by another policy file from now on.

        Raises:
            PolicyRefused: it is wrong; the last one stays.
        """
        self._decisions.use_policy(Policy(text, name=self._policy_name))

    def use_keys(self, document: bytes, *, until_us: int) -> None:
        """Take the issuer's keys; tokens are verified anew.

        Raises:
            KeySetRefused: they are not usable; the last ones stay.
        """
        if self.tokens is not None:
            self.tokens.use_keys(document, until_us=until_us)
            self._directory.retire_all()

    def refresh_wanted(self, *, now_us: int) -> bool:
        """Whether a token named an unknown key since the last fetch; True at most once a minute."""
        return self.tokens is not None and self.tokens.refresh_wanted(now_us=now_us)

    def refresh(self, *, now_us: int) -> None:
        """Learn of other processes' changes; for the background task, twice a second."""
        self._credentials.refresh(now_us=now_us)

    def maintain(self, *, now_us: int) -> None:
        """Write down uses and purge what expired a week ago; for the background task, once a minute."""
        self._credentials.note_used()
        self._store.purge(now_us=now_us - _KEPT_US)

    def _written(self) -> None:
        self._directory.refresh()

    @property
    def policy_version(self) -> str:
        """Changes whenever a rule does."""
        return self._decisions.policy_version


def _anonymous(settings: AccessSettings) -> tuple[Grant, ...]:
    if not settings.open_tenants:
        return ()
    wrong = set(settings.open_operations) - _OPEN_OPERATIONS
    if wrong or ANY in settings.open_tenants:
        raise BadInput(
            "Open tenants are named one by one, and open for read, read-history and subscribe alone.",
            pointer="access.open_operations" if wrong else "access.open_tenants",
        )
    operations = frozenset(map(str, settings.open_operations))
    return (
        Grant(
            role="anonymous",
            operations=operations,
            limit=operations,
            tenants=frozenset(tenant_names(settings.open_tenants)),
            types=frozenset(),
            any_type=True,
        ),
    )


def _open_labels(settings: AccessSettings) -> Iterable[LabelRecord]:
    return [
        LabelRecord(tenant=tenant, type=ANY, classification=Classification.OPEN, personal=False)
        for tenant in tenant_names(settings.open_tenants)
    ]


def _tokens(settings: AccessSettings) -> TokenVerifier | None:
    if not settings.issuer:
        return None
    # Imported where an issuer is set: its cryptography costs start-up time.
    from samstad_access.service.key_set import ALGORITHMS  # noqa: PLC0415
    from samstad_access.service.tokens import TokenVerifier  # noqa: PLC0415

    unknown = set(settings.algorithms) - set(ALGORITHMS)
    if unknown or not settings.algorithms:
        raise BadInput(
            f"Tokens are proven by {', '.join(ALGORITHMS)}; no {', '.join(sorted(unknown)) or 'nothing'}.",
            pointer="access.algorithms",
        )
    if not settings.audience:
        raise BadInput(
            "An issuer needs an audience: the aud of tokens for this node.", pointer="access.audience"
        )
    return TokenVerifier(
        TokenRules(
            issuer=settings.issuer,
            audience=settings.audience,
            algorithms=frozenset(settings.algorithms),
            leeway_s=settings.leeway_s,
            roles_claim=settings.roles_claim,
            tenants_claim=settings.tenants_claim,
            tenants=tenant_names(settings.token_tenants),
        )
    )
