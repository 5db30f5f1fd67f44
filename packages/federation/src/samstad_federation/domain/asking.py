"""What a source is asked in its own names: URL parameters of a query (clauses 4.3.6.6, 6.4.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from samstad_broker.spi.forwarder import Match
from samstad_ngsild.context import Context
from samstad_ngsild.query import (
    EntitySelector,
    QExpression,
    Query,
    TypeSelection,
    parse_type_selection,
    to_text,
)
from samstad_ngsild.query.expression import Comparison, Conjunction, Disjunction, Existence, Link, Path
from samstad_ngsild.query.selection import AllOf, AnyOf, Selection

__all__ = ["Rename", "attributes_for", "query_parameters", "renamed_types", "renaming"]

Rename = Callable[[str], str]


def renaming(context: Context, other: Context) -> Rename:
    """Return what writes a name of one @context as one of another."""
    if context.key == other.key:
        return lambda name: name
    return lambda name: other.compact(context.expand(name))


def attributes_for(match: Match, wanted: Collection[str]) -> frozenset[str]:
    """Return the attributes to ask a source for; empty: all that it has.

    Args:
        match: the source and its information.
        wanted: IRIs that the client asked for; empty: all.
    """
    registered: set[str] = set()
    for info in match.information:
        if not info.attributes:
            return frozenset(wanted)
        registered |= info.attributes
    return frozenset(registered.intersection(wanted) if wanted else registered)


def query_parameters(
    query: Query, selector: EntitySelector | None, context: Context, *, filters: bool
) -> dict[str, str]:
    """Return the URL parameters of a query for one source, without those of its attributes and pages.

    Args:
        query: as it was asked.
        selector: the one that concerns the source; None: any entity.
        context: whose names the source is written to in.
        filters: whether the source filters; where entities may be split over sources nobody can before the
            parts are together (clause 5.7.2.4).
    """
    rename = renaming(query.context, context)  # type: ignore[arg-type]
    parameters = {} if selector is None else _selected(selector, rename)
    if query.csf is not None:
        parameters["csf"] = to_text(query.csf)
    return parameters | _filters(query, rename) if filters else parameters


def _selected(selector: EntitySelector, rename: Rename) -> dict[str, str]:
    parameters: dict[str, str] = {}
    if selector.ids:
        parameters["id"] = ",".join(selector.ids)
    if selector.id_pattern is not None:
        parameters["idPattern"] = selector.id_pattern.text
    if selector.types is not None:
        parameters["type"] = _types(selector.types, rename)
    return parameters


def _filters(query: Query, rename: Rename) -> dict[str, str]:
    parameters: dict[str, str] = {}
    if query.q is not None:
        parameters["q"] = to_text(_renamed(query.q, rename))
        for name, listed in (("expandValues", query.expand_values), ("jsonKeys", query.json_keys)):
            if listed:
                parameters[name] = ",".join(map(rename, listed))
    if query.scope is not None:
        parameters["scopeQ"] = query.scope.to_text()
    if query.geo is not None:
        parameters |= replace(query.geo, geoproperty=rename(query.geo.geoproperty)).parameters()
    return parameters


def renamed_types(text: str, rename: Rename) -> str:
    """Return a type selection in the names of another @context."""
    return _types(parse_type_selection(text), rename)


def _types(selection: TypeSelection, rename: Rename) -> str:
    formula = selection.formula
    return TypeSelection(None if formula is None else _renamed_formula(formula, rename)).to_text()


def _renamed_formula(formula: Selection, rename: Rename) -> Selection:
    match formula:
        case AllOf(parts):
            return AllOf(tuple(_renamed_formula(part, rename) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_renamed_formula(part, rename) for part in parts))
        case _:
            return rename(formula)


def _renamed(expression: QExpression, rename: Rename) -> QExpression:
    match expression:
        case Existence(path):
            return Existence(_path(path, rename))
        case Comparison(path, operator, operand):
            return Comparison(_path(path, rename), operator, operand)
        case Conjunction(parts):
            return Conjunction(_all(parts, rename))
        case Disjunction(parts):
            return Disjunction(_all(parts, rename))


def _all(parts: Sequence[QExpression], rename: Rename) -> tuple[QExpression, ...]:
    return tuple(_renamed(part, rename) for part in parts)


def _path(path: Path, rename: Rename) -> Path:
    links = tuple(
        replace(link, name=rename(link.name), types=_link_types(link, rename)) for link in path.links
    )
    return replace(path, names=tuple(map(rename, path.names)), links=links)


def _link_types(link: Link, rename: Rename) -> tuple[str, ...]:
    return tuple(map(rename, link.types))
