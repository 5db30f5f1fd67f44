"""Requests that registered sources are asked about as well (clauses 4.3.6, 5.7.1, 5.7.2, 6.3.17, 6.3.18).

Each function returns None where the request is local after all: a tenant without registrations,
``local=true``, a snapshot, no registration that matches. What only distribution forbids, such as ``orderBy``,
is refused only where something is distributed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Sequence

import orjson

from samstad_broker.domain.state.record import Record
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.parameters import Page
from samstad_broker.http.problems import respond_to
from samstad_broker.http.resources.mapped import HEADER, UsedMap, id_in, lifetime_us
from samstad_broker.http.resources.selecting import Selects, selects
from samstad_broker.http.resources.showing import Showing, show_found, show_one, showing
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.local import LocalEntities
from samstad_broker.service.entities.lookup import found_for_reading, not_found
from samstad_broker.service.entities.query import Found
from samstad_broker.service.entity_maps import EntityMap
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.forwarder import Asked, Inquiry, Local, Lookup, Window
from samstad_ngsild.context import CORE, Context
from samstad_ngsild.document import CORE_MEMBERS, EntityDocument
from samstad_ngsild.errors import ResourceNotFound
from samstad_ngsild.query import Query, alternatives, parse_query_params
from samstad_ngsild.query.request import check_query

__all__ = [
    "asked_by",
    "inquiry_of",
    "is_distributed",
    "make_map",
    "query_everywhere",
    "retrieve_everywhere",
    "warn",
]


_NOTHING = Query(context=CORE)


def is_distributed(broker: Broker, exchange: Exchange) -> bool:
    """Whether sources may be asked: one look where the tenant has none."""
    return (
        exchange.tenant in broker.forwarder.tenants
        and not exchange.snapshot
        and exchange.parameters.values.get("local") != "true"
    )


def asked_by(exchange: Exchange, context: Context) -> Asked:
    """Return what of a request matters to sources."""
    call = exchange.call
    return Asked(
        tenant=exchange.tenant,
        context=context,
        now_us=exchange.now_us,
        headers=exchange.request.headers,
        may_read=lambda types: call.may_all(Operation.READ, types),
    )


def warn(response: Response, warnings: Sequence[str]) -> Response:
    """Tell in a response what went otherwise than it should (clause 6.3.17)."""
    response.headers += [("NGSILD-Warning", text) for text in warnings]
    return response


def retrieve_everywhere(broker: Broker, exchange: Exchange, context: Context) -> Awaitable[Response] | None:
    """Answer with what this broker and sources know of one entity."""
    entity_id, values = exchange.path["entityId"], exchange.parameters.values
    if "type" not in values:
        known = broker.data(exchange.call).entities.get(entity_id)
        if known is not None and not broker.forwarder.may_concern(exchange.tenant, (entity_id,), known.types):
            return None
    query = _NOTHING
    if values:
        query = parse_query_params({k: v for k, v in values.items() if k != "type"}, context, local=True)
    selected = selects(values["type"], context) if "type" in values else None
    record = _held(broker, exchange, selected)
    # What is known here of its types narrows whom to ask, unless the client says which types it means.
    types = None if selected is not None or record is None else record.types
    attributes = _wanted(query, context) if values else ()
    asked = asked_by(exchange, context)
    lookup = Lookup(entity_id, selected, types, attributes)
    matches = broker.forwarder.match_entity(asked, "retrieveEntity", lookup)
    if not matches:
        return None
    local = None if record is None else record.parsed()

    async def answer() -> Response:
        combined = await broker.forwarder.retrieve(asked, matches, entity_id, local, attributes=attributes)
        document = combined.documents[0] if combined.documents else None
        if document is None or not _is_wanted(document, query, context, selected):
            response = respond_to(not_found(entity_id), new_incident=str)
        else:
            show = showing(exchange, context, query)
            response = show_one(broker, exchange, _record(document), show)
        return warn(response, combined.warnings)

    return answer()


def inquiry_of(broker: Broker, exchange: Exchange, query: Query, context: Context) -> Inquiry | None:
    """Return a query with the sources to ask.

    Raises:
        BadRequestData: the query is too wide, or ordered, for more than the local scope (clause 5.7.2.4).
        LoopDetected: the request has been here before.
    """
    if query.local is True or query.asks_everything or not is_distributed(broker, exchange):
        return None
    if not _may_concern(broker, exchange.tenant, query):
        return None
    asked = asked_by(exchange, context)
    matches = broker.forwarder.match_query(asked, "queryEntity", query)
    if not matches:
        return None
    check_query(query, local=False, temporal=False)
    return Inquiry(asked, matches, query, LocalEntities(broker, exchange.call))


def _may_concern(broker: Broker, tenant: str, query: Query) -> bool:
    """Whether any registration could be about what a query asks for; its types are expanded once."""
    concerns: list[tuple[tuple[str, ...], tuple[str, ...]]] | None = query.attached.get(_may_concern)
    if concerns is None:
        concerns = query.attached[_may_concern] = _concerns(query)
    may_concern = broker.forwarder.may_concern
    return not concerns or any(may_concern(tenant, ids, types) for ids, types in concerns)


def _concerns(query: Query) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return ids and types of each selector; nothing where one has no types."""
    found = []
    for selector in query.selectors:
        types = None if selector.types is None else alternatives(selector.types, query.context)
        if types is None:
            return []
        found.append((selector.ids, tuple(types)))
    return found


