"""Batch operations (clauses 5.6.7 to 5.6.10 and 5.6.20): item by item, and one answer for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samstad_ngsild import merge
from samstad_ngsild.client.transport import Answer
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.expand import expand_entity, expand_fragment
from samstad_ngsild.errors import BadRequestData, NgsiLdError
from samstad_ngsild.memory.exchange import Exchange, done, shown

__all__ = ["create", "delete", "merge_all", "update", "upsert"]

_Work = Callable[[Any, Context], bool]
"""Does what is to be done with one item; returns whether it is new."""


def create(exchange: Exchange) -> Answer:
    """POST /entityOperations/create."""

    def work(item: Any, context: Context) -> bool:
        exchange.dataset.create(expand_entity(item, context, now=exchange.now), now_us=exchange.now_us)
        return True

    return _each(exchange, work)


def upsert(exchange: Exchange) -> Answer:
    """POST /entityOperations/upsert."""
    decide = merge.append_attributes if "update" in exchange.options() else merge.replace_entity

    def work(item: Any, context: Context) -> bool:
        document = expand_entity(item, context, now=exchange.now)
        old = exchange.dataset.entities.get(document["id"])
        if old is None:
            exchange.dataset.create(document, now_us=exchange.now_us)
        else:
            exchange.dataset.change(decide(old, document, now=exchange.now), now_us=exchange.now_us)
        return old is None

    return _each(exchange, work)


def update(exchange: Exchange) -> Answer:
    """POST /entityOperations/update."""
    overwrite = "noOverwrite" not in exchange.options()

    def work(item: Any, context: Context) -> bool:
        fragment = _fragment(exchange, item, context, nulls=False)
        old = exchange.dataset.get(fragment["id"])
        change = merge.append_attributes(old, fragment, now=exchange.now, overwrite=overwrite)
        exchange.dataset.change(change, now_us=exchange.now_us)
        return False

    return _each(exchange, work)


def merge_all(exchange: Exchange) -> Answer:
    """POST /entityOperations/merge."""

    def work(item: Any, context: Context) -> bool:
        fragment = _fragment(exchange, item, context, nulls=True)
        old = exchange.dataset.get(fragment["id"])
        change = merge.merge_entity(old, fragment, now=exchange.now, context=context)
        exchange.dataset.change(change, now_us=exchange.now_us)
        return False

    return _each(exchange, work)


def delete(exchange: Exchange) -> Answer:
    """POST /entityOperations/delete."""

    def work(item: Any, _: Context) -> bool:
        if not isinstance(item, str):
            raise BadRequestData("The body is an array of entity ids, as texts.", pointer="")
        exchange.dataset.delete(item, now_us=exchange.now_us)
        return False

    return _each(exchange, work)


def _fragment(exchange: Exchange, item: Any, context: Context, *, nulls: bool) -> EntityDocument:
    fragment = expand_fragment(item, context, now=exchange.now, allow_null=nulls, merge=nulls)
    if "id" not in fragment:
        raise BadRequestData("Each entity of the batch needs an id.", pointer="/id")
    return fragment


def _each(exchange: Exchange, work: _Work) -> Answer:
    """Do the work for each item, and answer 201 with the new ids, 204, or 207 (clauses 5.2.16, 5.2.17)."""
    created: list[str] = []
    updated: list[str] = []
    errors: list[dict[str, Any]] = []
    for item, context in zip(exchange.array(), exchange.contexts, strict=True):
        entity_id = item if isinstance(item, str) else _id_of(item)
        try:
            is_new = work(item, context)
        except NgsiLdError as error:
            named = {"entityId": entity_id} if entity_id else {}
            errors.append({**named, "error": error.problem()})
        else:
            told = created if is_new else updated
            if entity_id is not None and entity_id not in created and entity_id not in updated:
                told.append(entity_id)
    if errors:
        return shown({"success": created + updated, "errors": errors}, status=207)
    return shown(created, status=201) if created else done()


def _id_of(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else None
