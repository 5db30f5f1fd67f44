"""Compiles a query expression to a predicate over entity documents (clause 4.9).

How a document answers, beyond the clause:

- every step looks at all instances of an attribute; one instance that satisfies the term suffices;
- ``!=`` and ``!~=`` ask of one instance that none of its values equals or matches;
- ``> >= < <=`` and patterns do not look into arrays (another data type), but into each text of a
  languageMap, and never match a Relationship;
- a value in quotes that has the form of a DateTime, Date or Time compares as time with a value
  that has the same form, and as text with any other;
- a bare value compares as text, and expanded with a VocabProperty or where ``expand_values`` names
  the attribute; texts compare by code point;
- the names of the members that an instance has of its own (observedAt, unitCode ...) end a path;
  at its beginning id, type, scope, createdAt, modifiedAt, deletedAt and expiresAt speak of the entity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from samstad_ngsild.document import CORE_MEMBERS, NGSI_LD, VALUE_MEMBER, EntityDocument
from samstad_ngsild.query.expression import (
    Comparison,
    Conjunction,
    Existence,
    Link,
    NameExpander,
    Path,
    QExpression,
)
from samstad_ngsild.query.q_values import ValueTest, value_tests

__all__ = ["METADATA", "Linked", "Predicate", "compile_q", "metadata_name"]

Predicate = Callable[[EntityDocument], bool]
Linked = Callable[[str], EntityDocument | None]
"""Finds the entity with an id, or None; what a query over linked entities is given."""

METADATA = frozenset(
    {
        "observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "unitCode", "datasetId",
        "instanceId", "objectType", "valueType", "lang",
    }
)  # fmt: skip
"""Members of an instance that a path may end in; the core @context fixes their meaning."""

_ENTITY_MEMBERS = CORE_MEMBERS


def metadata_name(iri: str, term: str) -> str:
    """Return the short name for a core member, the IRI for everything else."""
    if term in METADATA or term in _ENTITY_MEMBERS:
        return term
    short = iri.removeprefix(NGSI_LD)
    return short if short in METADATA and short != iri else iri


def compile_q(
    expression: QExpression,
    context: NameExpander,
    *,
    linked: Linked | None = None,
    expand_values: Collection[str] = (),
) -> Predicate:
    """Return a function that tells whether a document meets the query.

    Args:
        expression: what ``parse_q`` returned.
        context: expands names and, for VocabProperty, values.
        linked: finds linked entities; without it no term over a link matches.
        expand_values: names of attributes whose query values are also tried expanded (``expandValues``).
    """
    if isinstance(expression, Existence | Comparison):
        return _term(expression, context, linked, expand_values)
    parts = tuple(
        compile_q(part, context, linked=linked, expand_values=expand_values) for part in expression.parts
    )
    return _all(parts) if isinstance(expression, Conjunction) else _any(parts)


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    if len(parts) == 2:
        first, second = parts
        return lambda document: first(document) and second(document)

    def every(document: EntityDocument) -> bool:
        for part in parts:  # noqa: SIM110 - half the cost of all() over a generator
            if not part(document):
                return False
        return True

    return every


def _any(parts: tuple[Predicate, ...]) -> Predicate:
    if len(parts) == 2:
        first, second = parts
        return lambda document: first(document) or second(document)

    def some(document: EntityDocument) -> bool:
        for part in parts:  # noqa: SIM110 - half the cost of any() over a generator
            if part(document):
                return True
        return False

    return some


def _term(
    term: Existence | Comparison, context: NameExpander, linked: Linked | None, expand_values: Collection[str]
) -> Predicate:
    path = term.path
    tests = None
    if isinstance(term, Comparison):
        tests = value_tests(term, context, expanded=path.names[0] in expand_values)
    predicate = _along(path, context, tests)
    for link in reversed(path.links):
        predicate = _over_link(link, context, linked, predicate)
    return predicate


def _along(path: Path, context: NameExpander, tests: Mapping[str, ValueTest] | None) -> Predicate:
    """Return a predicate over the thing that has the first name: a document, or an instance."""
    names = [metadata_name(context.expand(name), name) for name in path.names]
    last = len(names) - 1
    leaf = _leaf(path.members, tests)
    at_member = names[last] in (METADATA if last else _ENTITY_MEMBERS)
    predicate = _member(names[last], leaf) if at_member else _instances(names[last], leaf)
    for name in reversed(names[:last]):
        predicate = _instances(name, predicate)
    return predicate


def _instances(name: str, predicate: Predicate | None) -> Predicate:
    """Return: some instance of the attribute meets the predicate, or, without one, there is an instance."""
    if predicate is None:
        return lambda container: container.get(name).__class__ is list

    def some(container: EntityDocument) -> bool:
        instances = container.get(name)
        if instances.__class__ is not list:
            return False
        for instance in instances:  # noqa: SIM110 - half the cost of any() over a generator
            if predicate(instance):
                return True
        return False

    return some


def _member(name: str, leaf: Predicate | None) -> Predicate:
    """Return: the document or instance has the member, and its value meets the leaf."""
    if leaf is None:
        return lambda container: container.get(name) is not None

    def has(container: EntityDocument) -> bool:
        value = container.get(name)
        return value is not None and leaf({"type": "Property", "value": value})

    return has


def _leaf(members: tuple[str, ...], tests: Mapping[str, ValueTest] | None) -> Predicate | None:
    """Return a predicate over one instance; None: that there is one is enough."""
    if members:
        return _into_value(members, tests)
    if tests is None:
        return None
    by_type = {kind: (member, tests[kind]) for kind, member in VALUE_MEMBER.items() if kind in tests}

    def compare(instance: EntityDocument) -> bool:
        found = by_type.get(instance["type"])
        return found is not None and found[1](instance.get(found[0]))

    return compare


def _into_value(members: tuple[str, ...], tests: Mapping[str, ValueTest] | None) -> Predicate:
    member_test = None if tests is None else tests["Property"]
    language_test = None if tests is None else tests["LanguageProperty"]

    def compare(instance: EntityDocument) -> bool:
        kind = instance["type"]
        value = instance.get(VALUE_MEMBER[kind])
        if kind == "LanguageProperty":
            texts = _in_language(value, members)
            return bool(texts) and (language_test is None or language_test(texts))
        for member in members:
            if value.__class__ is not dict or member not in value:
                return False
            value = value[member]
        return member_test is None or member_test(value)

    return compare


def _in_language(texts: Any, members: tuple[str, ...]) -> dict[str, Any]:
    """Return the part of a languageMap that ``[tag]`` or ``[*]`` speaks of."""
    if texts.__class__ is not dict or len(members) != 1:
        return {}
    tag = members[0]
    if tag == "*":
        return dict(texts)
    if tag in texts:
        return {tag: texts[tag]}
    # Language tags are case-insensitive (RFC 5646, 2.1.1).
    lower = tag.lower()
    return {key: text for key, text in texts.items() if key.lower() == lower}


def _over_link(link: Link, context: NameExpander, linked: Linked | None, predicate: Predicate) -> Predicate:
    if linked is None:
        return lambda _document: False
    find, name = linked, context.expand(link.name)
    wanted = frozenset(context.expand(kind) for kind in link.types)

    def follows(document: EntityDocument) -> bool:
        for instance in document.get(name) or ():
            for uri in _targets(instance):
                other = find(uri)
                if (
                    other is not None
                    and (not wanted or not wanted.isdisjoint(other["type"]))
                    and predicate(other)
                ):
                    return True
        return False

    return follows


def _targets(instance: EntityDocument) -> Collection[str]:
    if instance["type"] == "Relationship":
        target = instance.get("object")
        return (target,) if isinstance(target, str) else target or ()
    return instance.get("objectList") or () if instance["type"] == "ListRelationship" else ()
