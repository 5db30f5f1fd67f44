"""Histories of entities: temporal queries, representations and aggregation (4.5.6-4.5.9, 4.5.19, 4.11).

Nothing here reads a store: a store gives instances, or, for the fast path, ascending times and numbers.
"""

from samstad_ngsild.temporal.aggregation import (
    METHODS,
    Aggregation,
    Series,
    aggregate_numbers,
    aggregate_slices,
    parse_aggregation,
)
from samstad_ngsild.temporal.content_range import Cut, content_range, cut_history
from samstad_ngsild.temporal.duration import Duration, parse_duration
from samstad_ngsild.temporal.periods import Periods, period_text
from samstad_ngsild.temporal.represent import (
    aggregate_instances,
    represent_aggregated,
    represent_aggregated_numbers,
    represent_history,
    represent_series,
    represent_values,
)
from samstad_ngsild.temporal.temporal_query import (
    TIME_PROPERTIES,
    TemporalQuery,
    parse_temporal_body,
    parse_temporal_params,
    time_of,
)
from samstad_ngsild.temporal.validity import Validity, valid_scopes, valid_windows

__all__ = [
    "METHODS",
    "TIME_PROPERTIES",
    "Aggregation",
    "Cut",
    "Duration",
    "Periods",
    "Series",
    "TemporalQuery",
    "Validity",
    "aggregate_instances",
    "aggregate_numbers",
    "aggregate_slices",
    "content_range",
    "cut_history",
    "parse_aggregation",
    "parse_duration",
    "parse_temporal_body",
    "parse_temporal_params",
    "period_text",
    "represent_aggregated",
    "represent_aggregated_numbers",
    "represent_history",
    "represent_series",
    "represent_values",
    "time_of",
    "valid_scopes",
    "valid_windows",
]
