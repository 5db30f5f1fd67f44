"""Decisions, compiled once for each principal, tenant, operation and type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from samstad_access.domain.principal import Principal
from samstad_access.domain.role import Grant
from samstad_access.service.directory import Directory
from samstad_access.service.policy.engine import Policy, Question, Verdict

__all__ = ["Decisions"]

_MOST_VERDICTS = 200_000
"""Compiled decisions in memory, about 200 bytes each; at this many all are forgotten."""


class Decisions:
    """Decides by the policy; anything that is not clearly allowed is denied (I6).

    Args:
        policy: the rules.
        directory: the principals and labels.
    """

    def __init__(self, policy: Policy, directory: Directory) -> None:
        self._policy = policy
        self._directory = directory
        self._compiled = 0

    @property
    def policy_version(self) -> str:
        """Changes whenever a rule does."""
        return self._policy.version

    def use_policy(self, policy: Policy) -> None:
        """Decide by other rules from now on."""
        self._policy = policy
        self._directory.retire_all()

    def may(self, caller: Any, tenant: str, operation: str, entity_type: str | None) -> bool:
        """Whether the caller may do it; a lookup when asked before, else one evaluation of the policy."""
        try:
            verdict: bool | None = caller.verdicts.get((tenant, operation, entity_type))
        except (AttributeError, TypeError):
            # Not a principal of ours, or a question that is none.
            return False
        return self._decide(caller, tenant, operation, entity_type) if verdict is None else verdict

    def explain(self, caller: Principal, question: Question) -> list[Verdict]:
        """Return the verdict for each grant of the caller."""
        return self._policy.explain(caller, question)

    def question(self, tenant: str, operation: str, entity_type: str | None) -> Question:
        """Return what is to be decided, with the label of the type."""
        return Question(tenant, str(operation), entity_type, self._directory.labels.of(tenant, entity_type))

    def tenants(self, caller: Principal, known: Iterable[str]) -> frozenset[str]:
        """Return those of the node's tenants in which the caller may do anything at all.

        All others look to the caller as if they did not exist (I6).
        """
        return frozenset(tenant for tenant in known if self._may_anything(caller, tenant))

    def _may_anything(self, caller: Principal, tenant: str) -> bool:
        return any(
            self.may(caller, tenant, operation, entity_type)
            for grant in caller.grants
            if grant.any_tenant or tenant in grant.tenants
            for operation in sorted(grant.operations & grant.limit)
            for entity_type in _types(grant)
        )

    def _decide(self, caller: Principal, tenant: str, operation: str, entity_type: str | None) -> bool:
        if not caller.live:
            # Its rights changed while it was at work; its next request gets a new principal.
            renewed = self._directory.renew(caller)
            return renewed is not None and self._policy.allows(
                renewed, self.question(tenant, operation, entity_type)
            )
        verdict = self._policy.allows(caller, self.question(tenant, operation, entity_type))
        self._compiled += 1
        if self._compiled > _MOST_VERDICTS:
            self._directory.forget_verdicts()
            self._compiled = 0
        caller.verdicts[tenant, operation, entity_type] = verdict
        return verdict


def _types(grant: Grant) -> list[str | None]:
    types: list[str | None] = [*sorted(grant.types)]
    return [*types, None] if grant.any_type else types
