"""Link headers, read and written (RFC 8288; CIM 009 clauses 6.3.5, 6.3.6 and 6.3.10)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from samstad_ngsild.errors import BadRequestData, InvalidRequest

__all__ = ["CONTEXT_RELATION", "context_link", "find_context_url", "page_link"]

CONTEXT_RELATION = "http://www.w3.org/ns/json-ld#context"

_TARGET = re.compile(r"[ \t,]*<([^<>]*)>")
_PARAMETER = re.compile(
    r"[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]+)))?"
)
_ESCAPED = re.compile(r"\\(.)")
_MEMO_LENGTH = 1024


def find_context_url(link: str | None) -> str | None:
    """Return the URL of the JSON-LD @context in a Link header, None where it names none.

    Raises:
        BadRequestData: it names two different ones ("multiple context link headers" of JSON-LD 1.1).
        InvalidRequest: it is no Link header.
    """
    if link is None:
        return None
    return _find_memo(link) if len(link) <= _MEMO_LENGTH else _find(link)


@lru_cache(maxsize=512)
def context_link(url: str) -> str:
    """Return the value of the Link header that names an @context (clause 6.3.6)."""
    return f'<{_bare(url)}>; rel="{CONTEXT_RELATION}"; type="application/ld+json"'


def page_link(path: str, raw_query: str, *, relation: str, limit: int, offset: int, media_type: str) -> str:  # noqa: PLR0913 - one value for each part of the link
    """Return a link to another page with all parameters of the request in it (clauses 5.5.9.1, 6.3.10).

    Args:
        path: the request's, still encoded.
        raw_query: the request's, still encoded; its limit and offset are replaced.
        relation: ``next`` or ``prev``.
        limit: elements in a page.
        offset: elements before that page.
        media_type: of the response.
    """
    kept = [
        part for part in raw_query.split("&") if part and part.partition("=")[0] not in ("limit", "offset")
    ]
    query = "&".join([*kept, f"limit={limit}", f"offset={offset}"])
    return f'<{_bare(f"{path}?{query}")}>; rel="{relation}"; type="{media_type}"'


def _find(link: str) -> str | None:
    found: set[str] = set()
    position = 0
    while position < len(link):
        target = _TARGET.match(link, position)
        if target is None:
            if link[position:].strip(" \t,"):
                raise InvalidRequest(f"The Link header is malformed at character {position}.", pointer="Link")
            break
        relations, position = _relations(link, target.end())
        if CONTEXT_RELATION in relations:
            found.add(target[1].strip())
    if len(found) > 1:
        raise BadRequestData(
            "The Link header names more than one JSON-LD @context; name one that refers to the others.",
            pointer="Link",
        )
    return found.pop() if found else None


_find_memo = lru_cache(maxsize=512)(_find)


def _relations(link: str, position: int) -> tuple[list[str], int]:
    """Return the relations of a link and where its parameters end; only the first ``rel`` counts (3.3)."""
    relations: list[str] | None = None
    while (parameter := _PARAMETER.match(link, position)) is not None:
        position = parameter.end()
        if parameter[1].lower() == "rel" and relations is None:
            quoted = parameter[2]
            relations = (_ESCAPED.sub(r"\1", quoted) if quoted is not None else parameter[3] or "").split()
    rest = link[position:].lstrip(" \t")
    if rest and not rest.startswith((",", ";")):
        raise InvalidRequest(f"The Link header is malformed at character {position}.", pointer="Link")
    return relations or [], position + len(link[position:]) - len(rest.lstrip(";"))


def _bare(target: str) -> str:
    """Encode what would end a link target before its time."""
    return quote(target, safe="!#$%&'()*+,/:;=?@[]~-._|")
