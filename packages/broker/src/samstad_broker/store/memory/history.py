"""The temporal index in memory."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from samstad_broker.domain.history import (
    Effect,
    Forgotten,
    Known,
    Outdated,
    Redacted,
    Replaced,
    Times,
    Written,
    effects_of,
    joins_dataset,
    number_of,
    redacted,
    replaced,
    times_of,
)
from samstad_broker.domain.rows import START, Position, Row
from samstad_broker.spi.history import HistoryEntity, HistorySelection, HistoryWindow, NumberSeries
from samstad_broker.spi.store import LogUnavailable
from samstad_ngsild.document import Instance

__all__ = ["MemoryHistoryIndex"]

_SLICE = 50
"""Rows between two chances for other tasks: about 2 ms (I5)."""


class _Kept(NamedTuple):
    instance: Instance
    times: Times


@dataclass(slots=True)
class _Entity:
    known: HistoryEntity
    attributes: dict[str, list[_Kept]] = field(default_factory=dict)


@dataclass(slots=True)
class _Data:
    """What is kept of one tenant and snapshot; keys stand in ascending order in each list."""

    by_id: dict[str, _Entity] = field(default_factory=dict)
    by_key: dict[int, _Entity] = field(default_factory=dict)
    keys: list[int] = field(default_factory=list)
    of_type: dict[str, list[int]] = field(default_factory=dict)
    of_attribute: dict[str, list[int]] = field(default_factory=dict)


class MemoryHistoryIndex:
    """Keeps the history in lists; it is built from the log again with every start.

    Args:
        keeps_deleted: whether the history of an entity that somebody deletes stays.
    """

    def __init__(self, *, keeps_deleted: bool = False) -> None:
        self._keeps_deleted = keeps_deleted
        self._data: dict[tuple[str, str], _Data] = {}
        self._next_key = 1
        self._cursor = START

    @property
    def cursor(self) -> Position:
        """The last row that the index holds."""
        return self._cursor

    async def recover(self, oldest: Position) -> None:
        """Do nothing: a log in memory holds all its rows.

        Raises:
            LogUnavailable: the log is another one, and has given rows up.
        """
        if self._cursor < oldest and oldest.number > 0:
            raise LogUnavailable(
                f"The log has no rows before {oldest}: an index in memory needs all of them."
            )

    async def apply(self, rows: Sequence[Row]) -> None:
        """Take in rows in the order of the log; those at or before the cursor are passed over."""
        for count, row in enumerate(rows):
            if row.position > self._cursor:
                for effect in effects_of(row, keeps_deleted=self._keeps_deleted):
                    self._take(row, effect)
                self._cursor = row.position
            if count % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)

    def _take(self, row: Row, effect: Effect) -> None:
        data = self._data.setdefault((row.tenant, row.snapshot), _Data())
        if isinstance(effect, Known):
            self._know(data, row.subject, effect)
        elif isinstance(effect, Outdated):
            _outdate(data, effect)
        elif (entity := data.by_id.get(row.subject)) is not None:
            _CHANGE[type(effect)](data, entity, effect)

    def _know(self, data: _Data, entity_id: str, effect: Known) -> None:
        entity = data.by_id.get(entity_id)
        if entity is None:
            entity = _Entity(HistoryEntity(self._next_key, entity_id, (), None, None))
            self._next_key += 1
            data.by_id[entity_id] = data.by_key[entity.known.key] = entity
            data.keys.append(entity.known.key)
        known = entity.known
        new = [name for name in effect.types if name not in known.types]
        for name in new:
            insort(data.of_type.setdefault(name, []), known.key)
        ended = None if effect.is_alive else known.deleted_at
        entity.known = known._replace(
            types=(*known.types, *new),
            created_at=known.created_at or effect.created_at,
            modified_at=effect.modified_at or known.modified_at,
            deleted_at=effect.deleted_at or ended,
        )

    async def find(self, tenant: str, snapshot: str, entity_id: str) -> HistoryEntity | None:
        """Return what the history knows of an entity, or None."""
        entity = self._of(tenant, snapshot).by_id.get(entity_id)
        return None if entity is None else entity.known

    def _of(self, tenant: str, snapshot: str) -> _Data:
        return self._data.get((tenant, snapshot)) or _Data()

    async def list_entities(
        self, tenant: str, snapshot: str, selection: HistorySelection, *, after: int, limit: int
    ) -> Sequence[HistoryEntity]:
        """Return up to ``limit`` entities with a key above ``after``, in order of key."""
        data = self._of(tenant, snapshot)
        entities = (data.by_key[key] for key in _candidates(data, selection, after))
        return [entity.known for entity in islice(_selected(entities, selection), limit)]

    async def read(
        self, entities: Sequence[HistoryEntity], window: HistoryWindow
    ) -> Sequence[Mapping[str, list[Instance]]]:
        """Return for each entity its attributes' instances in the window."""
        return [_windowed(self._attributes(entity), window) for entity in entities]

    async def read_numbers(
        self, entity: HistoryEntity, window: HistoryWindow
    ) -> Sequence[NumberSeries] | None:
        """Return the window as series of numbers, or None when any instance in it is not one."""
        found: dict[tuple[str, str | None], list[tuple[int, float]]] = {}
        for name, kept in _in_window(self._attributes(entity), window):
            for time_us, instance in kept:
                number = number_of(instance)
                if number is None:
                    return None
                found.setdefault((name, instance.get("datasetId")), []).append((time_us, number))
        return [
            NumberSeries(
                *key, array("q", [time for time, _ in pairs]), array("d", [number for _, number in pairs])
            )
            for key, pairs in found.items()
        ]

    async def find_instance(self, entity: HistoryEntity, attribute: str, instance_id: str) -> Instance | None:
        """Return one instance of an attribute by its id, or None."""
        for instance, _ in self._attributes(entity).get(attribute, ()):
            if instance["instanceId"] == instance_id:
                return dict(instance)
        return None

    async def has_attribute(self, entity: HistoryEntity, attribute: str, dataset_id: str | None) -> bool:
        """Whether the history holds an instance of the attribute, of one dataset (None: of any)."""
        kept = self._attributes(entity).get(attribute, ())
        return any(joins_dataset(instance, dataset_id) for instance, _ in kept)

    def _attributes(self, entity: HistoryEntity) -> dict[str, list[_Kept]]:
        for data in self._data.values():
            if entity.key in data.by_key:
                return data.by_key[entity.key].attributes
        return {}

    def figures(self) -> Mapping[str, Any]:
        """Return sizes and the cursor."""
        entities = [entity for data in self._data.values() for entity in data.by_id.values()]
        return {
            "kind": "memory",
            "cursor": str(self._cursor),
            "entities": len(entities),
            "instances": sum(len(kept) for entity in entities for kept in entity.attributes.values()),
        }


