"""Queries that keep to a set of entities: ``entityMap=true``, header NGSILD-EntityMap (clause 5.5.14)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import unquote

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.parameters import Page
from samstad_broker.http.resources.showing import Showing, show_found
from samstad_broker.http.responses import location
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.query import list_matching, query_mapped
from samstad_broker.service.entity_maps import EntityMap
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query import Query
from samstad_ngsild.temporal.duration import parse_duration

__all__ = ["HEADER", "UsedMap", "id_in", "lifetime_us", "map_header", "show_mapped", "used_map"]

HEADER = "ngsild-entitymap"
_MONTH_US = 30 * 86_400 * 1_000_000


class UsedMap(NamedTuple):
    """The map that a query keeps to, and whether it was made for it."""

    map: EntityMap
    is_new: bool

    def mark(self, response: Response, root: str) -> Response:
        """Tell of the map in a response: 201 where it is new (clause 6.4.3.2)."""
        response.headers.append(map_header(self.map, root))
        if self.is_new and response.status == 200:
            response.status = 201
        return response


async def used_map(
    broker: Broker, exchange: Exchange, query: Query, list_ids: Callable[[], Awaitable[list[str]]]
) -> UsedMap | None:
    """Return the map that a request names or asks for, None where it does neither.

    A map that has ended, or that this caller has none of, is made anew.
    """
    named = exchange.request.headers.get(HEADER)
    if named is None and not query.entity_map:
        return None
    call = exchange.call
    found = None if named is None else broker.maps.find(call, id_in(named))
    if found is not None:
        return UsedMap(found, is_new=False)
    ids = await list_ids()
    return UsedMap(broker.maps.create(call, ids, lifetime_us=lifetime_us(query)), is_new=True)


async def show_mapped(broker: Broker, exchange: Exchange, page: Page, show: Showing, root: str) -> Response:
    """Answer with a page of the entities of a map."""
    query, call = show.query, exchange.call
    used = await used_map(broker, exchange, query, lambda: list_matching(broker, call, query))
    if used is None:
        raise AssertionError  # the caller has seen that a map is wanted
    found = await query_mapped(
        broker, call, query, used.map.ids, limit=page.limit, offset=page.offset, count=page.count
    )
    return used.mark(show_found(broker, exchange, found, page, show), root)


def map_header(entity_map: EntityMap, root: str) -> tuple[str, str]:
    """Return the header that says where a map is."""
    return "NGSILD-EntityMap", location(root, "entityMaps", entity_map.id)


def lifetime_us(query: Query) -> int | None:
    """Return how long the client wishes a map to hold, microseconds."""
    if query.entity_map_lifetime is None:
        return None
    duration = parse_duration(query.entity_map_lifetime, pointer="entityMapLifetime")
    if duration.is_whole_range:
        raise BadRequestData("A lifetime is longer than nothing.", pointer="entityMapLifetime")
    return duration.months * _MONTH_US + duration.time_us


def id_in(named: str) -> str:
    """Return the id of a map from its URI: the resource's path, or the id itself."""
    return unquote(named.rpartition("/entityMaps/")[2])
