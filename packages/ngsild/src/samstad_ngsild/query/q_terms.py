"""What an index can know about a query without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from samstad_ngsild.query.expression import (
    Comparison,
    Conjunction,
    Existence,
    Literal,
    NameExpander,
    Operand,
    Path,
    QExpression,
    Range,
    Reference,
    Temporal,
    ValueList,
)
from samstad_ngsild.query.literals import temporal_key
from samstad_ngsild.query.q_compile import metadata_name

__all__ = ["SYSTEM_ATTRIBUTES", "IndexValue", "Term", "and_parts", "attribute_names", "link_depth", "q_terms"]

SYSTEM_ATTRIBUTES = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
"""Names that do not narrow a query enough to run it on everything (clause 5.7.2.4)."""

IndexValue = bool | int | float | str | datetime | date | time


@dataclass(frozen=True, slots=True)
class Term:
    """One condition that every match of the query meets.

    Attributes:
        path: IRIs, and at the end perhaps the short name of a core member such as ``observedAt``.
        operator: ``exists``, ``==``, ``>``, ``>=``, ``<``, ``<=``, ``range`` or ``in``.
        value: nothing, one value, (low, high) or the values, in the same order.

    A term narrows, it does not decide: ``==``, ``range`` and ``in`` speak of any instance and any member of
    an array, languageMap or list. Texts that a VocabProperty may hold expanded are given both ways.
    """

    path: tuple[str, ...]
    operator: str
    value: IndexValue | tuple[IndexValue, ...] | None = None


def q_terms(expression: QExpression, context: NameExpander) -> tuple[Term, ...]:
    """Return the simple terms that are joined by AND at the top of a query.

    Left out are terms over links or into JSON values, patterns, and what is not equal to something:
    no index answers them.
    """
    parts = and_parts(expression)
    terms = (_term(part, context) for part in parts if isinstance(part, Comparison | Existence))
    return tuple(term for term in terms if term is not None)


def and_parts(expression: QExpression) -> tuple[QExpression, ...]:
    """Return what is joined by AND at the top of a query: the query itself where nothing is."""
    return tuple(expression.parts) if isinstance(expression, Conjunction) else (expression,)


def _term(part: Comparison | Existence, context: NameExpander) -> Term | None:
    if part.path.links or part.path.members:
        return None
    path = tuple(metadata_name(context.expand(name), name) for name in part.path.names)
    if isinstance(part, Existence):
        return Term(path, "exists")
    if part.operator in {"!=", "~=", "!~="}:
        return None
    return _comparison(path, part.operator, part.operand, context)


def _comparison(path: tuple[str, ...], operator: str, operand: Operand, context: NameExpander) -> Term | None:
    if isinstance(operand, Range):
        low, high = _value(operand.low), _value(operand.high)
        return None if low is None or high is None else Term(path, "range", (low, high))
    values = operand.values if isinstance(operand, ValueList) else (operand,)
    found = [_value(value) for value in values]
    if None in found:
        return None
    if operator != "==":
        return Term(path, operator, found[0])
    accepted = tuple(dict.fromkeys(v for value in found if value is not None for v in _both(value, context)))
    return Term(path, "==", accepted[0]) if len(accepted) == 1 else Term(path, "in", accepted)


def _both(value: IndexValue, context: NameExpander) -> tuple[IndexValue, ...]:
    return (value, context.expand_vocab(value)) if isinstance(value, str) else (value,)


def _value(literal: Literal) -> IndexValue | None:
    """Return the value to look up; None where equal things have several spellings as text."""
    if isinstance(literal, Temporal):
        return literal.key
    text = literal.text if isinstance(literal, Reference) else literal
    return None if isinstance(text, str) and temporal_key(text) is not None else text


def attribute_names(expression: QExpression) -> frozenset[str]:
    """Return the attributes of the entity itself that a query mentions, as the caller wrote them."""
    return frozenset(_first_name(part.path) for part in _leaves(expression))


def link_depth(expression: QExpression) -> int:
    """Return over how many relationships the longest path of a query goes (clause 5.7.2.4, ``joinLevel``)."""
    return max(len(part.path.links) for part in _leaves(expression))


def _first_name(path: Path) -> str:
    return path.links[0].name if path.links else path.names[0]


def _leaves(expression: QExpression) -> Iterator[Comparison | Existence]:
    if isinstance(expression, Comparison | Existence):
        yield expression
    else:
        for part in expression.parts:
            yield from _leaves(part)
