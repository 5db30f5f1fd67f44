"""q, geoQ and scopeQ of a subscription as one predicate (clauses 4.9, 4.10 and 4.19)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nextafter
from typing import Any, NamedTuple

from samstad_broker.domain.subscriptions.members import text
from samstad_broker.domain.subscriptions.subscription import Interval
from samstad_broker.domain.subscriptions.terms import RecordedNames
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query.expression import Conjunction, QExpression
from samstad_ngsild.query.geo import compile_geo, parse_geo_query
from samstad_ngsild.query.q_compile import Linked, compile_q
from samstad_ngsild.query.q_parser import parse_q
from samstad_ngsild.query.q_terms import Term, q_terms
from samstad_ngsild.query.scope import compile_scope_query, parse_scope_query

__all__ = ["Condition", "parse_condition"]

Predicate = Callable[[EntityDocument], bool]
_ORDER = frozenset({">", ">=", "<", "<="})
_EXACT = 2**53
"""Up to here a float holds every whole number, so that the next one after a bound is beyond it."""
_GEO_MEMBERS = frozenset({"georel", "geometry", "coordinates", "geoproperty"})


class Condition(NamedTuple):
    """What an entity must meet, and what of it an index can use.

    Attributes:
        predicate: None where nothing is asked.
        intervals: terms about numbers that every match meets.
        intervals_decide: nothing else is asked.
    """

    predicate: Predicate | None
    intervals: tuple[Interval, ...]
    intervals_decide: bool


def parse_condition(body: Mapping[str, Any], names: RecordedNames, *, linked: Linked | None) -> Condition:
    """Return the condition of a subscription.

    Args:
        body: the subscription; ``q``, ``geoQ``, ``scopeQ`` and ``expandValues`` are read.
        names: expands and records names.
        linked: finds linked entities for terms of q that follow relationships.

    Raises:
        BadRequestData, TooComplexQuery: one of the queries is wrong.
    """
    predicates: list[Predicate] = []
    intervals: tuple[Interval, ...] = ()
    decide = False
    if "q" in body:
        expression = parse_q(text(body["q"], "/q"), pointer="/q")
        expand_values = _expand_values(body)
        predicates.append(compile_q(expression, names, linked=linked, expand_values=expand_values))
        intervals, decide = _intervals(expression, names)
    if "geoQ" in body:
        predicates.append(_geo(body["geoQ"], names))
    if "scopeQ" in body:
        matches = compile_scope_query(parse_scope_query(text(body["scopeQ"], "/scopeQ"), pointer="/scopeQ"))
        predicates.append(lambda document: matches(document.get("scope") or ()))
    return Condition(_all_of(predicates), intervals, decide and len(predicates) == 1)


def _expand_values(body: Mapping[str, Any]) -> tuple[str, ...]:
    if "expandValues" not in body:
        return ()
    return tuple(name.strip() for name in text(body["expandValues"], "/expandValues").split(","))


def _geo(value: Any, names: RecordedNames) -> Predicate:
    if not isinstance(value, dict):
        raise BadRequestData("geoQ must be an object with georel, geometry and coordinates.", pointer="/geoQ")
    unknown = sorted(set(value) - _GEO_MEMBERS)
    if unknown:
        raise BadRequestData(f"geoQ has no member {unknown[0]!r}.", pointer=f"/geoQ/{unknown[0]}")
    query = parse_geo_query(value, pointer="/geoQ/")
    if query is None:
        raise BadRequestData("geoQ needs georel, geometry and coordinates.", pointer="/geoQ")
    return compile_geo(query, names).predicate


def _intervals(expression: QExpression, names: RecordedNames) -> tuple[tuple[Interval, ...], bool]:
    """Return the AND-ed terms about numbers of top-level attributes, and whether they are all there is."""
    found = tuple(
        interval for term in q_terms(expression, names) if (interval := _interval(term)) is not None
    )
    parts = len(expression.parts) if isinstance(expression, Conjunction) else 1
    return found, len(found) == parts


def _interval(term: Term) -> Interval | None:
    """Return the interval of a term such as ``attribute > number``."""
    value = term.value
    if len(term.path) != 1 or ":" not in term.path[0] or term.operator not in _ORDER:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _EXACT:
        return None
    attribute = term.path[0]
    match term.operator:
        case ">":
            return Interval(attribute, nextafter(value, inf), inf)
        case ">=":
            return Interval(attribute, value, inf)
        case "<":
            return Interval(attribute, -inf, nextafter(value, -inf))
        case _:
            return Interval(attribute, -inf, value)


def _all_of(predicates: list[Predicate]) -> Predicate | None:
    if len(predicates) <= 1:
        return predicates[0] if predicates else None
    every = tuple(predicates)
    return lambda document: all(predicate(document) for predicate in every)
