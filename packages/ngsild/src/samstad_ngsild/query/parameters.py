"""A query from URL parameters (clauses 6.4.3.2, 6.18.3.2) and from a Query body (clause 5.2.23)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from samstad_ngsild.errors import BadRequestData, InvalidRequest
from samstad_ngsild.query.expression import NameExpander
from samstad_ngsild.query.geo import GEO_PARAMETERS, parse_geo_query
from samstad_ngsild.query.order import Order, parse_order
from samstad_ngsild.query.projection import parse_names, parse_projection
from samstad_ngsild.query.q_parser import parse_q
from samstad_ngsild.query.regular import compile_pattern
from samstad_ngsild.query.request import EntitySelector, Query, check_query
from samstad_ngsild.query.scope import parse_scope_query
from samstad_ngsild.query.types import parse_type_selection

__all__ = [
    "PRESENTATION_PARAMETERS",
    "QUERY_PARAMETERS",
    "TEMPORAL_PARAMETERS",
    "parse_query_body",
    "parse_query_params",
]

QUERY_PARAMETERS = frozenset(
    {
        "attrs", "collation", "containedBy", "coordinates", "csf", "datasetId", "entityMap",
        "entityMapLifetime", "expandValues", "geometry", "geometryProperty", "geoproperty", "georel",
        "id", "idPattern", "join", "joinLevel", "jsonKeys", "lang", "local", "omit", "orderBy",
        "orderFrom", "orderGeometry", "pick", "q", "scopeQ", "splitEntities", "type",
    }
)  # fmt: skip
"""What clause 6.4.3.2 lists, and local (5.5.13)."""

TEMPORAL_PARAMETERS = frozenset(
    {"aggrMethods", "aggrPeriodDuration", "endTimeAt", "lastN", "timeAt", "timeproperty", "timerel"}
)
"""What clause 6.18.3.2 adds; ``samstad_ngsild.temporal`` reads them."""

PRESENTATION_PARAMETERS = frozenset({"count", "format", "limit", "offset", "options"})
"""Pages and formats, which belong to the binding (clauses 6.3.7, 6.3.10, 6.3.13)."""

_NOT_TEMPORAL = frozenset({"containedBy", "geometryProperty", "join", "joinLevel"})
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_LANGUAGE = r"[A-Za-z0-9*-]{1,35}(?:;q=[0-9.]{1,5})?"
_LANGUAGES = re.compile(rf"{_LANGUAGE}(?:,\s*{_LANGUAGE})*")
_MAX_IDS = 10_000


def parse_query_params(
    params: Mapping[str, str], context: NameExpander, *, local: bool = False, temporal: bool = False
) -> Query:
    """Return the query in decoded URL parameters.

    Args:
        params: name to value; presentation parameters are left alone.
        context: expands the names.
        local: execution is limited to local scope whatever the parameters say, as on a node without
            registrations.
        temporal: for temporal evolutions; their own parameters are left alone too.

    Raises:
        InvalidRequest: a parameter is unknown or excludes another (clause 6.3.20).
        BadRequestData: a value is wrong, or the query too wide or too deep (clause 5.7.2.4).
        TooComplexQuery: it costs more than the node grants.
    """
    known = QUERY_PARAMETERS | PRESENTATION_PARAMETERS
    if temporal:
        known = (known | TEMPORAL_PARAMETERS) - _NOT_TEMPORAL
    for name in params:
        if name not in known:
            raise InvalidRequest(f"{name!r:.80} is no parameter of this operation.", pointer=name)
    selector = _selector(
        ids=_split(params.get("id")), pattern=params.get("idPattern"), types=params.get("type"), pointer=""
    )
    query = Query(
        context=context,
        selectors=() if selector == EntitySelector() else (selector,),
        local=_flag(params, "local"),
        geometry_property=params.get("geometryProperty"),
        geo=parse_geo_query(params),
        order=_order(params),
        contained_by=_uris(_split(params.get("containedBy")), "containedBy"),
        dataset_ids=_dataset_ids(_split(params.get("datasetId")), "datasetId"),
        **_shared(
            {name: value for name, value in params.items() if name in _SHARED}, flags=_flags(params), at=""
        ),
    )
    check_query(query, local=local, temporal=temporal)
    return query


def _flags(params: Mapping[str, str]) -> dict[str, Any]:
    level = params.get("joinLevel")
    if level is not None and not (level.isascii() and level.isdigit() and len(level) < 6):
        raise BadRequestData("joinLevel is a positive integer.", pointer="joinLevel")
    return {
        "splitEntities": _flag(params, "splitEntities"),
        "entityMap": _flag(params, "entityMap"),
        "joinLevel": None if level is None else int(level),
    }


def _flag(params: Mapping[str, str], name: str) -> bool | None:
    text = params.get(name)
    if text is None:
        return None
    if text not in {"true", "false"}:
        raise BadRequestData(f"{name} is true or false, not {text!r:.80}.", pointer=name)
    return text == "true"


def _order(params: Mapping[str, str]) -> Order | None:
    if "orderBy" in params:
        return parse_order(
            params["orderBy"],
            order_from=params.get("orderFrom"),
            order_geometry=params.get("orderGeometry"),
            collation=params.get("collation"),
        )
    if "collation" in params:
        # The clause refuses a broken collation whether or not anything is ordered by it.
        parse_order("id", collation=params["collation"])
    return None


def _split(text: str | None) -> list[str]:
    return [] if text is None else text.split(",")


# --- the Query data type --------------------------------------------------------------------------

_SHARED = frozenset({"attrs", "csf", "entityMapLifetime", "expandValues", "join", "jsonKeys", "lang", "omit",
                     "pick", "q", "scopeQ"})  # fmt: skip
_BODY_MEMBERS = _SHARED | {"type", "entities", "geoQ", "containedBy", "datasetId", "entityMap", "joinLevel",
                           "ordering", "splitEntities"}  # fmt: skip
_TEMPORAL_MEMBERS = frozenset({"temporalQ", "aggrParams"})
_LISTS = ("attrs", "pick", "omit")
_ORDERING_MEMBERS = frozenset({"collation", "coordinates", "geometry", "orderBy"})


def parse_query_body(
    body: Any,
    context: NameExpander,
    *,
    local: bool = False,
    temporal: bool = False,
    local_parameter: bool | None = None,
) -> Query:
    """Return the query in a Query object (clause 5.2.23); its ``@context`` is already taken out.

    Args:
        body: the decoded JSON.
        context: expands the names.
        local: as in ``parse_query_params``.
        temporal: ``temporalQ`` and ``aggrParams`` may be there and are left alone.
        local_parameter: the URL parameter ``local``, which has no member in the body.

    Raises:
        BadRequestData, InvalidRequest, TooComplexQuery: as ``parse_query_params``, with JSON pointers.
    """
    if not isinstance(body, dict) or body.get("type") != "Query":
        raise BadRequestData('The body is an object with "type": "Query".', pointer="/type")
    known = _BODY_MEMBERS | _TEMPORAL_MEMBERS if temporal else _BODY_MEMBERS
    for name in body:
        if name not in known:
            raise BadRequestData(f"{name!r:.80} is no member of a Query here.", pointer=f"/{name}")
    _check_member_types(body)
    geo = body.get("geoQ")
    query = Query(
        context=context,
        selectors=_selectors(body.get("entities")),
        local=local_parameter,
        geo=None if geo is None else _geo(geo),
        order=None if body.get("ordering") is None else _ordering(body["ordering"]),
        contained_by=_uris(body.get("containedBy") or (), "/containedBy"),
        dataset_ids=_dataset_ids(body.get("datasetId") or (), "/datasetId"),
        **_shared({name: body[name] for name in _SHARED if name in body}, flags=body, at="/"),
    )
    try:
        check_query(query, local=local, temporal=temporal)
    except (BadRequestData, InvalidRequest) as error:
        error.pointer = _in_body(error.pointer)
        raise
    return query


def _in_body(pointer: str | None) -> str | None:
    """Return the JSON pointer to what has a parameter's name; ``local`` is a parameter here too."""
    if pointer is None or pointer == "local":
        return pointer
    return "/ordering/orderBy" if pointer == "orderBy" else f"/{pointer}"


