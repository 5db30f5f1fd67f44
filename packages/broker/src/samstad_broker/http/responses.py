"""Responses of the HTTP binding (CIM 009 clauses 6.3.6, 6.3.10, 6.3.13, 6.3.14 and 4.3.6.8).

Content may be a dictionary or finished bytes of a JSON object; bytes are never parsed again, an
@context is set into them at the front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.links import context_link, page_link
from samstad_broker.http.messages import Response
from samstad_broker.http.negotiation import GEO_JSON, JSON, LD_JSON
from samstad_broker.http.parameters import Page
from samstad_ngsild.context import Context

__all__ = [
    "VERSION",
    "Applied",
    "created",
    "json_content",
    "location",
    "many",
    "multi_status",
    "no_content",
    "one",
    "page_headers",
]

VERSION = "1.9"
"""The version of NGSI-LD that payloads conform to (clause 4.3.6.8)."""


class Applied(NamedTuple):
    """An older version of NGSI-LD that a client prefers and that the content conforms to (clause 4.3.6.8).

    Attributes:
        version: as ``1.5``.
        is_changed: whether something had to be taken out or written in another way.
    """

    version: str
    is_changed: bool


_CONTENT_JSON = ("Content-Type", JSON)
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9:._~-]+")
_MEMO_CONTEXTS = 512

_heads: dict[tuple[str, str | None], list[tuple[str, str]]] = {}
_members: dict[str, bytes] = {}


def one(
    exchange: Exchange,
    context: Context,
    content: dict[str, Any] | bytes,
    *,
    headers: Iterable[tuple[str, str]] = (),
    applied: Applied | None = None,
) -> Response:
    """Answer 200 with one object: an entity, a subscription, a GeoJSON Feature or FeatureCollection.

    Args:
        exchange: its Accept and Prefer headers decide where the @context goes (clause 6.3.6).
        context: the @context by which the content is compacted.
        content: without @context.
        headers: further ones, such as those of ``page_headers``.
        applied: the older version that the content conforms to (clause 4.3.6.8): 203 where it was changed.
    """
    media_type = exchange.media_type
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    if media_type == LD_JSON or (media_type == GEO_JSON and exchange.preferences.body != "json"):
        response = Response(200, _head(media_type, None), _with_context(body, context))
    else:
        response = Response(200, _head(media_type, context.link), body)
    return _altered(exchange, response, headers, applied)


def many(
    exchange: Exchange,
    context: Context,
    contents: Sequence[dict[str, Any] | bytes],
    *,
    headers: Iterable[tuple[str, str]] = (),
    applied: Applied | None = None,
) -> Response:
    """Answer 200 with an array; as JSON-LD each of its objects holds the @context.

    A GeoJSON FeatureCollection is one object: use ``one`` for it.
    """
    bodies = [content if isinstance(content, bytes) else orjson.dumps(content) for content in contents]
    media_type, link = exchange.media_type, context.link
    if media_type == LD_JSON:
        bodies, link = [_with_context(body, context) for body in bodies], None
    response = Response(200, _head(media_type, link), b"[" + b",".join(bodies) + b"]")
    return _altered(exchange, response, headers, applied)


def page_headers(
    exchange: Exchange,
    page: Page,
    *,
    more: bool,
    total: int | None = None,
    next_offset: int | None = None,
) -> list[tuple[str, str]]:
    """Return the headers of a page: links to the next and the previous one, and the count.

    Args:
        exchange: the request whose parameters the links repeat.
        page: which part was asked for.
        more: whether there are elements after this page.
        total: the number of results, for the header of clause 6.3.13 where ``count`` asked for it.
        next_offset: where the next page begins; None: behind this one.
    """
    headers: list[tuple[str, str]] = []
    if page.limit:
        if more:
            begins = page.offset + page.limit if next_offset is None else next_offset
            headers.append(("Link", _page_link(exchange, page, "next", begins)))
        if page.offset:
            headers.append(("Link", _page_link(exchange, page, "prev", max(0, page.offset - page.limit))))
    if page.count and total is not None:
        headers.append(("NGSILD-Results-Count", str(total)))
    return headers


def location(root: str, *segments: str) -> str:
    """Return the path of a resource; each segment is encoded so that it stays one."""
    return root + "".join(
        "/" + (segment if _PLAIN_SEGMENT.fullmatch(segment) else quote(segment, safe=":@!$&'()*+,;=~"))
        for segment in segments
    )


def created(where: str) -> Response:
    """Answer 201 with the Location of what was created."""
    return Response(201, [("Location", where)])


def no_content() -> Response:
    """Answer 204, without any body or Content-Length (clause 6.3.6)."""
    return Response(204, [])


def multi_status(result: dict[str, Any] | bytes, *, where: str | None = None) -> Response:
    """Answer 207: a partial success, always JSON with full names and without Link (clause 6.3.6)."""
    response = json_content(result, status=207)
    if where is not None:
        response.headers.append(("Location", where))
    return response


def json_content(content: Any, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Answer JSON to which no @context belongs, such as the ids of created entities."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(status, [_CONTENT_JSON, *headers], body)


def _altered(
    exchange: Exchange,
    response: Response,
    headers: Iterable[tuple[str, str]],
    applied: Applied | None,
) -> Response:
    """Add further headers, and tell which of the client's preferences were followed."""
    response.headers += headers
    if "prefer" not in exchange.request.headers:
        return response
    asked = exchange.preferences
    if asked.version is not None:
        version = VERSION if applied is None else applied.version
        response.headers.append(("Preference-Applied", f"ngsi-ld={version}"))
        if applied is not None and applied.is_changed:
            response.status = 203
    elif asked.body is not None and exchange.media_type == GEO_JSON:
        response.headers.append(("Preference-Applied", f"body={asked.body}"))
    return response


def _head(media_type: str, link: str | None) -> list[tuple[str, str]]:
    head = _heads.get((media_type, link))
    if head is None:
        head = [("Content-Type", media_type)]
        if link is not None:
            head.append(("Link", context_link(link)))
        if len(_heads) >= _MEMO_CONTEXTS:
            _heads.clear()
        _heads[media_type, link] = head
    return head.copy()


def _with_context(body: bytes, context: Context) -> bytes:
    """Set the @context into an object as its first member."""
    member = _members.get(context.key)
    if member is None:
        member = b'{"@context":' + orjson.dumps(context.output)
        if len(_members) >= _MEMO_CONTEXTS:
            _members.clear()
        _members[context.key] = member
    return member + (b"}" if body == b"{}" else b"," + body[1:])


def _page_link(exchange: Exchange, page: Page, relation: str, offset: int) -> str:
    request = exchange.request
    return page_link(
        request.path,
        request.raw_query,
        relation=relation,
        limit=page.limit,
        offset=offset,
        media_type=exchange.media_type,
    )
