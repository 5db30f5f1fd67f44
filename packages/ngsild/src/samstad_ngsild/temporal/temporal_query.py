"""Temporal queries (clauses 4.11, 5.2.21): which instances of a history are asked for.

Bounds are those of the clause: before is exclusive, after inclusive, between includes its beginning and not
its end. An instance without the temporal property is not in any interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from samstad_ngsild.document import Instance
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import BadRequestData

__all__ = [
    "MAX_LAST_N",
    "TIME_PROPERTIES",
    "TemporalQuery",
    "parse_temporal_body",
    "parse_temporal_params",
    "time_of",
]

TIME_PROPERTIES = ("observedAt", "createdAt", "modifiedAt", "deletedAt")
MAX_LAST_N = 1_000_000
_RELATIONS = ("before", "after", "between")
_MEMBERS = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN")
_AGGREGATION_MEMBERS = frozenset({"aggrMethods", "aggrPeriodDuration"})


@dataclass(frozen=True, slots=True)
class TemporalQuery:
    """An interval on a temporal property, and how many instances of it.

    Attributes:
        timerel: ``before``, ``after`` or ``between``; None: all times.
        time_at, end_time_at: as the caller wrote them.
        start_us: the first microsecond that is inside, since 1970 UTC; None: open.
        end_us: the first that is not; None: open.
        timeproperty: one of ``TIME_PROPERTIES``.
        last_n: only the last instances, for each attribute of each entity.
    """

    timerel: str | None = None
    time_at: str | None = None
    end_time_at: str | None = None
    start_us: int | None = None
    end_us: int | None = None
    timeproperty: str = "observedAt"
    last_n: int | None = None

    def includes(self, time_us: int) -> bool:
        """Tell whether a time lies in the interval."""
        return (self.start_us is None or time_us >= self.start_us) and (
            self.end_us is None or time_us < self.end_us
        )

    def select(self, instances: Iterable[Instance]) -> list[Instance]:
        """Return the instances of one attribute that are asked for.

        In ascending order of time; with ``last_n`` the last ones in descending order (clause 5.7.4.4).
        Instances of one time keep their order.
        """
        found = []
        for instance in instances:
            moment = time_of(instance, self.timeproperty)
            if moment is not None and self.includes(moment):
                found.append((moment, instance))
        found.sort(key=_moment, reverse=self.last_n is not None)
        return [instance for _, instance in found[: self.last_n]]


def _moment(pair: tuple[int, Instance]) -> int:
    return pair[0]


def time_of(instance: Instance, timeproperty: str) -> int | None:
    """Return an instance's temporal property in µs since 1970 UTC; None where it has none."""
    text = instance.get(timeproperty)
    return None if text is None else parse_datetime(text)


def parse_temporal_params(params: Mapping[str, str], *, required: bool = False) -> TemporalQuery:
    """Return the temporal query in URL parameters; others are left alone.

    Args:
        params: decoded name to value.
        required: clause 5.7.4.4 wants a temporal query (retrieval of one entity, 5.7.3, does not).

    Raises:
        BadRequestData: a parameter is missing or wrong; ``pointer`` names it.
    """
    last_n = params.get("lastN")
    if last_n is not None and not (last_n.isascii() and last_n.isdigit() and len(last_n) < 10):
        raise BadRequestData("lastN is a positive integer with 9 digits at most.", pointer="lastN")
    given: dict[str, Any] = {name: params[name] for name in _MEMBERS if name in params}
    if last_n is not None:
        given["lastN"] = int(last_n)
    return _parsed(given, pointer="", required=required)


def parse_temporal_body(value: Any, *, pointer: str = "/temporalQ/", required: bool = True) -> TemporalQuery:
    """Return the temporal query in a ``temporalQ`` object (clause 5.2.21); its aggregation is read elsewhere.

    Raises:
        BadRequestData: as ``parse_temporal_params``, with JSON pointers.
    """
    if value is None and not required:
        return TemporalQuery()
    if not isinstance(value, dict):
        raise BadRequestData("A temporal query is an object with timerel and timeAt.", pointer=pointer[:-1])
    for name in value:
        if name not in _MEMBERS and name not in _AGGREGATION_MEMBERS:
            raise BadRequestData(f"{name!r:.80} is no member of a temporal query.", pointer=pointer + name)
    return _parsed(value, pointer=pointer, required=required)


def _parsed(given: Mapping[str, Any], *, pointer: str, required: bool) -> TemporalQuery:
    timerel = given.get("timerel")
    start, end = _interval(given, pointer)
    if timerel is None and required:
        detail = f"A temporal query is needed: timerel ({', '.join(_RELATIONS)}) and timeAt."
        raise BadRequestData(detail, pointer=pointer + "timerel")
    timeproperty = given.get("timeproperty", "observedAt")
    if timeproperty not in TIME_PROPERTIES:
        detail = f"{timeproperty!r:.80} is no timeproperty; use one of {', '.join(TIME_PROPERTIES)}."
        raise BadRequestData(detail, pointer=pointer + "timeproperty")
    last_n = given.get("lastN")
    if last_n is not None and (type(last_n) is not int or not 0 < last_n <= MAX_LAST_N):
        raise BadRequestData(f"lastN is an integer from 1 to {MAX_LAST_N}.", pointer=pointer + "lastN")
    return TemporalQuery(
        timerel, given.get("timeAt"), given.get("endTimeAt"), start, end, timeproperty, last_n
    )


def _interval(given: Mapping[str, Any], pointer: str) -> tuple[int | None, int | None]:
    """Return the interval as half-open bounds."""
    timerel = given.get("timerel")
    if timerel is None:
        for name in ("timeAt", "endTimeAt"):
            if name in given:
                raise BadRequestData(f"{name} needs timerel.", pointer=pointer + name)
        return None, None
    if timerel not in _RELATIONS:
        detail = f"{timerel!r:.80} is no timerel; use one of {', '.join(_RELATIONS)}."
        raise BadRequestData(detail, pointer=pointer + "timerel")
    at = _moment_of(given, "timeAt", pointer)
    if timerel != "between":
        if "endTimeAt" in given:
            raise BadRequestData("endTimeAt is for timerel=between only.", pointer=pointer + "endTimeAt")
        return (None, at) if timerel == "before" else (at, None)
    end = _moment_of(given, "endTimeAt", pointer)
    if end < at:
        raise BadRequestData("endTimeAt lies before timeAt.", pointer=pointer + "endTimeAt")
    return at, end


def _moment_of(given: Mapping[str, Any], name: str, pointer: str) -> int:
    if name not in given:
        raise BadRequestData(f"timerel={given['timerel']} needs {name}.", pointer=pointer + name)
    return parse_datetime(given[name], pointer=pointer + name)
