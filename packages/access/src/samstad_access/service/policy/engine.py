"""One decision by Cedar; anything but a clean Allow is a denial.

Cedar skips a rule whose attribute is missing, and a skipped forbid is an open door. So the schema goes
with every request, and an error in the diagnostics denies whatever the decision says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import cedarpy
import msgspec
import orjson

from samstad_access.domain.label import Label, level
from samstad_access.domain.principal import Principal
from samstad_access.domain.role import Grant
from samstad_access.errors import PolicyRefused
from samstad_access.service.policy.statements import Statement, statements

__all__ = ["Policy", "Question", "Verdict", "entities", "grant_attributes", "request"]

_NAMESPACE = "Samstad::"


class Question(msgspec.Struct, frozen=True):
    """What is to be decided, apart from who asks."""

    tenant: str
    operation: str
    entity_type: str | None
    label: Label


class Verdict(msgspec.Struct, frozen=True):
    """A decision for one grant, with its grounds.

    Attributes:
        role: whose grant it was.
        reasons: the ``@id`` of the rules that decided; empty when nothing permits.
        errors: why the request could not be evaluated, which denies.
    """

    role: str
    allowed: bool
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class Policy:
    """The rules of the node with those of the organisation, parsed and checked once.

    Args:
        organisation: the text of the organisation's own policies; empty for none.
        name: what to call that text when it is refused: its file name.

    Raises:
        PolicyRefused: it does not parse or does not fit the schema; ``pointer`` is ``name:line``.
    """

    def __init__(self, organisation: str = "", *, name: str = "policy") -> None:
        own = statements(organisation)
        _check(own, name)
        base = _file("default.cedar")
        text = base + "\n" + organisation
        whole = _fault(text)
        if whole is not None:
            raise PolicyRefused(f"{name}: {whole}", pointer=name)
        self._policies = cedarpy.PolicySet.from_str(text)
        self.version = hashlib.sha256((_file("samstad.cedarschema") + text).encode()).hexdigest()[:16]
        """Changes whenever a rule does."""

    def allows(self, principal: Principal, question: Question) -> bool:
        """Decide: at least one grant of the principal must be allowed without any error."""
        return any(verdict.allowed for verdict in self.explain(principal, question))

    def explain(self, principal: Principal, question: Question) -> list[Verdict]:
        """Return the verdict for each grant of the principal, in their order."""
        attributes = [grant_attributes(grant) for grant in principal.grants]
        return self.evaluate(request(principal, question), entities(principal, question), attributes)

    def evaluate(
        self,
        asked: dict[str, Any],
        about: Sequence[dict[str, Any]],
        attributes: Sequence[dict[str, Any]],
    ) -> list[Verdict]:
        """Put one request to Cedar for each grant; what does not fit the schema is denied.

        Args:
            asked: ``principal``, ``action`` and ``resource`` as Cedar takes them.
            about: the entities that the request speaks of.
            attributes: of each grant.
        """
        if not attributes:
            return []
        roles = [str(grant.get("role", "")) for grant in attributes]
        described = [entity.get("uid") for entity in about]
        if asked["principal"] not in described or asked["resource"] not in described:
            # Cedar takes an entity without a description for one without parents, and skips rules about them.
            return [Verdict(role, allowed=False, errors=("an entity is missing",)) for role in roles]
        try:
            known = _grants(orjson.dumps(attributes).decode())
            known = known.with_added_json_str(orjson.dumps(about).decode(), _schema())
            requests = [{**asked, "context": _context(number)} for number in range(len(roles))]
            answers = cedarpy.is_authorized_batch(requests, self._policies, known, schema=_schema())
        except (ValueError, TypeError) as error:
            return [Verdict(role, allowed=False, errors=(str(error),)) for role in roles]
        return [_verdict(role, answer) for role, answer in zip(roles, answers, strict=True)]


def _verdict(role: str, answer: cedarpy.AuthzResult) -> Verdict:
    diagnostics = answer.diagnostics
    errors = tuple(map(str, diagnostics.errors))
    allowed = answer.decision is cedarpy.Decision.Allow and not errors
    names = diagnostics.id_annotations_by_reason
    reasons = tuple(sorted(names.get(reason, reason) for reason in diagnostics.reasons))
    return Verdict(role, allowed=allowed, reasons=reasons, errors=errors)


def request(principal: Principal, question: Question) -> dict[str, Any]:
    """Return who wants to do what, as Cedar takes it."""
    return {
        "principal": _uid("Principal", principal.id),
        "action": _uid("Action", str(question.operation)),
        "resource": _uid("Resource", "asked"),
    }


def entities(principal: Principal, question: Question) -> list[dict[str, Any]]:
    """Return the principal and the resource with the attributes that the schema demands."""
    entity_type = question.entity_type
    parents = [_uid("Tenant", question.tenant)]
    if entity_type is not None:
        parents.append(_uid("EntityType", entity_type))
    resource = {
        "tenant": question.tenant,
        "entityType": entity_type or "",
        "typed": entity_type is not None,
        "classification": level(question.label.classification),
        "personal": question.label.personal,
    }
    roles = [_uid("Role", role) for role in principal.roles]
    return [
        {"uid": _uid("Principal", principal.id), "attrs": {"kind": str(principal.kind)}, "parents": roles},
        {"uid": _uid("Resource", "asked"), "attrs": resource, "parents": parents},
    ]


def grant_attributes(grant: Grant) -> dict[str, Any]:
    """Return a grant as the schema describes it."""
    return {
        "role": grant.role,
        "operations": sorted(grant.operations),
        "limit": sorted(grant.limit),
        "tenants": sorted(grant.tenants),
        "anyTenant": grant.any_tenant,
        "types": sorted(grant.types),
        "anyType": grant.any_type,
        "clearance": grant.clearance,
        "personal": grant.personal,
    }


@lru_cache(maxsize=1024)
def _grants(attributes: str) -> cedarpy.Entities:
    # Many principals have the same grants, and each of them asks about many types: parsed once for all.
    described = [
        {"uid": _uid("Grant", str(number)), "attrs": attrs, "parents": []}
        for number, attrs in enumerate(orjson.loads(attributes))
    ]
    return cedarpy.Entities.from_json_str(orjson.dumps(described).decode(), _schema())


@lru_cache(maxsize=64)
def _context(number: int) -> str:
    return json.dumps({"grant": {"__entity": _uid("Grant", str(number))}})


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": _NAMESPACE + kind, "id": name}


def _check(own: Sequence[Statement], name: str) -> None:
    for statement in own:
        fault = _fault(statement.text)
        if fault is not None:
            raise PolicyRefused(
                f"{name}, line {statement.line}: {fault}. What policies may speak of stands in "
                "docs/reference/access.md.",
                pointer=f"{name}:{statement.line}",
            )


def _fault(text: str) -> str | None:
    try:
        policies = cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        return f"this is no Cedar policy ({error})"
    if policies.templates():
        return "templates (?principal, ?resource) are never linked here: write a policy without slots"
    result = cedarpy.validate_policies(text, _schema())
    if not result.validation_passed:
        return "; ".join(error.error for error in result.errors) or "it does not fit the schema"
    return None


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(_file("samstad.cedarschema"))


@cache
def _file(name: str) -> str:
    return (files("samstad_access.service.policy") / name).read_text("utf-8")
