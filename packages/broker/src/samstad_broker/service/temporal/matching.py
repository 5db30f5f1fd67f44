"""Values and geoqueries over the instances inside the interval (clause 5.7.4.4, steps S1 to S3).

A query is held against a document that has all of them: each term asks whether one instance satisfies it,
as it does for an entity with several datasetIds. Records of deletions are no values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from samstad_broker.service.off_loop import off_loop
from samstad_broker.service.temporal.asking import TemporalAsk
from samstad_broker.service.temporal.reading import MOST_INSTANCES
from samstad_broker.spi.history import HistoryEntity, HistoryIndex
from samstad_ngsild.document import CORE_MEMBERS, EntityDocument, Instance
from samstad_ngsild.entities.values import is_deletion
from samstad_ngsild.errors import TooComplexQuery
from samstad_ngsild.query import compile_query
from samstad_ngsild.query.q_terms import attribute_names

__all__ = ["ValueFilter", "filter_of", "windowed_document"]


class ValueFilter:
    """Decides about an entity by the instances of the attributes that q and the geoquery speak of.

    Attributes:
        looked_at: how many instances were read until now.
    """

    def __init__(self, ask: TemporalAsk) -> None:
        query = ask.query
        names: set[str] = set() if query.q is None else set(attribute_names(query.q))
        if query.geo is not None:
            names.add(query.geo.geoproperty)
        attributes = frozenset(query.context.expand(name) for name in names if name not in CORE_MEMBERS)
        bare = replace(query, selectors=(), scope=None, attrs=())
        self._matches: Callable[[EntityDocument], bool] = compile_query(bare).filters
        self._window = ask.window(attributes=attributes, most=MOST_INSTANCES + 1)
        self.looked_at = 0

    async def matches(self, index: HistoryIndex, entity: HistoryEntity) -> bool:
        """Tell whether an entity meets the queries inside the interval.

        Raises:
            TooComplexQuery: one attribute has more instances there than a query may look at.
        """
        [found] = await index.read([entity], self._window)
        count = 0
        for instances in found.values():
            count += len(instances)
            if len(instances) > MOST_INSTANCES:
                raise TooComplexQuery(
                    f"{entity.entity_id} has more than {MOST_INSTANCES} instances of an attribute in the "
                    "interval, more than q or georel may look at. Narrow the interval.",
                    pointer="timeAt",
                )
        self.looked_at += count
        return await off_loop(count, lambda: self._matches(windowed_document(entity, found)))


def filter_of(ask: TemporalAsk) -> ValueFilter | None:
    """Return the filter of a query; None: it filters neither values nor places."""
    return ValueFilter(ask) if ask.query.q is not None or ask.query.geo is not None else None


def windowed_document(entity: HistoryEntity, found: Mapping[str, list[Instance]]) -> EntityDocument:
    """Return a document with the instances of an interval, without those that record a deletion."""
    document: EntityDocument = {"id": entity.entity_id, "type": list(entity.types)}
    for name, time in (("createdAt", entity.created_at), ("modifiedAt", entity.modified_at)):
        if time is not None:
            document[name] = time
    for name, instances in found.items():
        values = [instance for instance in instances if not is_deletion(instance)]
        if values:
            document[name] = values
    return document
