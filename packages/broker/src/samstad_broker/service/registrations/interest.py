"""Which registrations somebody asks for: once in a query, or for as long as a subscription lasts (5.12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samstad_broker.domain.registrations.matching import Wanted, information_matches
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.query import (
    Query,
    attribute_names,
    compile_csf,
    compile_geo,
    compile_scope_query,
    compile_type_selection,
)
from samstad_ngsild.temporal.temporal_query import TemporalQuery

__all__ = ["Interest"]

_Test = Callable[[Mapping[str, Any]], bool]
_SPACES = ("location", "observationSpace", "operationSpace")


class Interest:
    """What is asked for, compiled.

    Args:
        query: of entities; its first selector counts.
        temporal: the interval that sources of history must have.
    """

    def __init__(self, query: Query, temporal: TemporalQuery) -> None:
        self._wanted = _wanted(query)
        self._tests = _tests(query)
        self._temporal = temporal

    def matches(self, body: Mapping[str, Any]) -> bool:
        """Whether a source may have what is asked for."""
        return (
            information_matches(body, self._wanted)
            and _in_time(body, self._temporal)
            and all(test(body) for test in self._tests)
        )

    def wants(self, info: Mapping[str, Any]) -> bool:
        """Whether one element of information is about what is asked for."""
        return information_matches({"information": [info]}, self._wanted)


def _wanted(query: Query) -> Wanted:
    expand = query.context.expand
    attributes = set(map(expand, query.attrs))
    if query.q is not None:
        attributes.update(map(expand, attribute_names(query.q)))
    selector = query.selectors[0] if query.selectors else None
    if selector is None:
        return Wanted(attributes=attributes)
    types = None if selector.types is None else compile_type_selection(selector.types, query.context)
    pattern = None if selector.id_pattern is None else selector.id_pattern.search
    return Wanted(ids=selector.ids, fits_pattern=pattern, fits_types=types, attributes=attributes)


def _tests(query: Query) -> list[_Test]:
    tests: list[_Test] = []
    if query.csf is not None:
        tests.append(compile_csf(query.csf, query.context))
    if query.scope is not None:
        in_scope = compile_scope_query(query.scope)
        tests.append(lambda body: in_scope(_listed(body.get("scope", []))))
    if query.geo is not None:
        matches, name = compile_geo(query.geo, query.context).matches, query.geo.geoproperty
        tests.append(lambda body: name in _SPACES and name in body and matches(body[name]))
    return tests


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _in_time(body: Mapping[str, Any], temporal: TemporalQuery) -> bool:
    """Sources of the present are asked without, those of history with a temporal query (5.10.2.4)."""
    if temporal.timerel is None:
        return "observationInterval" not in body and "managementInterval" not in body
    name = "observationInterval" if temporal.timeproperty == "observedAt" else "managementInterval"
    interval = body.get(name)
    if interval is None:
        return False
    start = parse_datetime(interval["startAt"])
    end = parse_datetime(interval["endAt"]) if "endAt" in interval else None
    if temporal.end_us is not None and start > temporal.end_us:
        return False
    return temporal.start_us is None or end is None or end >= temporal.start_us
