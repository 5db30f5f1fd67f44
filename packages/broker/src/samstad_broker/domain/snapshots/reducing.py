"""What of an entity a query brings into a snapshot: its projection, on the document (clauses 4.21, 4.5.5)."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from samstad_ngsild.document import EntityDocument, Instance, attribute_names
from samstad_ngsild.query import Query

__all__ = ["joined", "leaves_all", "reduced"]


def leaves_all(query: Query) -> bool:
    """Whether a query brings entities whole."""
    return not (query.pick or query.omit or query.attrs or query.dataset_ids)


def reduced(query: Query) -> Callable[[bytes], bytes]:
    """Return what a query leaves of an encoded entity: the very bytes where it leaves all of it.

    Identity and times of an entity always stay, for a snapshot can be asked like live data.
    """
    if leaves_all(query):
        return lambda encoded: encoded
    wanted = _wanted(query)
    datasets = frozenset(query.dataset_ids)

    def reduce(encoded: bytes) -> bytes:
        document: EntityDocument = orjson.loads(encoded)
        if "scope" in document and not wanted("scope"):
            del document["scope"]
        for name in list(attribute_names(document)):
            kept = [
                one for one in document[name] if not datasets or one.get("datasetId", "@none") in datasets
            ]
            if kept and wanted(name):
                document[name] = kept
            else:
                del document[name]
        return orjson.dumps(document)

    return reduce


def _wanted(query: Query) -> Callable[[str], bool]:
    context = query.context
    omitted = frozenset[str]()
    if query.omit is not None:
        omitted = frozenset(name for name, inner in query.omit.expanded(context).terms if inner is None)
    picked: frozenset[str] | None = None
    if query.pick is not None:
        picked = query.pick.expanded(context).names
    elif query.attrs:
        picked = frozenset({"scope", *map(context.expand, query.attrs)})
    return lambda name: name not in omitted and (picked is None or name in picked)


def joined(one: bytes, other: bytes) -> bytes:
    """Return an entity that two queries brought, each a part of it, as one."""
    if one == other:
        return one
    document: EntityDocument = orjson.loads(one)
    more: EntityDocument = orjson.loads(other)
    for name, value in more.items():
        if name in document and isinstance(value, list) and value and isinstance(value[0], dict):
            document[name] = _united(document[name], value)
        else:
            document.setdefault(name, value)
    return orjson.dumps(document)


def _united(some: list[Instance], more: list[Instance]) -> list[Instance]:
    by_dataset = {instance.get("datasetId"): instance for instance in [*some, *more]}
    default = by_dataset.pop(None, None)
    return [*by_dataset.values()] if default is None else [default, *by_dataset.values()]
