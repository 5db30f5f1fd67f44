"""What is asked of evolutions: a query, an interval, and whether values are aggregated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samstad_broker.spi.history import HistoryWindow
from samstad_ngsild.document import CORE_MEMBERS
from samstad_ngsild.errors import InvalidRequest
from samstad_ngsild.query import Query
from samstad_ngsild.temporal import (
    Aggregation,
    TemporalQuery,
    parse_aggregation,
    parse_temporal_body,
    parse_temporal_params,
)

__all__ = ["SCOPE", "TemporalAsk", "ask_in_body", "ask_in_params"]

SCOPE = "scope"
"""The scope has instances as attributes do, and stands among them (clause 4.5.6)."""

_AGGREGATION = ("aggrMethods", "aggrPeriodDuration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalAsk:
    """What is asked of evolutions, with names expanded.

    Attributes:
        query: filters, projection and order.
        temporal: the interval.
        is_timed: an interval or a temporal property was named; otherwise instances without ``observedAt``
            are shown too.
        aggregation: None: instances are shown.
        concerned: an evolution must have one of these in the interval; None: any attribute.
        shown: attributes that are read to be shown, ``scope`` among them; None: all.
        omitted: attributes that are not shown.
        dataset_ids: of these only; None: of all.
    """

    query: Query
    temporal: TemporalQuery
    is_timed: bool
    aggregation: Aggregation | None
    concerned: frozenset[str] | None
    shown: frozenset[str] | None
    omitted: frozenset[str]
    dataset_ids: frozenset[str] | None

    def window(self, **options: Any) -> HistoryWindow:
        """Return the interval as a window on the index."""
        temporal = self.temporal
        given: dict[str, Any] = {
            "timeproperty": temporal.timeproperty,
            "start_us": temporal.start_us,
            "end_us": temporal.end_us,
        }
        return HistoryWindow(**{**given, **options})


def ask_in_params(
    params: Mapping[str, str], query: Query, *, aggregated: bool, required: bool
) -> TemporalAsk:
    """Return what URL parameters ask for.

    Args:
        params: decoded name to value.
        query: what ``parse_query_params`` made of them.
        aggregated: the format is ``aggregatedValues``.
        required: an interval must be given (clause 5.7.4.4).

    Raises:
        BadRequestData: a parameter is missing or wrong.
        InvalidRequest: parameters of aggregation without the format.
    """
    temporal = parse_temporal_params(params, required=required)
    aggregation = _aggregation(params, aggregated=aggregated, pointer="")
    return _asked(query, temporal, aggregation, is_timed="timerel" in params or "timeproperty" in params)


def ask_in_body(body: Mapping[str, Any], query: Query, *, aggregated: bool) -> TemporalAsk:
    """Return what a Query body asks for (clauses 5.2.21, 5.2.23, 5.2.44).

    Raises:
        BadRequestData, InvalidRequest: as ``ask_in_params``, with JSON pointers.
    """
    temporal = parse_temporal_body(body.get("temporalQ"))
    given, pointer = body.get("aggrParams"), "/aggrParams/"
    if given is None:
        # The members may stand in temporalQ instead (clause 5.2.21).
        given = {name: body["temporalQ"][name] for name in _AGGREGATION if name in body["temporalQ"]}
        pointer = "/temporalQ/"
    elif not isinstance(given, dict) or not set(_AGGREGATION).issuperset(given):
        detail = "aggrParams is an object with aggrMethods and perhaps aggrPeriodDuration."
        raise InvalidRequest(detail, pointer="/aggrParams")
    aggregation = _aggregation(given, aggregated=aggregated, pointer=pointer)
    return _asked(query, temporal, aggregation, is_timed=True)


def _aggregation(given: Mapping[str, Any], *, aggregated: bool, pointer: str) -> Aggregation | None:
    if aggregated:
        return parse_aggregation(given.get("aggrMethods"), given.get("aggrPeriodDuration"), pointer=pointer)
    for name in _AGGREGATION:
        if name in given:
            raise InvalidRequest(f"{name} is for format=aggregatedValues only.", pointer=pointer + name)
    return None


def _asked(
    query: Query, temporal: TemporalQuery, aggregation: Aggregation | None, *, is_timed: bool
) -> TemporalAsk:
    projected = _projected(query)
    omitted = frozenset() if query.omit is None else _expanded(query, query.omit.names)
    requested = (projected or frozenset()) - {SCOPE}
    if aggregation is not None:
        aggregation = Aggregation(aggregation.methods, aggregation.duration, requested)
    return TemporalAsk(
        query=query,
        temporal=temporal,
        is_timed=is_timed,
        aggregation=aggregation,
        concerned=projected or None,
        shown=projected,
        omitted=omitted,
        dataset_ids=frozenset(query.dataset_ids) or None,
    )


def _projected(query: Query) -> frozenset[str] | None:
    """Return the attributes that attrs or pick names; None: neither was given."""
    if query.attrs:
        return _expanded(query, query.attrs)
    return None if query.pick is None else _expanded(query, query.pick.names)


def _expanded(query: Query, names: Any) -> frozenset[str]:
    expand = query.context.expand
    return frozenset(
        SCOPE if name == SCOPE else expand(name)
        for name in names
        if name == SCOPE or name not in CORE_MEMBERS
    )
