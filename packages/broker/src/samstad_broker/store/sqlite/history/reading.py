"""Reading the temporal index: each answer is one value of one row, so that a busy loop delays it once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from typing import Any, NamedTuple, cast

import apsw
import orjson

from samstad_broker.spi.history import HistoryEntity, HistorySelection, HistoryWindow, NumberSeries
from samstad_broker.store.sqlite.history.known import history_entity
from samstad_broker.store.sqlite.history.names import DEFAULT_DATASET_ID, Names
from samstad_broker.store.sqlite.queries import load_queries
from samstad_ngsild.document import Instance

__all__ = ["NO_TIME_US", "Space", "list_entities", "read_numbers", "read_window"]

_QUERIES = load_queries("temporal")

NO_TIME_US = -(2**62)
"""Stands for no time, before every time."""
_FIRST_US, _LAST_US = NO_TIME_US + 1, 2**62
_ALL = -1

_COLUMNS = {
    "observedAt": "observed_us",
    "createdAt": "created_us",
    "modifiedAt": "modified_us",
    "deletedAt": "deleted_us",
}
_WINDOWS = {
    (timeproperty, latest): _QUERIES["window"].replace("$TIME", column).replace("$ORDER", order)
    for timeproperty, column in _COLUMNS.items()
    for latest, order in ((False, "ASC"), (True, "DESC"))
}
_NUMBERS = {name: _QUERIES["numbers"].replace("$TIME", column) for name, column in _COLUMNS.items()}
_DATASETS = {name: _QUERIES["dataset_numbers"].replace("$TIME", col) for name, col in _COLUMNS.items()}


class Space(NamedTuple):
    """The data of one tenant and snapshot, seen over a connection."""

    connection: apsw.Connection
    names: Names
    number: int

    def find(self, entity_id: str) -> HistoryEntity | None:
        """Return an entity by its id, or None."""
        bound = (entity_id, self.number)
        row = self.connection.execute(_QUERIES["find_entity"], bound).fetchone()
        return None if row is None else history_entity(row)


def list_entities(
    space: Space, selection: HistorySelection, *, after: int, limit: int
) -> list[HistoryEntity]:
    """Return up to ``limit`` entities of a space with a key above ``after``, in order of key."""
    if selection.ids:
        found = (space.find(entity_id) for entity_id in set(selection.ids))
        chosen = (entity for entity in found if entity is not None and entity.key > after)
        return sorted(entity for entity in chosen if _fits(space, entity, selection))[:limit]
    if not (selection.types or selection.attributes):
        return _listed(space, "all_entities", (after, limit))
    connection, names, _ = space
    more: tuple[str | None, ...] = ()
    if selection.types:
        attributes = names.find_all(connection, selection.attributes) if selection.attributes else None
        statement, wanted = "entities_of_type", set(selection.types)
        more = (attributes,)
    else:
        statement, wanted = "entities_of_attribute", set(selection.attributes)
    numbers = (names.find(connection, name) for name in wanted)
    pages = [
        _listed(space, statement, (after, limit, number, *more)) for number in numbers if number is not None
    ]
    return _united(pages, limit)


def _fits(space: Space, entity: HistoryEntity, selection: HistorySelection) -> bool:
    if selection.types and set(selection.types).isdisjoint(entity.types):
        return False
    if not selection.attributes:
        return True
    numbers = space.names.find_all(space.connection, selection.attributes)
    row = space.connection.execute(_QUERIES["has_one_attribute"], (entity.key, numbers)).fetchone()
    return bool(cast("tuple[int]", row)[0])


def _listed(space: Space, name: str, bound: tuple[Any, ...]) -> list[HistoryEntity]:
    row = space.connection.execute(_QUERIES[name], (space.number, *bound)).fetchone()
    return [history_entity(columns) for columns in orjson.loads(cast("tuple[str]", row)[0])]


def _united(pages: Iterable[list[HistoryEntity]], limit: int) -> list[HistoryEntity]:
    found: list[HistoryEntity] = []
    for entity in merge(*pages):
        if not found or found[-1].key != entity.key:
            found.append(entity)
    return found[:limit]


def read_window(
    connection: apsw.Connection, names: Names, entities: Sequence[HistoryEntity], window: HistoryWindow
) -> list[Mapping[str, list[Instance]]]:
    """Return for each entity its attributes' instances in the window."""
    statement = _WINDOWS[window.timeproperty, window.latest]
    bounds = _bounds(connection, names, window)
    most = _ALL if window.most is None else window.most
    found: list[Mapping[str, list[Instance]]] = []
    for entity in entities:
        attributes: dict[str, list[Instance]] = {}
        for number, name in _wanted(connection, entity.key, window):
            row = connection.execute(statement, (entity.key, number, *bounds, most)).fetchone()
            text = cast("tuple[str | None]", row)[0]
            if text is not None:
                attributes[name] = orjson.loads(text)
        found.append(attributes)
    return found


def read_numbers(
    connection: apsw.Connection, names: Names, entity: HistoryEntity, window: HistoryWindow
) -> list[NumberSeries] | None:
    """Return the window as series of numbers, or None when any instance in it is not one."""
    bounds = _bounds(connection, names, window)
    found: list[NumberSeries] = []
    for number, name in _wanted(connection, entity.key, window):
        for dataset, others, times, numbers in _series(
            connection, window.timeproperty, (entity.key, number, *bounds)
        ):
            if others:
                return None
            dataset_id = None if dataset == DEFAULT_DATASET_ID else names.text(connection, dataset)
            found.append(NumberSeries(name, dataset_id, orjson.loads(times), orjson.loads(numbers)))
    return found


def _series(
    connection: apsw.Connection, timeproperty: str, bound: tuple[Any, ...]
) -> list[tuple[int, int, str, str]]:
    """Return dataset, how many are no numbers, times and numbers as JSON; in one pass for one dataset."""
    if timeproperty == "observedAt" and bound[-1] is None:
        row = connection.execute(_QUERIES["all_numbers"], bound[:-1]).fetchone()
    else:
        row = connection.execute(_NUMBERS[timeproperty], bound).fetchone()
    first, last, *rest = cast("tuple[int | None, int | None, int, str, str]", row)
    if first is None:
        return []
    if first == last or rest[0]:
        return [(first, *rest)]  # type: ignore[list-item]  # the rest of the row
    found = connection.execute(_DATASETS[timeproperty], bound).fetchall()
    return cast("list[tuple[int, int, str, str]]", found)


def _bounds(connection: apsw.Connection, names: Names, window: HistoryWindow) -> tuple[int, int, str | None]:
    datasets = None if window.dataset_ids is None else names.find_all(connection, window.dataset_ids)
    start_us = _FIRST_US if window.start_us is None else max(window.start_us, _FIRST_US)
    return start_us, _LAST_US if window.end_us is None else window.end_us, datasets


def _wanted(connection: apsw.Connection, key: int, window: HistoryWindow) -> list[tuple[int, str]]:
    rows = connection.execute(_QUERIES["attributes_of"], (key,)).fetchall()
    found = cast("list[tuple[int, str]]", rows)
    return [
        (number, name) for number, name in found if window.attributes is None or name in window.attributes
    ]
