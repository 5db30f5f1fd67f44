"""Linked entities in notifications (clauses 4.5.23 and 5.2.14): ``join`` inline or flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from samstad_ngsild.document import EntityDocument, Instance, attribute_names

__all__ = ["MAX_LINKED", "join_flat", "join_inline"]

MAX_LINKED = 500
"""Linked entities in one notification (invariant I5); further ones stay URIs."""

Find = Callable[[str], EntityDocument | None]


def join_inline(document: EntityDocument, find: Find, level: int) -> EntityDocument:
    """Return a document in which relationships hold the entities that they link to, to a depth."""
    budget = [MAX_LINKED]
    return _inline(document, find, level, budget)


def _inline(document: EntityDocument, find: Find, level: int, budget: list[int]) -> EntityDocument:
    if level == 0:
        return document
    joined = dict(document)
    for name in attribute_names(document):
        if any(instance["type"] in ("Relationship", "ListRelationship") for instance in document[name]):
            joined[name] = [_linked(instance, find, level, budget) for instance in document[name]]
    return joined


def _linked(instance: Instance, find: Find, level: int, budget: list[int]) -> Instance:
    found = []
    for uri in _targets(instance):
        entity = find(uri) if budget[0] > 0 else None
        if entity is not None:
            budget[0] -= 1
            found.append(_inline(entity, find, level - 1, budget))
    if not found:
        return instance
    if isinstance(instance.get("object"), str):
        return {**instance, "entity": found[0]}
    return {**instance, "entityList": found}


def join_flat(documents: Iterable[EntityDocument], find: Find, level: int) -> list[EntityDocument]:
    """Return the entities that documents link to, to a depth, each once and none of the documents again."""
    seen = {document["id"]: document for document in documents}
    edge: list[EntityDocument] = list(seen.values())
    added: list[EntityDocument] = []
    for _ in range(level):
        reached = []
        for uri in (uri for document in edge for uri in _links(document)):
            if uri in seen or len(added) >= MAX_LINKED:
                continue
            entity = find(uri)
            if entity is not None:
                seen[uri] = entity
                reached.append(entity)
                added.append(entity)
        edge = reached
    return added


def _links(document: EntityDocument) -> Iterator[str]:
    for name in attribute_names(document):
        for instance in document[name]:
            yield from _targets(instance)


def _targets(instance: Instance) -> Iterable[str]:
    kind = instance["type"]
    if kind == "Relationship":
        target = instance.get("object")
        return (target,) if isinstance(target, str) else target or ()
    return instance.get("objectList") or () if kind == "ListRelationship" else ()
