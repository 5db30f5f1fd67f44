"""A whole query made ready to run over entity documents (clause 5.7.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samstad_ngsild.document import EntityDocument
from samstad_ngsild.query.expression import NameExpander
from samstad_ngsild.query.geo import CompiledGeo, compile_geo
from samstad_ngsild.query.q_compile import Linked, Predicate, compile_q
from samstad_ngsild.query.q_terms import Term, and_parts, q_terms
from samstad_ngsild.query.request import EntitySelector, Query
from samstad_ngsild.query.scope import compile_scope_query
from samstad_ngsild.query.types import alternatives, compile_type_selection

__all__ = ["CompiledQuery", "compile_query", "compile_selectors"]


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query ready to run, with what an index can use to look at fewer entities.

    Attributes:
        matches: decides about a document; the rest only narrows.
        filters: decides like ``matches``, but without looking at ids and types.
        ids: every match has one of these ids; None: any.
        types: every match has one of these types; None: any.
        terms: conditions of q that every match meets.
        is_terms: q says nothing but the terms, and they are those of one type that is asked for alone: an
            entity of the type that meets all of them, each by its one plain value, and ``geo``, matches.
        attributes: every match has one of these attributes (``attrs``); empty: any.
        geo: the geoquery, with boxes that every match touches.
    """

    matches: Predicate
    filters: Predicate
    ids: frozenset[str] | None
    types: frozenset[str] | None
    terms: tuple[Term, ...]
    attributes: frozenset[str]
    geo: CompiledGeo | None
    is_terms: bool = False


def compile_query(query: Query, *, linked: Linked | None = None) -> CompiledQuery:
    """Return a query ready to run.

    Args:
        query: what ``parse_query_params`` or ``parse_query_body`` returned.
        linked: finds linked entities for terms such as ``sensor{humidity}``.

    Raises:
        BadRequestData: the reference polygon crosses itself.
    """
    context = query.context
    geo = None if query.geo is None else compile_geo(query.geo, context)
    attributes = frozenset(map(context.expand, query.attrs))
    tests: list[Predicate] = []
    if attributes:
        tests.append(lambda document: not attributes.isdisjoint(document))
    if query.scope is not None:
        in_scope = compile_scope_query(query.scope)
        tests.append(lambda document: in_scope(document.get("scope") or ()))
    if query.q is not None:
        tests.append(compile_q(query.q, context, linked=linked, expand_values=query.expand_values))
    if geo is not None:
        tests.append(geo.predicate)
    filters = _all(tests)
    selected = compile_selectors(query.selectors, context)
    terms = () if query.q is None else q_terms(query.q, context)
    return CompiledQuery(
        matches=filters if selected is None else _all([selected, *tests]),
        filters=filters,
        ids=_ids(query.selectors),
        types=_types(query),
        terms=terms,
        attributes=attributes,
        geo=geo,
        is_terms=_asks_one_type(query)
        and query.scope is None
        and not (attributes or query.expand_values or query.json_keys)
        and (query.q is None or len(terms) == len(and_parts(query.q))),
    )


def _asks_one_type(query: Query) -> bool:
    """Whether the only selector is one type, without ids, patterns and combinations."""
    if len(query.selectors) != 1:
        return False
    selector = query.selectors[0]
    if selector.ids or selector.id_pattern is not None or selector.types is None:
        return False
    found = alternatives(selector.types, query.context)
    return found is not None and len(found) == 1 and ";" not in selector.types.to_text()


def _all(tests: list[Predicate]) -> Predicate:
    if not tests:
        return lambda _document: True
    if len(tests) == 1:
        return tests[0]
    first, rest = tests[0], _all(tests[1:])
    return lambda document: first(document) and rest(document)


def compile_selectors(selectors: tuple[EntitySelector, ...], context: NameExpander) -> Predicate | None:
    """Return whether a document meets one of the selectors; None: there are none."""
    tests = [_selector(selector, context) for selector in selectors]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda document: any(test(document) for test in tests)


def _selector(selector: EntitySelector, context: NameExpander) -> Predicate:
    tests: list[Predicate] = []
    if selector.ids:
        ids = frozenset(selector.ids)
        tests.append(lambda document: document["id"] in ids)
    if selector.id_pattern is not None:
        tests.append(_on_id(selector.id_pattern.search))
    if selector.types is not None and not selector.types.is_everything:
        has_types = compile_type_selection(selector.types, context)
        tests.append(lambda document: has_types(document["type"]))
    return _all(tests)


def _on_id(search: Callable[[str], bool]) -> Predicate:
    def matches(document: EntityDocument) -> bool:
        return search(document["id"])

    return matches


def _ids(selectors: tuple[EntitySelector, ...]) -> frozenset[str] | None:
    if not selectors or not all(selector.ids for selector in selectors):
        return None
    return frozenset(uri for selector in selectors for uri in selector.ids)


def _types(query: Query) -> frozenset[str] | None:
    found: set[str] = set()
    for selector in query.selectors:
        types = None if selector.types is None else alternatives(selector.types, query.context)
        if types is None:
            return None
        found |= types
    return frozenset(found) if query.selectors else None
