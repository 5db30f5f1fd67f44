"""Context source filters: the query language over plain documents (clauses 4.9, 4.13, 5.2.9, 5.2.43).

A registration or snapshot describes itself by members with plain values. A path names members as
they stand in the document, or expanded; ``[...]`` goes into a JSON value as in an entity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samstad_ngsild.document import ATTRIBUTE_TYPES
from samstad_ngsild.query.expression import Comparison, Existence, NameExpander, Path, QExpression
from samstad_ngsild.query.q_compile import compile_q

__all__ = ["compile_csf"]


def compile_csf(expression: QExpression, context: NameExpander) -> Callable[[Mapping[str, Any]], bool]:
    """Return a function that tells whether a registration or snapshot meets a query.

    Terms over linked entities never match: such a document has none.
    """
    names = {name for path in _paths(expression) for name in path.names}
    expanded = {name: context.expand(name) for name in names}
    predicate = compile_q(expression, _AsWritten(context))

    def matches(document: Mapping[str, Any]) -> bool:
        return predicate(_as_entity(document, expanded))

    return matches


class _AsWritten:
    """Keeps names and expands values: the document to filter is not expanded."""

    def __init__(self, context: NameExpander) -> None:
        self._context = context

    def expand(self, term: str, /) -> str:
        return term

    def expand_vocab(self, value: str, /) -> str:
        return self._context.expand_vocab(value)


def _paths(expression: QExpression) -> list[Path]:
    if isinstance(expression, Comparison | Existence):
        return [expression.path]
    return [path for part in expression.parts for path in _paths(part)]


def _as_entity(document: Mapping[str, Any], expanded: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, iri in expanded.items():
        value = document.get(name, document.get(iri))
        if value is not None:
            found[name] = value if name in _TEXTS else _instances(value, expanded)
    return found


_TEXTS = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})


def _instances(value: Any, expanded: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a value as instances: one that is an attribute already keeps its sub-attributes."""
    if isinstance(value, dict) and value.get("type") in ATTRIBUTE_TYPES:
        inner = {name: v for name, v in _as_entity(value, expanded).items() if name not in value}
        return [{**value, **inner}]
    members = _as_entity(value, expanded) if isinstance(value, dict) else {}
    return [{**members, "type": "Property", "value": value}]
