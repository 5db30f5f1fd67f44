"""The entity ordering language (clause 4.23): parsed, and turned into a key for ``sort``.

- the first instance of an attribute counts; a Relationship is ordered by its object;
- mixed data types follow clause 4.23.2, turned round with ``desc``; null and missing are last always;
- equal keys keep the order the entities had, so pages are stable;
- distances are those of :mod:`samstad_ngsild.query.distance`, the collation that of ``collation``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from samstad_ngsild.document import CORE_MEMBERS, VALUE_MEMBER, EntityDocument
from samstad_ngsild.errors import BadRequestData, TooComplexQuery
from samstad_ngsild.query.collation import collation_key
from samstad_ngsild.query.distance import distance_to
from samstad_ngsild.query.expression import NameExpander, Path
from samstad_ngsild.query.geo import reference_geometry
from samstad_ngsild.query.literals import is_name, temporal_key
from samstad_ngsild.query.q_compile import METADATA, metadata_name

__all__ = ["DIRECTIONS", "Order", "OrderTerm", "order_key", "parse_order"]

DIRECTIONS = ("asc", "desc", "dist-asc", "dist-desc")
MAX_ORDER_TERMS = 16

_TERM = re.compile(r"\s*([\w:.]+)(?:\[([^\[\]]+)\])?(?:;([a-z-]+))?\s*")
_PARAMETER_POINTERS = {name: name for name in ("orderBy", "orderFrom", "orderGeometry", "collation")}
_BODY_POINTERS = {
    "orderBy": "/ordering/orderBy",
    "orderFrom": "/ordering/coordinates",
    "orderGeometry": "/ordering/geometry",
    "collation": "/ordering/collation",
}
_NULL, _MISSING = 8, 9
"""Ranks of clause 4.23.2 that stay last in either direction."""


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One criterion: a path and one of ``DIRECTIONS``."""

    path: Path
    direction: str = "asc"


@dataclass(frozen=True, slots=True)
class Order:
    """The criteria, most important first; the reference geometry as JSON; the collation's tag."""

    terms: tuple[OrderTerm, ...]
    reference: bytes | None = None
    collation: str | None = None


def parse_order(
    order_by: str | Iterable[str],
    *,
    order_from: Any = None,
    order_geometry: str | None = None,
    collation: str | None = None,
    in_body: bool = False,
) -> Order:
    """Return the order in orderBy, orderFrom, orderGeometry (default Point) and collation.

    ``in_body``: they are members of ``ordering`` (clause 5.2.43), to which pointers then lead.

    Raises:
        BadRequestData: a criterion is not one, the geometry is missing or wrong, or the collation is
            no tag (clause 5.7.2.4).
        TooComplexQuery: there are too many criteria.
    """
    texts = order_by.split(",") if isinstance(order_by, str) else list(order_by)
    at = _BODY_POINTERS if in_body else _PARAMETER_POINTERS
    if not texts:
        raise BadRequestData("orderBy needs at least one member to order by.", pointer=at["orderBy"])
    if len(texts) > MAX_ORDER_TERMS:
        raise TooComplexQuery(f"orderBy takes {MAX_ORDER_TERMS} criteria.", pointer=at["orderBy"])
    terms = tuple(_order_term(text, at["orderBy"]) for text in texts)
    collation_key(collation, pointer=at["collation"])
    reference = None
    if order_from is not None:
        geometry = reference_geometry(
            order_geometry or "Point", order_from, at_type=at["orderGeometry"], at_coordinates=at["orderFrom"]
        )
        reference = orjson.dumps(geometry)
    elif any(term.direction.startswith("dist-") for term in terms):
        raise BadRequestData(
            "Ordering by distance needs orderFrom, the place to measure from.", pointer=at["orderFrom"]
        )
    return Order(terms, reference, collation)


def _order_term(text: str, pointer: str) -> OrderTerm:
    found = _TERM.fullmatch(text)
    names = found[1].split(".") if found is not None else []
    if found is None or not all(map(is_name, names)):
        detail = f"{text!r:.80} is no ordering: it is a path such as name, address[city] or name.observedAt."
        raise BadRequestData(detail, pointer=pointer)
    direction = found[3] or "asc"
    if direction not in DIRECTIONS:
        detail = f"{direction!r} is no direction; use one of {', '.join(DIRECTIONS)}."
        raise BadRequestData(detail, pointer=pointer)
    return OrderTerm(Path(tuple(names), tuple(found[2].split(".")) if found[2] else ()), direction)


def order_key(order: Order, context: NameExpander) -> Callable[[EntityDocument], tuple[Any, ...]]:
    """Return a key function for ``sort`` over entity documents."""
    keys = tuple(_term_key(term, order, context) for term in order.terms)
    if len(keys) == 1:
        return keys[0]
    return lambda document: tuple([key(document) for key in keys])


def _term_key(
    term: OrderTerm, order: Order, context: NameExpander
) -> Callable[[EntityDocument], tuple[Any, ...]]:
    find = _finder(term.path, context)
    text_key = collation_key(order.collation)
    descending = term.direction.endswith("desc")
    measure = _measure(order) if term.direction.startswith("dist-") else None

    def key(document: EntityDocument) -> tuple[Any, ...]:
        instance, value = find(document)
        if measure is not None and instance is not None and instance.get("type") == "GeoProperty":
            metres = measure(value)
            return (0, -metres if descending else metres)
        rank, comparable = (_MISSING, 0) if instance is None else _ranked(value, text_key)
        if descending and rank < _NULL:
            rank, comparable = -rank, _Turned(comparable)
        return (rank, comparable) if measure is None else (1, rank, comparable)

    return key


def _measure(order: Order) -> Callable[[Mapping[str, Any]], float]:
    assert order.reference is not None  # noqa: S101 - parse_order asks for it
    return distance_to(orjson.loads(order.reference))


def _finder(
    path: Path, context: NameExpander
) -> Callable[[EntityDocument], tuple[Mapping[str, Any] | None, Any]]:
    names = [metadata_name(context.expand(name), name) for name in path.names]
    members = path.members

    def find(document: EntityDocument) -> tuple[Mapping[str, Any] | None, Any]:
        holder: Any = document
        for depth, name in enumerate(names):
            found = holder.get(name)
            if name in (METADATA if depth else CORE_MEMBERS):
                return (None, None) if found is None else ({}, found)
            if found.__class__ is not list or not found:
                return None, None
            holder = found[0]
        value = holder.get(VALUE_MEMBER[holder["type"]])
        for member in members:
            if value.__class__ is not dict or member not in value:
                return None, None
            value = value[member]
        return holder, value

    return find


class _Turned:
    """Compares the other way round."""

    __slots__ = ("value",)
    __hash__ = None  # type: ignore[assignment]  # a sort key is no dictionary key

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Turned) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and bool(self.value == other.value)


def _ranked(value: Any, text_key: Callable[[str], Any]) -> tuple[int, Any]:
    """Return the rank of a value's data type (clause 4.23.2) and what compares within it."""
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    kind = value.__class__
    if kind is int or kind is float:
        return 0, value
    if kind is str:
        moment = temporal_key(value)
        if moment is None:
            return 1, text_key(value)
        return (7 if isinstance(moment, datetime) else 6 if isinstance(moment, date) else 5), moment
    if kind is bool:
        return 4, value
    if value is None:
        return _NULL, 0
    return (2 if kind is dict else 3), orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
