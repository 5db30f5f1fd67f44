"""From NGSI-LD entities, normalized and with the city's names, to what the console keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from samstad_console.domain.condition import SEVERITY_CONDITION, Condition, own_condition
from samstad_console.domain.thing import Thing

__all__ = ["ALERT", "OpenAlert", "alert_of", "is_gone", "thing_of", "types_of"]

ALERT = "Alert"
_CORE = frozenset({"id", "type", "@context", "createdAt", "modifiedAt", "scope", "name", "location"})
_MOST_VALUES = 8
_LONGEST = 80


class OpenAlert(msgspec.Struct, frozen=True):
    """An alert that is active and not suspended, as the thing that it is about feels it."""

    id: str
    source: str
    condition: Condition


def types_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the types of an entity."""
    types = document.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def is_gone(document: Mapping[str, Any]) -> bool:
    """Whether a notification tells that the entity was deleted (clause 5.3.1)."""
    return "deletedAt" in document


def thing_of(document: Mapping[str, Any]) -> Thing | None:
    """Return what the console keeps of an entity; None where it has no place that can be shown."""
    place = _place(document.get("location"))
    types = types_of(document)
    if place is None or not types:
        return None
    values = dict(_values(document))
    return Thing(
        id=document["id"],
        type=types[0],
        types=types,
        names=_names(document.get("name")),
        longitude=place[0],
        latitude=place[1],
        own=own_condition(values),
        observed_at=max(_observed(document), default=""),
        values=dict(list(values.items())[:_MOST_VALUES]),
    )


def alert_of(document: Mapping[str, Any]) -> OpenAlert | None:
    """Return an alert that makes the thing it is about look worse; None for any other."""
    source = _first(document.get("alertSource"), "object")
    active = _first(document.get("active"), "value")
    suspended = _first(document.get("suspended"), "value")
    if not isinstance(source, str) or active is not True or suspended is True:
        return None
    severity = _first(document.get("severity"), "value")
    return OpenAlert(document["id"], source, SEVERITY_CONDITION.get(str(severity), Condition.NOTICE))


def _instances(attribute: Any) -> Iterator[Mapping[str, Any]]:
    found = attribute if isinstance(attribute, list) else [attribute]
    return (one for one in found if isinstance(one, dict))


def _first(attribute: Any, member: str) -> Any:
    return next((one.get(member) for one in _instances(attribute)), None)


def _place(location: Any) -> tuple[float, float] | None:
    """Return the middle of a geometry's positions."""
    geometry = _first(location, "value")
    positions = list(_positions(geometry.get("coordinates"))) if isinstance(geometry, dict) else []
    if not positions:
        return None
    longitude = sum(one[0] for one in positions) / len(positions)
    latitude = sum(one[1] for one in positions) / len(positions)
    return (longitude, latitude) if abs(longitude) <= 180 and abs(latitude) <= 90 else None


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not isinstance(coordinates, list):
        return
    if len(coordinates) > 1 and all(isinstance(one, int | float) for one in coordinates):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for one in coordinates:
        yield from _positions(one)


def _names(attribute: Any) -> dict[str, str]:
    for one in _instances(attribute):
        languages = one.get("languageMap")
        if isinstance(languages, dict):
            return {tag: text for tag, text in languages.items() if isinstance(text, str)}
        if isinstance(one.get("value"), str):
            return {"": one["value"]}
    return {}


def _values(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, attribute in document.items():
        if name in _CORE:
            continue
        value = _first(attribute, "value")
        if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST):
            yield name, value


def _observed(document: Mapping[str, Any]) -> Iterable[str]:
    for name, attribute in document.items():
        if name not in _CORE:
            yield from (one["observedAt"] for one in _instances(attribute) if "observedAt" in one)
