"""Histories → what clients read: normalized (4.5.6-4.5.8), temporal values (4.5.9), aggregated (4.5.19).

A history is an entity document in which each attribute has all its instances that are to be shown, in
the order they are to be shown; ``scope`` may be a list of instances of a Property too (4.5.6).
Attributes with several datasetIds, or that changed their type, become an array of objects, one for
each, with the datasetId beside the values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from samstad_ngsild.context import Context
from samstad_ngsild.document import CORE_MEMBERS, NULL, VALUE_MEMBER, EntityDocument, Instance
from samstad_ngsild.entities.evolution import PLURAL
from samstad_ngsild.entities.geometry import looks_like_geometry
from samstad_ngsild.entities.language import choose_language, parse_languages
from samstad_ngsild.entities.represent import Representation, renderer
from samstad_ngsild.errors import InvalidRequest
from samstad_ngsild.temporal.aggregation import CALCULATED, Aggregation, Series, aggregate_slices
from samstad_ngsild.temporal.periods import Periods, period_text
from samstad_ngsild.temporal.temporal_query import TemporalQuery, time_of
from samstad_ngsild.temporal.value_types import ValueType, aggregated_type, identity, value_type

__all__ = [
    "aggregate_instances",
    "represent_aggregated",
    "represent_aggregated_numbers",
    "represent_history",
    "represent_series",
    "represent_values",
]

_BEYOND = 2**63
_RELATIONSHIPS = frozenset({"Relationship", "ListRelationship"})
_ANY_TIME = ("observedAt", "deletedAt", "modifiedAt", "createdAt")
_PLAIN = Representation()


def represent_history(
    history: EntityDocument, context: Context, representation: Representation = _PLAIN
) -> dict[str, Any]:
    """Return the temporal representation (clause 4.5.6): every attribute is an array of instances.

    The representation's pick, omit, lang, dataset_ids and sys_attrs apply as for an entity. Its format
    ``simplified`` gives the simplified temporal one (``represent_values``): what is simplified for an entity
    has no times, and so no place for a second instance.
    """
    if representation.format == "simplified":
        return represent_values(history, context, representation)
    scopes = history.get("scope")
    is_timed = bool(scopes) and isinstance(scopes, list) and isinstance(scopes[0], dict)
    plain = representation
    if plain.format == "concise":
        plain = replace(representation, format="normalized")
    entity = renderer(context, plain)(history)
    for name, value in entity.items():
        if name not in CORE_MEMBERS and not isinstance(value, list):
            entity[name] = [value]
    if is_timed and "scope" in entity:
        entity["scope"] = [_scope_shown(scope, sys_attrs=representation.sys_attrs) for scope in scopes or ()]
    if representation.format == "concise":
        _make_concise(entity)
    return entity


_SYSTEM = frozenset({"createdAt", "modifiedAt"})


def _scope_shown(scope: Instance, *, sys_attrs: bool) -> dict[str, Any]:
    """Return an instance of a scope; one of several scopes is an array, one alone is a text (4.18)."""
    shown = {name: value for name, value in scope.items() if sys_attrs or name not in _SYSTEM}
    shown["value"] = _scope_value(scope)
    return shown


def _scope_value(scope: Instance) -> Any:
    value = scope["value"]
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _make_concise(entity: dict[str, Any]) -> None:
    """Leave out the types of instances; each stays an object, so that values in an array are not mistaken."""
    for name, instances in entity.items():
        if name in CORE_MEMBERS:
            continue
        for instance in instances:
            if not (instance["type"] == "Property" and looks_like_geometry(instance.get("value"))):
                del instance["type"]


def represent_values(
    history: EntityDocument,
    context: Context,
    representation: Representation = _PLAIN,
    *,
    timeproperty: str = "observedAt",
) -> dict[str, Any]:
    """Return the simplified temporal representation (clause 4.5.9): pairs of value and time.

    The time is that of ``timeproperty``; an instance without it shows another
    one that it has.
    """
    values = _values_of(context, representation.lang)

    def show(instances: list[Instance]) -> tuple[str, dict[str, Any]]:
        kind, member = instances[0]["type"], VALUE_MEMBER[instances[0]["type"]]
        if member == "languageMap" and representation.lang is not None:
            kind, member = "Property", "value"
        pairs = [[values(instance), _shown_time(instance, timeproperty)] for instance in instances]
        return kind, {PLURAL[member]: pairs}

    return _entity(history, context, representation, show)


def _shown_time(instance: Instance, timeproperty: str) -> str | None:
    for name in (timeproperty, *_ANY_TIME):
        text = instance.get(name)
        if text is not None:
            return str(text)
    return None


def _values_of(context: Context, lang: str | None) -> Callable[[Instance], Any]:
    languages = None if lang is None else parse_languages(lang)

    def value_of(instance: Instance) -> Any:
        member = VALUE_MEMBER[instance["type"]]
        value = instance.get(member)
        if member == "vocab" and value is not None and value != NULL:
            is_one = isinstance(value, str)
            return {"vocab": context.compact(value) if is_one else [context.compact(iri) for iri in value]}
        if member == "languageMap" and languages is not None:
            return choose_language(value, languages)[1] if isinstance(value, dict) and value else value
        return {member: value} if member in {"languageMap", "json", "vocab"} else value

    return value_of


def represent_aggregated(
    history: EntityDocument,
    context: Context,
    aggregation: Aggregation,
    query: TemporalQuery,
    *,
    representation: Representation = _PLAIN,
) -> dict[str, Any]:
    """Return the aggregated temporal representation (clause 4.5.19).

    Args:
        history: instances inside the interval of the query, in any order.
        context: compacts names.
        aggregation: methods and duration.
        query: its interval and temporal property.
        representation: ``pick``, ``omit`` and ``dataset_ids`` apply.

    Raises:
        InvalidRequest: none of the methods applies to an attribute that was asked for (clause 5.7.4.4).
    """

    def show(instances: list[Instance]) -> tuple[str, dict[str, Any]]:
        series = aggregate_instances(instances, aggregation, query)
        return _aggregated_kind(instances[0]["type"]), represent_series(series)

    requested = frozenset(map(context.compact, aggregation.requested))
    wanted = {name: value for name, value in history.items() if name != "scope"}
    entity = _entity(wanted, context, representation, show)
    for name in [
        name for name, value in entity.items() if name not in CORE_MEMBERS and not _has_series(value)
    ]:
        if name in requested:
            detail = f"None of {', '.join(aggregation.methods)} applies to the values of {name}."
            raise InvalidRequest(detail, pointer="aggrMethods")
        del entity[name]
    return entity


def represent_aggregated_numbers(
    head: EntityDocument,
    series: Mapping[str, Sequence[tuple[str | None, Series]]],
    context: Context,
    representation: Representation = _PLAIN,
) -> dict[str, Any]:
    """Return the aggregated temporal representation of series that ``aggregate_numbers`` calculated.

    Args:
        head: the core members of the entity.
        series: attribute → (datasetId, series) for each data set that is to be shown.
        context: compacts names.
        representation: ``pick`` and ``omit`` apply.
    """
    plain = replace(representation, format="normalized", dataset_ids=None)
    entity = renderer(context, plain)({**head, **{name: [_EMPTY] for name in series}})
    for name, groups in series.items():
        term = context.compact(name)
        if term in entity:
            shown = [
                {"type": "Property", **_dataset_member(dataset_id), **represent_series(each)}
                for dataset_id, each in groups
            ]
            entity[term] = shown[0] if len(shown) == 1 else shown
    return entity


def _dataset_member(dataset_id: str | None) -> dict[str, Any]:
    return {} if dataset_id is None else {"datasetId": dataset_id}


def _has_series(value: Any) -> bool:
    groups = value if isinstance(value, list) else [value]
    return any(isinstance(member, list) for group in groups for member in group.values())


def _aggregated_kind(attribute_type: str) -> str:
    return "Relationship" if attribute_type in _RELATIONSHIPS else "Property"


class _Texts(dict[int, str]):
    """Times as texts, each made once: methods share their periods, and periods their boundaries."""

    def __missing__(self, time_us: int) -> str:
        text = self[time_us] = period_text(time_us)
        return text


def represent_series(series: Series) -> dict[str, list[list[Any]]]:
    """Return a series as clause 4.5.19.0 shows it: value, beginning and end for each period.

    A value that JSON cannot show is left out: a sum of squares may exceed every number that it has. An
    integer beyond 64 bits is shown as the nearest number.
    """
    texts, finite = _Texts(), math.isfinite
    return {
        method: [
            [
                value if value.__class__ is not int or -_BEYOND <= value < _BEYOND else float(value),
                texts[begin],
                texts[end],
            ]
            for value, begin, end in periods
            if value.__class__ is not float or finite(value)
        ]
        for method, periods in series.items()
    }


def aggregate_instances(
    instances: Iterable[Instance], aggregation: Aggregation, query: TemporalQuery
) -> Series:
    """Return the aggregation of the instances of one attribute; methods that do not apply are absent."""
    timed: list[tuple[int, Instance, Any]] = []
    for instance in instances:
        moment = time_of(instance, query.timeproperty)
        value = instance.get(VALUE_MEMBER[instance["type"]])
        if moment is not None and value is not None and value not in (NULL, [NULL]):
            timed.append((moment, instance, value))
    if not timed:
        return {}
    timed.sort(key=_first)
    kind = aggregated_type((instance, value) for _, instance, value in timed)
    periods = Periods(aggregation.duration, query.start_us, query.end_us)
    slices = aggregate_slices([moment for moment, _, _ in timed], periods)
    series: Series = {}
    for method in aggregation.methods:
        if method in kind.methods:
            found = (
                (_calculated(method, kind, timed[low:high]), begin, end) for begin, end, low, high in slices
            )
            series[method] = [element for element in found if element[0] is not None]
    return series


def _first(timed: tuple[int, Instance, Any]) -> int:
    return timed[0]


def _calculated(method: str, kind: ValueType, timed: list[tuple[int, Instance, Any]]) -> Any:
    if method == "totalCount":
        return len(timed)
    if method == "distinctCount":
        return len({identity(value) for _, _, value in timed})
    measured = [
        kind.measure(value) for _, instance, value in timed if value_type(instance["type"], value) is kind
    ]
    return kind.result(method, CALCULATED[method](measured)) if measured else None


def _entity(
    history: EntityDocument,
    context: Context,
    representation: Representation,
    show: Callable[[list[Instance]], tuple[str, dict[str, Any]]],
) -> dict[str, Any]:
    """Return an entity whose attributes are shown by ``show``, one object for each type and datasetId."""
    core = {name: value for name, value in history.items() if name in CORE_MEMBERS and name != "scope"}
    attributes = {name: value for name, value in history.items() if name not in CORE_MEMBERS}
    # The renderer projects and compacts; each attribute goes through it as one empty instance.
    plain = replace(representation, format="normalized", dataset_ids=None)
    entity = renderer(context, plain)({**core, **{name: [_EMPTY] for name in attributes}})
    for name, instances in attributes.items():
        term = context.compact(name)
        if term not in entity:
            continue
        groups = _groups(instances, representation.dataset_ids)
        if not groups:
            del entity[term]
            continue
        shown = [_group(show, group) for group in groups]
        entity[term] = shown[0] if len(shown) == 1 else shown
    _add_scope(entity, history.get("scope"), representation, show)
    return entity


_EMPTY: Instance = {"type": "Property", "value": None}


def _group(
    show: Callable[[list[Instance]], tuple[str, dict[str, Any]]], instances: list[Instance]
) -> dict[str, Any]:
    kind, members = show(instances)
    return {"type": kind, **_dataset_member(instances[0].get("datasetId")), **members}


def _groups(instances: list[Instance], dataset_ids: frozenset[str] | None) -> list[list[Instance]]:
    groups: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances:
        dataset_id = instance.get("datasetId", "@none")
        if dataset_ids is None or dataset_id in dataset_ids:
            groups.setdefault((dataset_id, instance["type"]), []).append(instance)
    return list(groups.values())


def _add_scope(
    entity: dict[str, Any],
    scope: Any,
    representation: Representation,
    show: Callable[[list[Instance]], tuple[str, dict[str, Any]]],
) -> None:
    """Show the scope as a Property where it has instances (clause 4.5.6), and as it is otherwise."""
    if not scope or (representation.pick is not None and "scope" not in _names(representation.pick)):
        return
    if representation.omit is not None and "scope" in _names(representation.omit):
        return
    if isinstance(scope, list) and isinstance(scope[0], dict):
        entity["scope"] = _group(show, [{**each, "value": _scope_value(each)} for each in scope])
    else:
        entity["scope"] = scope[0] if isinstance(scope, list) and len(scope) == 1 else scope


def _names(selection: Any) -> frozenset[str]:
    names: frozenset[str] = selection if isinstance(selection, frozenset) else selection.names
    return names