def _check_member_types(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name in _LISTS or name in {"containedBy", "datasetId"}:
            fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
            fits = fits and bool(value or name == "datasetId")
            wanted = "an array of texts that is not empty"
        elif name in _SHARED:
            fits, wanted = isinstance(value, str), "a text"
        elif name in {"entityMap", "splitEntities"}:
            fits, wanted = isinstance(value, bool), "true or false"
        elif name == "joinLevel":
            fits, wanted = type(value) is int, "a positive integer"
        else:
            continue
        if not fits:
            raise BadRequestData(f"{name} is {wanted}.", pointer=f"/{name}")


def _geo(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise BadRequestData("geoQ is an object with georel, geometry and coordinates.", pointer="/geoQ")
    for name in value:
        if name not in GEO_PARAMETERS:
            raise BadRequestData(f"{name!r:.80} is no member of a geoquery.", pointer=f"/geoQ/{name}")
    # The member georel decides that this is a geoquery, so that an object without it is not silently nothing.
    return parse_geo_query({"georel": "", **value}, pointer="/geoQ/")


def _ordering(value: Any) -> Order:
    if not isinstance(value, dict) or not _ORDERING_MEMBERS.issuperset(value):
        detail = "ordering is an object with orderBy and perhaps collation, coordinates and geometry."
        raise BadRequestData(detail, pointer="/ordering")
    order_by = value.get("orderBy")
    if not isinstance(order_by, list) or not all(isinstance(item, str) for item in order_by):
        raise BadRequestData("orderBy is an array of texts.", pointer="/ordering/orderBy")
    collation = value.get("collation")
    if collation is not None and not isinstance(collation, str):
        raise BadRequestData("collation is a text.", pointer="/ordering/collation")
    return parse_order(
        order_by,
        order_from=value.get("coordinates"),
        order_geometry=value.get("geometry"),
        collation=collation,
        in_body=True,
    )


def _selectors(value: Any) -> tuple[EntitySelector, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        raise BadRequestData("entities is an array with at least one selector.", pointer="/entities")
    return tuple(_body_selector(item, f"/entities/{index}") for index, item in enumerate(value))


def _body_selector(item: Any, pointer: str) -> EntitySelector:
    if not isinstance(item, dict) or not {"id", "idPattern", "type"}.issuperset(item):
        raise BadRequestData(
            "A selector is an object with type and perhaps id or idPattern.", pointer=pointer
        )
    if not isinstance(item.get("type"), str):
        detail = 'A selector has a type: a selection as text, "*" for any.'
        raise BadRequestData(detail, pointer=f"{pointer}/type")
    ids = item.get("id", [])
    ids = [ids] if isinstance(ids, str) else ids
    if not isinstance(ids, list) or not all(isinstance(uri, str) for uri in ids):
        raise BadRequestData("id is a URI or an array of URIs.", pointer=f"{pointer}/id")
    pattern = item.get("idPattern")
    if pattern is not None and not isinstance(pattern, str):
        raise BadRequestData("idPattern is a text.", pointer=f"{pointer}/idPattern")
    # Clause 5.2.33: id takes precedence over idPattern.
    return _selector(ids=ids, pattern=None if ids else pattern, types=item["type"], pointer=f"{pointer}/")


# --- what both have -------------------------------------------------------------------------------


def _selector(*, ids: list[str], pattern: str | None, types: str | None, pointer: str) -> EntitySelector:
    return EntitySelector(
        ids=_uris(ids, f"{pointer}id"),
        id_pattern=None if pattern is None else compile_pattern(pattern, pointer=f"{pointer}idPattern"),
        types=None if types is None else parse_type_selection(types, pointer=f"{pointer}type"),
    )


def _shared(given: Mapping[str, Any], *, flags: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Return the fields of a query that parameters and body write alike; ``at`` stands before a pointer."""
    return {
        **_filters(given, at),
        **_linked(given, flags.get("joinLevel"), at),
        "pick": parse_projection(given["pick"], pointer=f"{at}pick") if "pick" in given else None,
        "omit": parse_projection(given["omit"], pointer=f"{at}omit") if "omit" in given else None,
        "lang": _language(given.get("lang"), f"{at}lang"),
        "split_entities": flags.get("splitEntities"),
        "entity_map": flags.get("entityMap") is True,
        "entity_map_lifetime": given.get("entityMapLifetime"),
    }


def _filters(given: Mapping[str, Any], at: str) -> dict[str, Any]:
    def names(name: str) -> tuple[str, ...]:
        return parse_names(given[name], pointer=at + name) if name in given else ()

    return {
        "q": parse_q(given["q"], pointer=f"{at}q") if "q" in given else None,
        "csf": parse_q(given["csf"], pointer=f"{at}csf") if "csf" in given else None,
        "scope": parse_scope_query(given["scopeQ"], pointer=f"{at}scopeQ") if "scopeQ" in given else None,
        "attrs": names("attrs"),
        "expand_values": names("expandValues"),
        "json_keys": names("jsonKeys"),
    }


def _linked(given: Mapping[str, Any], level: int | None, at: str) -> dict[str, Any]:
    join = given.get("join", "@none")
    if join not in {"flat", "inline", "@none"}:
        raise BadRequestData(f"join is flat, inline or @none, not {join!r:.80}.", pointer=f"{at}join")
    if level is not None and level < 1:
        raise BadRequestData("joinLevel is a positive integer.", pointer=f"{at}joinLevel")
    return {"join": None if join == "@none" else join, "join_level": level}


def _language(text: str | None, pointer: str) -> str | None:
    if text is not None and _LANGUAGES.fullmatch(text) is None:
        detail = f"{text!r:.80} is no language preference such as sv or sv,en;q=0.5 (RFC 5646)."
        raise BadRequestData(detail, pointer=pointer)
    return text


def _uris(texts: Iterable[str], pointer: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.strip() for text in texts))
    if len(found) > _MAX_IDS:
        raise BadRequestData(f"{pointer} may name {_MAX_IDS} entities.", pointer=pointer)
    for text in found:
        if _URI.fullmatch(text) is None:
            raise BadRequestData(f"{text!r:.80} is no URI.", pointer=pointer)
    return found


def _dataset_ids(texts: Iterable[str], pointer: str) -> tuple[str, ...]:
    found = list(texts)
    _uris([text for text in found if text != "@none"], pointer)
    return tuple(dict.fromkeys(found))
