"""Linked entity retrieval: ``join=inline`` and ``join=flat`` (clauses 4.5.23, 6.4.3.2).

- goes over Relationships and ListRelationships for ``joinLevel`` steps;
- an entity that the caller may not read, or that is not here, is left out;
- ``containedBy`` and the entities already on the way are not followed again, so that cycles end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from samstad_ngsild.document import EntityDocument, Instance, attribute_names

__all__ = ["joined_flat", "joined_inline", "linked_ids"]

Find = Callable[[str], EntityDocument | None]


def linked_ids(instance: Instance) -> list[str]:
    """Return the URIs that an instance links to; none for what is no relationship."""
    if instance["type"] == "Relationship":
        target = instance["object"]
        return target if isinstance(target, list) else [target]
    if instance["type"] == "ListRelationship":
        return list(instance["objectList"])
    return []


def _links(document: EntityDocument) -> Iterator[str]:
    for name in attribute_names(document):
        for instance in document[name]:
            yield from linked_ids(instance)


def joined_flat(
    documents: Sequence[EntityDocument], find: Find, *, level: int, without: Iterable[str] = ()
) -> list[EntityDocument]:
    """Return the documents and, after them, each linked entity once."""
    found = list(documents)
    seen = {document["id"] for document in documents} | set(without)
    layer: Sequence[EntityDocument] = documents
    for _ in range(level):
        wanted = [uri for document in layer for uri in _links(document)]
        layer = []
        for uri in wanted:
            if uri not in seen and (linked := find(uri)) is not None:
                layer.append(linked)
            seen.add(uri)
        found += layer
    return found


def joined_inline(
    document: EntityDocument, find: Find, *, level: int, without: frozenset[str] = frozenset()
) -> EntityDocument:
    """Return a copy of the document whose relationships hold the entities that they link to."""
    if not level:
        return document
    way = without | {document["id"]}

    def joined(instance: Instance) -> Instance:
        targets = (find(uri) for uri in linked_ids(instance) if uri not in way)
        linked = [joined_inline(t, find, level=level - 1, without=way) for t in targets if t is not None]
        if not linked:
            return instance
        single = instance["type"] == "Relationship" and not isinstance(instance["object"], list)
        return {**instance, "entity": linked[0]} if single else {**instance, "entityList": linked}

    return {
        **document,
        **{name: [joined(instance) for instance in document[name]] for name in attribute_names(document)},
    }