def _candidates(data: _Data, selection: HistorySelection, after: int) -> Iterable[int]:
    """Yield the keys above ``after`` that the narrowest given member of the selection allows."""
    if selection.ids:
        entities = (data.by_id.get(entity_id) for entity_id in selection.ids)
        keys = {entity.known.key for entity in entities if entity is not None}
        return sorted(key for key in keys if key > after)
    if selection.types:
        return _united(data.of_type, selection.types, after)
    if selection.attributes:
        return _united(data.of_attribute, selection.attributes, after)
    return _above(data.keys, after)


def _united(lists: Mapping[str, list[int]], names: Iterable[str], after: int) -> Iterator[int]:
    last = after
    for key in merge(*(_above(lists.get(name, ()), after) for name in set(names))):
        if key != last:
            yield key
        last = key


def _above(keys: Sequence[int], after: int) -> Iterator[int]:
    return (keys[index] for index in range(bisect_right(keys, after), len(keys)))


def _selected(entities: Iterable[_Entity], selection: HistorySelection) -> Iterator[_Entity]:
    types, attributes = set(selection.types), set(selection.attributes)
    for entity in entities:
        if types and types.isdisjoint(entity.known.types):
            continue
        if attributes and attributes.isdisjoint(entity.attributes):
            continue
        yield entity


_Timed = list[tuple[int, Instance]]


