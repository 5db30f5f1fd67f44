"""Taking rows of the log into the temporal index: one transaction for many rows, few statements for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import apsw
import orjson

from samstad_broker.domain.history import (
    Effect,
    Forgotten,
    Known,
    Outdated,
    Redacted,
    Replaced,
    Written,
    effects_of,
    number_of,
    redacted,
    replaced,
    time_us,
)
from samstad_broker.domain.instance_ids import instance_place
from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.history import HistoryEntity, HistorySelection
from samstad_broker.store.sqlite.history.known import history_entity
from samstad_broker.store.sqlite.history.names import Names
from samstad_broker.store.sqlite.history.reading import NO_TIME_US, Space, list_entities
from samstad_broker.store.sqlite.many_rows import ManyRows
from samstad_broker.store.sqlite.queries import load_queries
from samstad_ngsild.document import Instance

__all__ = ["HistoryWriting"]

_QUERIES = load_queries("temporal")
_PUT_ENTITIES = ManyRows(_QUERIES["put_entity"])
_ADD_TYPES = ManyRows(_QUERIES["add_type"])
_ADD_ATTRIBUTES = ManyRows(_QUERIES["add_attribute"])
_ADD_INSTANCES = ManyRows(_QUERIES["add_instance"])
_MOST_KNOWN = 50_000
_OUTDATED_SLICE = 200
_SLICE = 500


class _Entity:
    """What the writing knows of one entity."""

    __slots__ = ("attributes", "known", "space")

    def __init__(self, known: HistoryEntity, space: int) -> None:
        self.known = known
        self.space = space
        self.attributes: set[int] = set()


class HistoryWriting:
    """Writes the effects of rows; everything here happens in the lane of the writing connection.

    Args:
        keeps_deleted: whether the history of an entity that somebody deletes stays.
    """

    def __init__(self, *, keeps_deleted: bool) -> None:
        self._keeps_deleted = keeps_deleted
        self._names = Names(_QUERIES)
        self._entities: dict[tuple[int, str], _Entity] = {}
        self._changed: dict[int, _Entity] = {}
        self._last_key: int | None = None
        self._types: list[tuple[int, int, int, int]] = []
        self._attributes: list[tuple[int, int, int]] = []
        self._instances: list[tuple[Any, ...]] = []
        self._changes: dict[type, Callable[[apsw.Cursor, _Entity, Any], None]] = {
            Replaced: self._replace,
            Redacted: self._redact,
            Forgotten: self._forget,
        }

    def forget(self) -> None:
        """Begin anew, after a transaction was rolled back."""
        self._names.forget()
        self._entities.clear()
        self._changed.clear()
        self._last_key = None
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        self._types.clear()
        self._attributes.clear()
        self._instances.clear()

    def take(self, cursor: apsw.Cursor, rows: Sequence[Row]) -> None:
        """Write what rows mean, and the cursor after the last of them."""
        self.take_effects(cursor, [(row, effects_of(row, keeps_deleted=self._keeps_deleted)) for row in rows])

    def take_effects(self, cursor: apsw.Cursor, taken: Sequence[tuple[Row, Iterable[Effect]]]) -> None:
        """Write the effects of rows, whose payloads do not matter, and the cursor after the last of them."""
        if len(self._entities) > _MOST_KNOWN:
            self._entities.clear()
        for row, effects in taken:
            self._take_row(cursor, row, effects)
        self._flush(cursor)
        cursor.execute(_QUERIES["put_cursor"], taken[-1][0].position)

    def _take_row(self, cursor: apsw.Cursor, row: Row, effects: Iterable[Effect]) -> None:
        space: int | None = None
        entity: _Entity | None = None
        for effect in effects:
            if space is None:
                space = self._names.add_space(cursor, row.tenant, row.snapshot)
            if isinstance(effect, Known):
                entity = self._know(cursor, space, row.subject, effect)
            elif isinstance(effect, Outdated):
                self._flush(cursor)
                self._outdate(cursor, row, effect)
            elif entity is not None or (entity := self._find(cursor, space, row.subject)) is not None:
                if isinstance(effect, Written):
                    self._write(cursor, row.position, entity, effect)
                else:
                    self._flush(cursor)
                    self._changes[type(effect)](cursor, entity, effect)

    def _find(self, cursor: apsw.Cursor, space: int, entity_id: str) -> _Entity | None:
        entity = self._entities.get((space, entity_id))
        if entity is None:
            found = cursor.execute(_QUERIES["find_entity"], (entity_id, space)).fetchone()
            if found is not None:
                entity = self._entities[space, entity_id] = _Entity(history_entity(found), space)
                entity.attributes.update(number for number, _ in _attributes_of(cursor, entity.known.key))
        return entity

    def _know(self, cursor: apsw.Cursor, space: int, entity_id: str, effect: Known) -> _Entity:
        entity = self._find(cursor, space, entity_id)
        if entity is None:
            key = self._new_key(cursor)
            entity = _Entity(HistoryEntity(key, entity_id, (), None, None), space)
            self._entities[space, entity_id] = entity
        key, _, types, created_at, modified_at, deleted_at = entity.known
        for name in effect.types:
            if name not in types:
                self._types.append((space, self._names.add(cursor, name), key, len(types)))
                types = (*types, name)
        ended = None if effect.is_alive else deleted_at
        entity.known = HistoryEntity(
            key,
            entity_id,
            types,
            created_at or effect.created_at,
            effect.modified_at or modified_at,
            effect.deleted_at or ended,
        )
        self._changed[key] = entity
        return entity

    def _new_key(self, cursor: apsw.Cursor) -> int:
        """Return a key that no entity has ever had."""
        if self._last_key is None:
            row = cursor.execute(_QUERIES["last_entity_key"]).fetchone()
            self._last_key = cast("tuple[int]", row)[0]
        self._last_key += 1
        return self._last_key

    def _write(self, cursor: apsw.Cursor, position: Position, entity: _Entity, effect: Written) -> None:
        attribute = self._names.add(cursor, effect.attribute)
        if attribute not in entity.attributes:
            entity.attributes.add(attribute)
            self._attributes.append((entity.space, attribute, entity.known.key))
        place = (*position, effect.ordinal)
        of = (entity.known.key, attribute)
        self._instances.append(_columns(cursor, self._names, of, place, effect.instance))

    def _flush(self, cursor: apsw.Cursor) -> None:
        """Write what waits: rows that come together cost few statements."""
        known = [(entity.space, entity.known) for entity in self._changed.values()]
        _PUT_ENTITIES.run(cursor, [(one.key, space, one.entity_id, *one[3:]) for space, one in known])
        self._changed.clear()
        _ADD_TYPES.run(cursor, self._types)
        _ADD_ATTRIBUTES.run(cursor, self._attributes)
        _ADD_INSTANCES.run(cursor, self._instances)
        self._drop_waiting()

    def _replace(self, cursor: apsw.Cursor, entity: _Entity, effect: Replaced) -> None:
        attribute = self._names.find(cursor, effect.attribute)
        place = instance_place(effect.instance_id)
        if attribute is None or place is None:
            return
        where = (*place[0], place[1])
        found = cursor.execute(_QUERIES["instance_at"], (*where, entity.known.key, attribute)).fetchone()
        if found is not None:
            observed_us, body = found
            self._rewrite(
                cursor,
                (entity.known.key, attribute, observed_us, *where),
                replaced(orjson.loads(cast("str", body)), effect.instance),
            )

    def _rewrite(self, cursor: apsw.Cursor, key: tuple[Any, ...], instance: Instance) -> None:
        cursor.execute(_QUERIES["forget_instance"], key)
        entity, attribute, _, *place = key
        columns = _columns(cursor, self._names, (entity, attribute), place, instance)
        cursor.execute(_QUERIES["add_instance"], columns)

    def _redact(self, cursor: apsw.Cursor, entity: _Entity, effect: Redacted) -> None:
        for attribute, name in _attributes_of(cursor, entity.known.key):
            if effect.attributes is None or name in effect.attributes:
                self._redact_attribute(cursor, (entity.known.key, attribute), effect.at)

    def _redact_attribute(self, cursor: apsw.Cursor, of: tuple[int, int], at: str) -> None:
        """Rewrite an attribute's instances, in slices: there may be millions."""
        after: Sequence[Any] = (NO_TIME_US - 1, 0, 0, 0)
        while found := cursor.execute(_QUERIES["instances_after"], (*of, *after, _SLICE)).fetchall():
            for observed_us, *place, body in cast("list[tuple[Any, ...]]", found):
                self._rewrite(cursor, (*of, observed_us, *place), redacted(orjson.loads(body), at))
            after = found[-1][:4]

    def _forget(self, cursor: apsw.Cursor, entity: _Entity, effect: Forgotten) -> None:
        if effect.attribute is None:
            self._forget_entity(cursor, entity)
            return
        attribute = self._names.find(cursor, effect.attribute)
        if attribute is None:
            return
        key = entity.known.key
        if effect.instance_id is not None:
            self._forget_instance(cursor, (key, attribute), effect.instance_id)
        elif effect.dataset_id is None:
            cursor.execute(_QUERIES["forget_attribute"], (key, attribute))
        else:
            dataset = self._names.dataset(cursor, effect.dataset_id)
            cursor.execute(_QUERIES["forget_dataset"], (key, attribute, dataset))
        self._tidy(cursor, entity, attribute)

    @staticmethod
    def _forget_instance(cursor: apsw.Cursor, of: tuple[int, int], text: str) -> None:
        place = instance_place(text)
        if place is None:
            return
        where = (*place[0], place[1])
        found = cursor.execute(_QUERIES["instance_at"], (*where, *of)).fetchone()
        if found is not None:
            cursor.execute(_QUERIES["forget_instance"], (*of, found[0], *where))

    def _tidy(self, cursor: apsw.Cursor, entity: _Entity, attribute: int) -> None:
        """Forget that an entity has an attribute of which nothing is left."""
        of = (entity.known.key, attribute)
        if not cast("tuple[int]", cursor.execute(_QUERIES["has_instances"], of).fetchone())[0]:
            cursor.execute(_QUERIES["forget_entity_attribute"], of)
            entity.attributes.discard(attribute)

    def _forget_entity(self, cursor: apsw.Cursor, entity: _Entity) -> None:
        key = entity.known.key
        for attribute, _ in _attributes_of(cursor, key):
            cursor.execute(_QUERIES["forget_attribute"], (key, attribute))
            cursor.execute(_QUERIES["forget_entity_attribute"], (key, attribute))
        cursor.execute(_QUERIES["forget_entity_types"], (key,))
        cursor.execute(_QUERIES["forget_entity"], (key,))
        del self._entities[entity.space, entity.known.entity_id]
        self._changed.pop(key, None)

    def _outdate(self, cursor: apsw.Cursor, row: Row, effect: Outdated) -> None:
        space = self._names.add_space(cursor, row.tenant, row.snapshot)
        ids = () if effect.entity_id is None else (effect.entity_id,)
        selection = HistorySelection(ids=ids, types=effect.types)
        after = 0
        of = Space(cursor.connection, self._names, space)
        while page := list_entities(of, selection, after=after, limit=_OUTDATED_SLICE):
            for known in page:
                entity = self._find(cursor, space, known.entity_id)
                if entity is not None:
                    self._outdate_entity(cursor, entity, effect)
            after = page[-1].key

    def _outdate_entity(self, cursor: apsw.Cursor, entity: _Entity, effect: Outdated) -> None:
        key = entity.known.key
        for attribute, name in _attributes_of(cursor, key):
            if effect.attributes is None or name in effect.attributes:
                cursor.execute(_QUERIES["forget_outdated"], (key, attribute, effect.before_us))
                self._tidy(cursor, entity, attribute)
        if entity.known.deleted_at is not None and not entity.attributes:
            self._forget_entity(cursor, entity)


def _attributes_of(cursor: apsw.Cursor, key: int) -> list[tuple[int, str]]:
    return cast("list[tuple[int, str]]", cursor.execute(_QUERIES["attributes_of"], (key,)).fetchall())


def _columns(
    cursor: apsw.Cursor, names: Names, of: tuple[int, int], place: Sequence[int], instance: Instance
) -> tuple[Any, ...]:
    """Return the row of an instance of an entity's attribute; its place gives its id, which is not kept."""
    instance.pop("instanceId", None)
    get = instance.get
    number = number_of(instance)
    return (
        *of,
        time_us(get("observedAt"), NO_TIME_US),
        *place,
        names.dataset(cursor, get("datasetId")),
        time_us(get("createdAt"), NO_TIME_US),
        time_us(get("modifiedAt"), NO_TIME_US),
        time_us(get("deletedAt"), None),
        None if number is None else orjson.dumps(number).decode(),
        orjson.dumps(instance).decode(),
    )
