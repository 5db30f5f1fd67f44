"""Which entities a query has to look at: the indexes narrow, the evaluator decides."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from samstad_broker.domain.state.bucket import TypeBucket
from samstad_broker.domain.state.column import Column, SortedPairs
from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.ordered import OrderedRecords
from samstad_broker.domain.state.record import Record
from samstad_ngsild.query import CompiledQuery, Term

__all__ = ["Candidates", "narrow"]

_SMALL = 64
"""Below so many entities of a type a column is not worth building."""

_WORTHWHILE = 0.25
"""An index that leaves a larger share than this costs more than walking in order until the page is full."""

_NUMBERS = (int, float)

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Candidates(NamedTuple):
    """What a query looks at.

    Attributes:
        sequences: the only entities that can match, in order of creation; None: walk ``records``.
        records: all entities of the one type asked for, or of the data set.
        may_match: a cheap test by sequence before a document is parsed.
        is_certain: says of a record that passed ``may_match`` that it matches, so that its document need not
            be parsed; None: only the evaluator knows. False leaves the record to the evaluator.
    """

    sequences: list[int] | None
    records: OrderedRecords
    may_match: tuple[Callable[[int], bool], ...] = ()
    is_certain: Callable[[Record], bool] | None = None


def narrow(dataset: Dataset, query: CompiledQuery) -> Candidates:
    """Return the fewest candidates that the indexes give."""
    if query.ids is not None:
        found = (dataset.entities.get(entity_id) for entity_id in query.ids)
        return Candidates(sorted(r.sequence for r in found if r is not None), dataset.records)
    bucket = _one_bucket(dataset, query)
    if bucket is None and query.types is not None and len(query.types) == 1:
        return Candidates([], dataset.records)
    records = bucket.records if bucket is not None else dataset.records
    conditions = _conditions(bucket, query) if bucket is not None else []
    may_match = (*(condition.may_match for condition in conditions), *_may_touch(dataset, query))
    return Candidates(
        _fewest(dataset, query, conditions, len(records)),
        records,
        may_match,
        _certainty(dataset, query, conditions),
    )


def _certainty(
    dataset: Dataset, query: CompiledQuery, conditions: list[_Condition]
) -> Callable[[Record], bool] | None:
    """Return the test of who matches for certain, where the conditions are all that the query says.

    Texts are left to the evaluator: a text may stand for a term of a vocabulary.
    """
    if not query.is_terms or query.types is None or len(conditions) != len(query.terms):
        return None
    if not all(condition.is_numeric for condition in conditions):
        return None
    (wanted,) = query.types
    plain = [condition.values for condition in conditions]
    grid = None if query.geo is None else dataset.grid(query.geo.attribute)
    if query.geo is not None and grid is None:
        return None
    geometries = None if grid is None else grid.geometries

    def is_certain(record: Record) -> bool:
        sequence = record.sequence
        if wanted not in record.types or (geometries is not None and sequence not in geometries):
            return False
        return all(sequence in values for values in plain)

    return is_certain


def _may_touch(dataset: Dataset, query: CompiledQuery) -> Iterator[Callable[[int], bool]]:
    """Yield the geoquery over the geometries that the grid holds; the others only a document can tell."""
    grid = None if query.geo is None else dataset.grid(query.geo.attribute)
    if query.geo is None or grid is None:
        return
    geometries, matches = grid.geometries, query.geo.matches

    def may_match(sequence: int) -> bool:
        geometry = geometries.get(sequence)
        return geometry is None or matches(geometry)

    yield may_match


def _one_bucket(dataset: Dataset, query: CompiledQuery) -> TypeBucket | None:
    if query.types is None or len(query.types) != 1:
        return None
    return dataset.types.get(next(iter(query.types)))


def _fewest(
    dataset: Dataset, query: CompiledQuery, conditions: list[_Condition], size: int
) -> list[int] | None:
    near = None
    if query.geo is not None and query.geo.boxes is not None:
        grid = dataset.grid(query.geo.attribute)
        near = None if grid is None else grid.near(query.geo.boxes)
    best = min(conditions, key=_Condition.count, default=None)
    fewest = size * _WORTHWHILE
    if near is not None and (best is None or len(near) <= best.count()):
        return sorted(near) if len(near) < max(fewest, _SMALL) else None
    if best is not None and best.count() < fewest:
        return sorted(best.sequences())
    return None


class _Condition:
    """One term of q over one column."""

    def __init__(self, column: Column, holds: Callable[[Any], bool], span: _Span | None) -> None:
        self._column = column
        self.values = column.values
        self.is_numeric = span is not None and span.pairs is column.numbers
        self._holds = holds
        self._span = span

    def may_match(self, sequence: int) -> bool:
        value = self._column.values.get(sequence)
        return (value is not None and self._holds(value)) or sequence in self._column.irregular

    def count(self) -> int:
        column = self._column
        if self._span is None:
            return len(column.values) + len(column.irregular)
        pairs, low, high = self._span
        return pairs.count(low, high) + len(column.irregular)

    def sequences(self) -> set[int]:
        if self._span is None:
            found = {s for s, value in self._column.values.items() if self._holds(value)}
        else:
            pairs, low, high = self._span
            found = {s for s in pairs.sequences(low, high) if self.may_match(s)}
        return found | self._column.irregular


class _Span(NamedTuple):
    pairs: SortedPairs
    low: tuple[Any, ...] | None
    high: tuple[Any, ...] | None


def _conditions(bucket: TypeBucket, query: CompiledQuery) -> list[_Condition]:
    if len(bucket.records) < _SMALL:
        return []
    found = (_condition(bucket, term) for term in query.terms)
    return [condition for condition in found if condition is not None]


def _condition(bucket: TypeBucket, term: Term) -> _Condition | None:
    if len(term.path) != 1 or term.operator not in {*_ORDER, "range"}:
        return None
    values = term.value if isinstance(term.value, tuple) else (term.value,)
    kinds = _NUMBERS if type(values[0]) in _NUMBERS else (str,)
    if any(type(value) not in kinds for value in values):
        return None
    column = bucket.column(term.path[0])
    if column is None:
        return None
    pairs = column.numbers if kinds is _NUMBERS else column.texts
    return _Condition(
        column, _holds(term.operator, values, kinds), _Span(pairs, *_bounds(term.operator, values))
    )


def _holds(name: str, values: tuple[Any, ...], kinds: tuple[type, ...]) -> Callable[[Any], bool]:
    if name == "range":
        low, high = values
        return lambda value: type(value) in kinds and low <= value <= high
    compare, bound = _ORDER[name], values[0]
    return lambda value: type(value) in kinds and compare(value, bound)


def _bounds(name: str, values: tuple[Any, ...]) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Return the ends of the span: a pair (value, infinity) lies behind every entity with that value."""
    infinity = float("inf")
    if name in {"==", "range"}:
        return (values[0],), (values[-1], infinity)
    if name in {">", ">="}:
        return (values[0],), None
    return None, (values[0], infinity)
