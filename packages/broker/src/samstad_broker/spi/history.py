"""The HistoryIndex port: the temporal index, a projection of the log that answers for the past.

Every index passes the one contract suite in ``packages/broker/tests/history_contract``. It holds what the
log's rows brought into the history and retention has left there; its cursor commits together with its
output, so that after any crash it goes on where it was.

What the rows mean to it:

| kind            | effect                                                                             |
|-----------------|------------------------------------------------------------------------------------|
| change          | each instance that ``written_instances`` yields; a deletion record for each        |
|                 | instance that ended (value ``urn:ngsi-ld:null`` and ``deletedAt``, clause 4.5.7);   |
|                 | an instance of ``scope`` where it changed (4.5.6); types, createdAt, modifiedAt     |
| delete          | the history of the entity is forgotten, or its end recorded, as ``keeps_deleted``   |
| expire          | the end of the entity is recorded; its history stays                               |
| history-add     | each instance; types are added; the entity is known to the history from now on     |
| history-correct | the instance is replaced; its createdAt and its id stay (5.6.14.4)                  |
| history-delete  | the instances named are forgotten; nothing named but the entity: all of it         |
| purge           | instances whose every time lies before ``before`` are forgotten                     |
| redact          | values of the attributes (none named: of all) are taken out, their times stay;     |
|                 | an instance then says as a deletion record does when its value went                |
| audit, document | nothing                                                                            |
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from samstad_broker.domain.rows import Position, Row
from samstad_ngsild.document import Instance

__all__ = [
    "HistoryEntity",
    "HistoryIndex",
    "HistorySelection",
    "HistoryWindow",
    "NumberSeries",
]


class HistoryEntity(NamedTuple):
    """An entity that the history knows, whether or not it is there now.

    Attributes:
        key: the index's own handle, in order of first appearance; stable as long as the entity is known.
        entity_id: its id.
        types: expanded names of all types it has had; rights are asked of each of them.
        created_at: ISO text of the first creation, None where only history was added.
        modified_at: ISO text of the last change.
        deleted_at: ISO text, None while it is there.
    """

    key: int
    entity_id: str
    types: tuple[str, ...]
    created_at: str | None
    modified_at: str | None
    deleted_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySelection:
    """Which entities are looked at; empty: not narrowed. The evaluator decides afterwards.

    Attributes:
        ids: the entity has one of these ids.
        types: the entity has at least one of these types (expanded).
        attributes: the history of the entity has at least one of these attributes (expanded).
    """

    ids: Collection[str] = ()
    types: Collection[str] = ()
    attributes: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWindow:
    """Which instances of an entity are read.

    Attributes:
        timeproperty: ``observedAt``, ``createdAt``, ``modifiedAt`` or ``deletedAt``; an instance without it
            is in no window.
        start_us: the first microsecond inside; None: open.
        end_us: the first that is not; None: open.
        attributes: expanded names (``scope`` among them where it is wanted); None: all.
        dataset_ids: of these only, ``@none`` for the default instance; None: all.
        most: at most so many instances of each attribute and entity; None: all.
        latest: with ``most``, the latest ones in descending order of time; otherwise the earliest, ascending.
            Instances of one time stand in the order in which they were written, with ``latest`` in the
            opposite one.
    """

    timeproperty: str = "observedAt"
    start_us: int | None = None
    end_us: int | None = None
    attributes: frozenset[str] | None = None
    dataset_ids: frozenset[str] | None = None
    most: int | None = None
    latest: bool = False


class NumberSeries(NamedTuple):
    """All instances of one attribute and dataset in a window, where each of them is a plain number."""

    attribute: str
    dataset_id: str | None
    times_us: array[int] | Sequence[int]
    """Ascending, of the window's temporal property."""
    numbers: array[float] | Sequence[float]


class HistoryIndex(Protocol):
    """The temporal index of one shard."""

    @property
    def cursor(self) -> Position:
        """The last row that the index holds."""
        ...

    async def recover(self, oldest: Position) -> None:
        """Take in rows up to and with ``oldest`` that the log has not any more, from where they were kept.

        Comes before the first ``apply``. Nothing happens where the index holds them; otherwise it may take
        long, and goes on where it was when it is called again.

        Raises:
            StoreError: what was kept is missing or damaged, or the disk failed; what was taken in stays.
        """
        ...

    async def apply(self, rows: Sequence[Row]) -> None:
        """Take in rows in the order of the log and commit them with the new cursor, or nothing of them.

        Rows at or before the cursor are passed over, so that a repeated call changes nothing.

        Raises:
            StoreError: the disk or database failed; nothing of the rows counts as taken in.
        """
        ...

    async def find(self, tenant: str, snapshot: str, entity_id: str) -> HistoryEntity | None:
        """Return what the history knows of an entity, or None."""
        ...

    async def list_entities(
        self, tenant: str, snapshot: str, selection: HistorySelection, *, after: int, limit: int
    ) -> Sequence[HistoryEntity]:
        """Return up to ``limit`` entities with a key above ``after``, in order of key.

        An index serves every member of the selection: this costs by what is returned, not by what there is.
        """
        ...

    async def read(
        self, entities: Sequence[HistoryEntity], window: HistoryWindow
    ) -> Sequence[Mapping[str, list[Instance]]]:
        """Return for each entity its attributes' instances in the window, as many mappings as entities.

        Instances carry ``instanceId``, ``createdAt`` and ``modifiedAt`` beside what was written. An attribute
        without an instance in the window is absent.
        """
        ...

    async def read_numbers(
        self, entity: HistoryEntity, window: HistoryWindow
    ) -> Sequence[NumberSeries] | None:
        """Return the window as series of numbers, or None when any instance in it is not a plain number.

        The fast way of aggregation: no instance is decoded. ``most`` is not applied.
        """
        ...

    async def find_instance(self, entity: HistoryEntity, attribute: str, instance_id: str) -> Instance | None:
        """Return one instance of an attribute by its id, or None."""
        ...

    async def has_attribute(self, entity: HistoryEntity, attribute: str, dataset_id: str | None) -> bool:
        """Whether the history holds an instance of the attribute, of one dataset (None: of any)."""
        ...

    def figures(self) -> Mapping[str, Any]:
        """Return sizes and the cursor for metrics and ``samstad doctor``."""
        ...