def _in_window(attributes: Mapping[str, list[_Kept]], window: HistoryWindow) -> Iterator[tuple[str, _Timed]]:
    """Yield each attribute in the window with its instances in ascending order of time."""
    for name, kept in attributes.items():
        if window.attributes is not None and name not in window.attributes:
            continue
        timed = [
            (time_us, instance)
            for instance, times in kept
            if (time_us := getattr(times, window.timeproperty)) is not None
            and (window.start_us is None or time_us >= window.start_us)
            and (window.end_us is None or time_us < window.end_us)
            and (window.dataset_ids is None or _is_of(instance, window.dataset_ids))
        ]
        if timed:
            timed.sort(key=_time_us)
            yield name, timed


def _is_of(instance: Instance, dataset_ids: Iterable[str]) -> bool:
    return any(joins_dataset(instance, dataset_id) for dataset_id in dataset_ids)


def _time_us(timed: tuple[int, Instance]) -> int:
    return timed[0]


def _windowed(attributes: Mapping[str, list[_Kept]], window: HistoryWindow) -> dict[str, list[Instance]]:
    found = {}
    for name, timed in _in_window(attributes, window):
        if window.latest:
            timed.reverse()
        found[name] = [dict(instance) for _, instance in timed[: window.most]]
    return found


def _write(data: _Data, entity: _Entity, effect: Written) -> None:
    _, attribute, instance = effect
    kept = entity.attributes.get(attribute)
    if kept is None:
        kept = entity.attributes[attribute] = []
        insort(data.of_attribute.setdefault(attribute, []), entity.known.key)
    kept.append(_Kept(instance, times_of(instance)))


def _replace(_data: _Data, entity: _Entity, effect: Replaced) -> None:
    kept = entity.attributes.get(effect.attribute, [])
    for index, (instance, _) in enumerate(kept):
        if instance["instanceId"] == effect.instance_id:
            new = replaced(instance, effect.instance)
            kept[index] = _Kept(new, times_of(new))


def _forget(data: _Data, entity: _Entity, effect: Forgotten) -> None:
    if effect.attribute is None:
        _forget_entity(data, entity)
        return

    def stays(kept: _Kept) -> bool:
        if effect.instance_id is not None:
            return bool(kept.instance["instanceId"] != effect.instance_id)
        return not joins_dataset(kept.instance, effect.dataset_id)

    _keep(data, entity, effect.attribute, stays)


def _forget_entity(data: _Data, entity: _Entity) -> None:
    for attribute in list(entity.attributes):
        _keep(data, entity, attribute, lambda _: False)
    key = entity.known.key
    for name in entity.known.types:
        _take_out(data.of_type, name, key)
    del data.by_key[key], data.by_id[entity.known.entity_id]
    del data.keys[bisect_left(data.keys, key)]


def _keep(data: _Data, entity: _Entity, attribute: str, stays: Callable[[_Kept], bool]) -> None:
    kept = [one for one in entity.attributes.get(attribute, ()) if stays(one)]
    if kept:
        entity.attributes[attribute] = kept
    elif entity.attributes.pop(attribute, None) is not None:
        _take_out(data.of_attribute, attribute, entity.known.key)


def _take_out(lists: dict[str, list[int]], name: str, key: int) -> None:
    keys = lists[name]
    del keys[bisect_left(keys, key)]
    if not keys:
        del lists[name]


def _outdate(data: _Data, effect: Outdated) -> None:
    def stays(kept: _Kept) -> bool:
        return any(time is not None and time >= effect.before_us for time in kept.times)

    for entity in list(data.by_id.values()):
        if effect.entity_id not in (None, entity.known.entity_id):
            continue
        if effect.types and set(effect.types).isdisjoint(entity.known.types):
            continue
        for attribute in list(entity.attributes):
            if effect.attributes is None or attribute in effect.attributes:
                _keep(data, entity, attribute, stays)
        if entity.known.deleted_at is not None and not entity.attributes:
            _forget_entity(data, entity)


def _redact(_data: _Data, entity: _Entity, effect: Redacted) -> None:
    for attribute, kept in entity.attributes.items():
        if effect.attributes is None or attribute in effect.attributes:
            new = [redacted(instance, effect.at) for instance, _ in kept]
            entity.attributes[attribute] = [_Kept(instance, times_of(instance)) for instance in new]


_CHANGE: dict[type, Callable[[_Data, _Entity, Any], None]] = {
    Written: _write,
    Replaced: _replace,
    Forgotten: _forget,
    Redacted: _redact,
}
