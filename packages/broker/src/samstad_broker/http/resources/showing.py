"""How found entities are shown: format, projection, links, media type (clauses 6.3.6, 6.3.7, 6.3.15)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from samstad_broker.domain.state.record import Record
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.negotiation import GEO_JSON
from samstad_broker.http.parameters import Page
from samstad_broker.http.responses import VERSION, Applied, many, one, page_headers
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.joining import joined_flat, joined_inline
from samstad_broker.service.entities.query import Found, linked_in
from samstad_ngsild.context import Context
from samstad_ngsild.document import NGSI_LD, EntityDocument
from samstad_ngsild.entities.geojson import represent_feature, represent_feature_collection
from samstad_ngsild.entities.older_versions import conform, parse_version
from samstad_ngsild.entities.represent import Representation, Selection, renderer
from samstad_ngsild.errors import TooComplexQuery
from samstad_ngsild.query import Query

__all__ = ["Showing", "show_found", "show_one", "showing"]

FORMAT_OPTIONS = frozenset({"sysAttrs", "keyValues", "simplified", "concise", "normalized"})

_PLAIN = Representation()
_MOST_LINKED = 10_000
_VERSION = parse_version(VERSION) or (1, 9)


@dataclass(frozen=True, slots=True)
class Showing:
    """What of an entity is shown, and how."""

    context: Context
    representation: Representation
    query: Query

    @property
    def cache_key(self) -> Any:
        """Under which a finished representation may be kept; None for one that others change."""
        if self.query.join in {"inline", "flat"}:
            return None
        return self.context.key if self.representation is _PLAIN else (self.context.key, self.representation)

    @property
    def geometry_property(self) -> str:
        """The expanded name of the GeoProperty that gives a Feature its geometry (clause 4.5.16)."""
        named = self.query.geometry_property
        return NGSI_LD + "location" if named is None else self.context.expand(named)


def showing(exchange: Exchange, context: Context, query: Query) -> Showing:
    """Read how the client wants to see entities."""
    options = exchange.parameters.options(FORMAT_OPTIONS)
    pick: Selection | frozenset[str] | None = None
    if query.pick is not None:
        pick = query.pick.expanded(context)
    elif query.attrs:
        pick = frozenset({"id", "type", "scope", *map(context.expand, query.attrs)})
    representation = Representation(
        format=cast("Any", exchange.parameters.format(options)),
        sys_attrs="sysAttrs" in options,
        lang=query.lang,
        pick=pick,
        omit=query.omit.expanded(context) if query.omit is not None else None,
        dataset_ids=frozenset(query.dataset_ids) or None,
    )
    return Showing(context, _PLAIN if representation == _PLAIN else representation, query)


def encoded(record: Record, show: Showing) -> bytes:
    """Return an entity as JSON bytes, kept with the record while it does not change."""
    key = show.cache_key
    kept = record.view(key)
    if kept is not None:
        return kept
    document = renderer(show.context, show.representation)(record.parsed())
    return record.keep_view(key, orjson.dumps(document))


def show_one(broker: Broker, exchange: Exchange, record: Record, show: Showing) -> Response:
    """Answer with one entity."""
    geojson = exchange.media_type == GEO_JSON
    if not geojson and show.query.join not in {"inline", "flat"}:
        [content], applied = _preferred(exchange, show, [encoded(record, show)])
        return one(exchange, show.context, content, applied=applied)
    documents = _joined(broker, exchange, [record], show)
    if geojson:
        feature = represent_feature(
            documents[0], show.context, show.representation, geometry_property=show.geometry_property
        )
        return one(exchange, show.context, feature)
    render = renderer(show.context, show.representation)
    if show.query.join == "flat":
        contents, applied = _preferred(exchange, show, [render(document) for document in documents])
        return many(exchange, show.context, contents, applied=applied)
    [content], applied = _preferred(exchange, show, [render(documents[0])])
    return one(exchange, show.context, content, applied=applied)


def show_found(broker: Broker, exchange: Exchange, found: Found, page: Page, show: Showing) -> Response:
    """Answer with a page of entities."""
    headers = page_headers(exchange, page, more=found.more, total=found.total, next_offset=found.next_offset)
    geojson = exchange.media_type == GEO_JSON
    if not geojson and show.query.join not in {"inline", "flat"}:
        contents, applied = _preferred(exchange, show, [encoded(record, show) for record in found.records])
        return many(exchange, show.context, contents, headers=headers, applied=applied)
    documents = _joined(broker, exchange, found.records, show)
    if geojson:
        collection = represent_feature_collection(
            documents, show.context, show.representation, geometry_property=show.geometry_property
        )
        return one(exchange, show.context, collection, headers=headers)
    render = renderer(show.context, show.representation)
    contents, applied = _preferred(exchange, show, [render(document) for document in documents])
    return many(exchange, show.context, contents, headers=headers, applied=applied)


def _preferred(
    exchange: Exchange, show: Showing, contents: Sequence[dict[str, Any] | bytes]
) -> tuple[Sequence[dict[str, Any] | bytes], Applied | None]:
    """Return entities as the version of NGSI-LD that the client prefers knows them (clause 4.3.6.8)."""
    if "prefer" not in exchange.request.headers:
        return contents, None
    asked = exchange.preferences.version
    version = None if asked is None else parse_version(asked)
    if asked is None or version is None or version >= _VERSION or show.representation.format == "simplified":
        return contents, None
    entities = [orjson.loads(one) if isinstance(one, bytes) else one for one in contents]
    conforming = [conform(entity, version) for entity in entities]
    changed = any(one is not other for one, other in zip(conforming, entities, strict=True))
    return conforming, Applied(asked, changed)


def _joined(
    broker: Broker, exchange: Exchange, records: Sequence[Record], show: Showing
) -> list[EntityDocument]:
    documents = [record.parsed() for record in records]
    query = show.query
    if query.join not in {"inline", "flat"}:
        return documents
    call = exchange.call
    find = _bounded(linked_in(broker.data(call), call))
    level = min(query.join_level or 1, broker.limits.join_level)
    without = frozenset(query.contained_by)
    if query.join == "flat":
        return joined_flat(documents, find, level=level, without=without)
    return [joined_inline(document, find, level=level, without=without) for document in documents]


def _bounded(
    find: Callable[[str], EntityDocument | None],
) -> Callable[[str], EntityDocument | None]:
    """Bound how many linked entities one response may hold: inside each other they multiply (I5)."""
    looked_up = 0

    def bounded(uri: str) -> EntityDocument | None:
        nonlocal looked_up
        looked_up += 1
        if looked_up > _MOST_LINKED:
            raise TooComplexQuery(
                f"The response would hold more than {_MOST_LINKED} linked entities. "
                "Ask for a smaller page or a lower joinLevel.",
                pointer="join",
            )
        return find(uri)

    return bounded
