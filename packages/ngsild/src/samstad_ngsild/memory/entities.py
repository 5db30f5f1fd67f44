"""Operations on entities and their attributes (clauses 5.6.1 to 5.6.6, 5.6.17 to 5.6.19, 5.7.1 to 5.7.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from samstad_ngsild import merge
from samstad_ngsild.client.transport import Answer
from samstad_ngsild.document import CORE_MEMBERS, EntityDocument
from samstad_ngsild.entities.expand import expand_attribute, expand_entity, expand_fragment
from samstad_ngsild.entities.names import attribute_iri
from samstad_ngsild.entities.represent import Representation, renderer
from samstad_ngsild.errors import BadRequestData, OperationNotSupported, ResourceNotFound
from samstad_ngsild.memory.exchange import Exchange, Page, done, made, shown
from samstad_ngsild.query import Query, compile_query, order_key, parse_query_params

__all__ = [
    "append",
    "create",
    "delete",
    "delete_attribute",
    "merge_one",
    "partial_update",
    "query",
    "replace",
    "replace_attribute",
    "retrieve",
    "types",
    "update",
]

_WRITE = frozenset({"type", "local", "options", "format", "observedAt", "lang", "datasetId", "deleteAll"})


def create(exchange: Exchange) -> Answer:
    """POST /entities."""
    document = expand_entity(exchange.object(), exchange.context, now=exchange.now)
    exchange.dataset.create(document, now_us=exchange.now_us)
    return made("entities", document["id"])


def retrieve(exchange: Exchange) -> Answer:
    """GET /entities/{entityId}."""
    asked = parse_query_params(exchange.parameters, exchange.context, local=True)
    document = exchange.dataset.get(exchange.path["entityId"])
    if asked.attrs and not any(exchange.context.expand(name) in document for name in asked.attrs):
        raise ResourceNotFound(f"The entity {document['id']} has none of the attributes.")
    return shown(_render(exchange, asked)(document))


def query(exchange: Exchange) -> Answer:
    """GET /entities."""
    asked = parse_query_params(exchange.parameters, exchange.context)
    entities = exchange.dataset.entities
    compiled = compile_query(asked, linked=entities.get)
    found = [document for document in entities.values() if compiled.matches(document)]
    if asked.order is not None:
        found.sort(key=order_key(asked.order, exchange.context))
    page = exchange.page()
    part = found[page.offset : page.offset + page.limit]
    return shown(list(map(_render(exchange, asked), part)), headers=counted(page, len(found)))


def counted(page: Page, total: int) -> dict[str, str]:
    """Return the header that tells how many there are, where it was asked for (clause 6.3.13)."""
    return {"ngsild-results-count": str(total)} if page.counted else {}


def replace(exchange: Exchange) -> Answer:
    """PUT /entities/{entityId}."""
    exchange.refuse_unknown(_WRITE)
    entity_id = exchange.path["entityId"]
    body = {"id": entity_id, **exchange.object()}
    document = expand_entity(body, exchange.context, now=exchange.now)
    _same(document["id"], entity_id)
    return _apply(exchange, lambda old: merge.replace_entity(old, document, now=exchange.now))


def merge_one(exchange: Exchange) -> Answer:
    """PATCH /entities/{entityId}."""
    exchange.refuse_unknown(_WRITE)
    fragment = expand_fragment(
        exchange.object(),
        exchange.context,
        now=exchange.now,
        allow_null=True,
        merge=True,
        simplified=exchange.format() == "simplified",
    )
    _same(fragment.get("id", exchange.path["entityId"]), exchange.path["entityId"])
    return _apply(
        exchange,
        lambda old: merge.merge_entity(
            old,
            fragment,
            now=exchange.now,
            observed_at=exchange.parameters.get("observedAt"),
            lang=exchange.parameters.get("lang"),
            context=exchange.context,
        ),
    )


def delete(exchange: Exchange) -> Answer:
    """DELETE /entities/{entityId}."""
    exchange.dataset.delete(exchange.path["entityId"], now_us=exchange.now_us)
    return done()


def append(exchange: Exchange) -> Answer:
    """POST /entities/{entityId}/attrs."""
    exchange.refuse_unknown(_WRITE)
    fragment = expand_fragment(exchange.object(), exchange.context, now=exchange.now)
    overwrite = "noOverwrite" not in exchange.options()
    return _apply(
        exchange, lambda old: merge.append_attributes(old, fragment, now=exchange.now, overwrite=overwrite)
    )


def update(exchange: Exchange) -> Answer:
    """PATCH /entities/{entityId}/attrs."""
    fragment = expand_fragment(exchange.object(), exchange.context, now=exchange.now, allow_null=True)
    return _apply(exchange, lambda old: merge.update_attributes(old, fragment, now=exchange.now))


def partial_update(exchange: Exchange) -> Answer:
    """PATCH /entities/{entityId}/attrs/{attrId}."""
    context = exchange.context
    instances = expand_attribute(exchange.object(), context, now=exchange.now, allow_null=True, partial=True)
    name = _name(exchange)
    return _apply(
        exchange,
        lambda old: merge.partial_update_attribute(old, name, instances, now=exchange.now, context=context),
    )


def replace_attribute(exchange: Exchange) -> Answer:
    """PUT /entities/{entityId}/attrs/{attrId}."""
    instances = expand_attribute(exchange.object(), exchange.context, now=exchange.now)
    name = _name(exchange)
    return _apply(exchange, lambda old: merge.replace_attribute(old, name, instances, now=exchange.now))


def delete_attribute(exchange: Exchange) -> Answer:
    """DELETE /entities/{entityId}/attrs/{attrId}."""
    exchange.refuse_unknown(_WRITE)
    name = "scope" if exchange.path["attrId"] == "scope" else _name(exchange)
    chosen = {
        "dataset_id": exchange.parameters.get("datasetId"),
        "delete_all": exchange.flag("deleteAll"),
    }
    return _apply(
        exchange, lambda old: merge.delete_attribute(old, name, now=exchange.now, **cast("Any", chosen))
    )


def types(exchange: Exchange) -> Answer:
    """GET /types."""
    found = {name for document in exchange.dataset.entities.values() for name in document["type"]}
    names = sorted(map(exchange.context.compact, found))
    return shown({"id": "urn:ngsi-ld:EntityTypeList:local", "type": "EntityTypeList", "typeList": names})


def _apply(exchange: Exchange, decide: Callable[[EntityDocument], merge.Change]) -> Answer:
    change = decide(exchange.dataset.get(exchange.path["entityId"]))
    exchange.dataset.change(change, now_us=exchange.now_us)
    if not change.not_updated:
        return done()
    left = [{"attributeName": one.attribute, "reason": one.reason} for one in change.not_updated]
    return shown({"updated": list(change.changed), "notUpdated": left}, status=207)


def _render(exchange: Exchange, asked: Query) -> Callable[[EntityDocument], dict[str, Any]]:
    if asked.join is not None:
        raise OperationNotSupported("This source in memory joins no linked entities.", pointer="join")
    context = exchange.context
    pick: Any = None if asked.pick is None else asked.pick.expanded(context)
    if asked.attrs:
        pick = CORE_MEMBERS | frozenset(map(context.expand, asked.attrs))
    representation = Representation(
        format=cast("Any", exchange.format()),
        sys_attrs="sysAttrs" in exchange.options(),
        lang=asked.lang,
        pick=pick,
        omit=None if asked.omit is None else asked.omit.expanded(context),
        dataset_ids=frozenset(asked.dataset_ids) or None,
    )
    return renderer(context, representation)


def _name(exchange: Exchange) -> str:
    return attribute_iri(exchange.path["attrId"], exchange.context, pointer="attrId")


def _same(given: str, entity_id: str) -> None:
    if given != entity_id:
        raise BadRequestData(f"The body speaks of {given}, the path of {entity_id}.", pointer="/id")
