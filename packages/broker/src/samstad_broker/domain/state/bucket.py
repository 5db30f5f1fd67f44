"""The entities of one type: their order, their attributes' counts, and the columns that queries asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from samstad_broker.domain.state.builds import Build, Builds
from samstad_broker.domain.state.column import Column
from samstad_broker.domain.state.ordered import OrderedRecords
from samstad_broker.domain.state.record import Record
from samstad_ngsild.document import EntityDocument, attribute_names

__all__ = ["TypeBucket"]

_MOST_COLUMNS = 32
"""Per type; a query on further attributes is answered by the evaluator (bounded, invariant I5)."""


class TypeBucket:
    """What the state keeps for one entity type of one data set.

    Args:
        builds: builds the columns.
    """

    __slots__ = ("_builds", "attributes", "columns", "records")

    def __init__(self, builds: Builds) -> None:
        self._builds = builds
        self.records = OrderedRecords()
        self.attributes: Counter[str] = Counter()
        self.columns: dict[str, Column] = {}

    def add(self, record: Record, document: EntityDocument) -> None:
        """Take in an entity that has got this type."""
        self.records.add(record)
        self.attributes.update(attribute_names(document))
        for column in self.columns.values():
            column.put(record.sequence, document)

    def restore(self, records: Sequence[Record], shapes: Mapping[tuple[str, ...], int]) -> None:
        """Take in entities in order of creation; ``shapes`` are their members, and how many have them."""
        self.records.extend(records)
        for shape, count in shapes.items():
            for name in attribute_names(dict.fromkeys(shape)):
                self.attributes[name] += count

    def remove(self, record: Record, document: EntityDocument) -> None:
        """Take out an entity that has lost this type."""
        self.records.remove(record)
        self._count(attribute_names(document), -1)
        for column in self.columns.values():
            column.drop(record.sequence)

    def change(
        self,
        record: Record,
        before: EntityDocument,
        after: EntityDocument,
        touched: Iterable[str] | None,
    ) -> None:
        """Follow a change of an entity; ``touched`` names the attributes that may differ, None means all."""
        for name in touched if touched is not None else {*attribute_names(before), *attribute_names(after)}:
            if (name in before) != (name in after):
                self._count((name,), 1 if name in after else -1)
            column = self.columns.get(name)
            if column is not None:
                column.put(record.sequence, after)

    def _count(self, names: Iterable[str], by: int) -> None:
        for name in names:
            self.attributes[name] += by
            if not self.attributes[name]:
                del self.attributes[name]

    def column(self, attribute: str) -> Column | None:
        """Return the column of an attribute; None while it is built, or when there are too many.

        It is built at the first question; from then on writes keep it.
        """
        column = self.columns.get(attribute)
        if column is None:
            if len(self.columns) >= _MOST_COLUMNS:
                return None
            column = self.columns[attribute] = Column(attribute)
            build = Build(self.records, column.put, column.finish)
            self._builds.begin(build, len(self.records))
        return column if column.is_whole else None