async def query_everywhere(  # noqa: PLR0913 - page, presentation and root belong to every answer
    broker: Broker, exchange: Exchange, inquiry: Inquiry, *, page: Page, show: Showing, root: str
) -> Response:
    """Answer with one page of what this broker and sources know together."""
    window = Window(page.limit, page.offset, page.count)
    used: UsedMap | None = None
    warnings: list[str] = []
    if inquiry.query.entity_map or HEADER in exchange.request.headers:
        used, warnings = await _used_map(broker, exchange, inquiry)
        combined = await broker.forwarder.query_mapped(inquiry, used.map.registrations(), window)
    else:
        combined = await broker.forwarder.query(inquiry, window)
    local = inquiry.local
    records = [_shown(local, document) for document in combined.documents]
    found = Found(records, combined.more, combined.total, combined.next_offset)
    response = show_found(broker, exchange, found, page, show)
    warn(response, list(dict.fromkeys([*warnings, *combined.warnings])))
    return response if used is None else used.mark(response, root)


async def _used_map(broker: Broker, exchange: Exchange, inquiry: Inquiry) -> tuple[UsedMap, list[str]]:
    named = exchange.request.headers.get(HEADER)
    found = None if named is None else broker.maps.find(exchange.call, id_in(named))
    if found is not None:
        return UsedMap(found, is_new=False), []
    made, warnings = await make_map(broker, exchange, inquiry)
    return UsedMap(made, is_new=True), warnings


async def make_map(broker: Broker, exchange: Exchange, inquiry: Inquiry) -> tuple[EntityMap, list[str]]:
    """Return a new map of who knows which entities of a query, and warnings."""
    places, warnings = await broker.forwarder.list_places(inquiry)
    lives_us = lifetime_us(inquiry.query)
    return broker.maps.create(exchange.call, list(places), lifetime_us=lives_us, known_by=places), warnings


def _held(broker: Broker, exchange: Exchange, selected: Selects | None) -> Record | None:
    try:
        record = found_for_reading(broker, exchange.call, exchange.path["entityId"])
    except ResourceNotFound:
        return None
    return record if selected is None or selected(record.types) else None


def _wanted(query: Query, context: Context) -> Collection[str]:
    picked = frozenset() if query.pick is None else query.pick.names
    return frozenset(map(context.expand, picked.union(query.attrs) - CORE_MEMBERS))


def _is_wanted(document: EntityDocument, query: Query, context: Context, selected: Selects | None) -> bool:
    if selected is not None and not selected(document["type"]):
        return False
    return not query.attrs or any(context.expand(name) in document for name in query.attrs)


def _shown(local: Local, document: EntityDocument) -> Record:
    """Return the record of an entity that this broker alone knows, with what is kept of it, or a new one."""
    unchanged = local.unchanged(document) if isinstance(local, LocalEntities) else None
    return unchanged or _record(document)


def _record(document: EntityDocument) -> Record:
    return Record(document["id"], 0, tuple(document["type"]), orjson.dumps(document))
