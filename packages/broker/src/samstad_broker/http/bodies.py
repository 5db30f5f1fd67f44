"""The content of a request as JSON (CIM 009 clauses 5.5.4 and 6.3.4).

A request with ``Transfer-Encoding: chunked`` says where its content ends, so that it needs no
Content-Length; only one with neither is answered with 411. A member that stands twice in an object
counts as it stands last, as RFC 8259 lets a reader do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from samstad_broker.http.failures import LengthRequired, UnsupportedMediaType
from samstad_broker.http.messages import Request
from samstad_broker.http.negotiation import JSON, LD_JSON, MERGE_PATCH_JSON
from samstad_ngsild.errors import InvalidRequest

__all__ = ["MAX_DEPTH", "Content", "content_of", "parse_json", "reads_as_ld"]

MAX_DEPTH = 64
"""Levels of objects and arrays in a body (invariant I5)."""

_IS_LD = {
    JSON: False,
    LD_JSON: True,
    f"{JSON};charset=utf-8": False,
    f"{JSON}; charset=utf-8": False,
    f"{LD_JSON};charset=utf-8": True,
    f"{LD_JSON}; charset=utf-8": True,
}
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_SQUARED = bytes.maketrans(b"{}", b"[]")


class Content(NamedTuple):
    """A parsed body and whether it came as JSON-LD, with its @context inside."""

    value: Any
    is_ld: bool


def content_of(request: Request) -> Content:
    """Parse the body of a POST, PATCH or PUT.

    Raises:
        LengthRequired, UnsupportedMediaType: as ``reads_as_ld``.
        InvalidRequest: the content is empty, no JSON, or nested too deeply.
    """
    is_ld = reads_as_ld(request)
    return Content(parse_json(request.body), is_ld)


def reads_as_ld(request: Request) -> bool:
    """Whether the content of a request says that it is JSON-LD; False: JSON.

    Raises:
        LengthRequired: there is neither Content-Length nor chunked content.
        UnsupportedMediaType: the content is neither JSON nor JSON-LD; for PATCH also merge-patch. Or it is
            compressed: a few bytes could stand for more than the limits allow.
    """
    headers = request.headers
    if "content-length" not in headers and "transfer-encoding" not in headers:
        raise LengthRequired("Send Content-Length or chunked content.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the content as it is, without Content-Encoding.")
    content_type = headers.get("content-type")
    is_ld = _IS_LD.get(content_type) if content_type is not None else None
    return _read_content_type(content_type, request.method) if is_ld is None else is_ld


def parse_json(body: bytes, *, what: str = "The body", levels: int = MAX_DEPTH) -> Any:
    """Return the value of a JSON text.

    Args:
        body: the text in UTF-8.
        what: names it in errors.
        levels: how deeply it may be nested.

    Raises:
        InvalidRequest: with ``position`` as the offset in characters where reading stopped.
    """
    if not body:
        raise InvalidRequest(f"{what} is empty; the operation needs a JSON text.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            f"{what} is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            position=error.pos,
        ) from None
    if body.count(b"{") + body.count(b"[") > levels and _too_deep(body, value, levels):
        raise InvalidRequest(f"{what} has objects and arrays more than {levels} levels deep.")
    return value


def _read_content_type(content_type: str | None, method: str) -> bool:
    if content_type is None:
        raise UnsupportedMediaType("The request says no Content-Type.")
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType("JSON is UTF-8 (RFC 8259, clause 8.1).")
    if media_type in (JSON, LD_JSON):
        return media_type == LD_JSON
    if media_type == MERGE_PATCH_JSON and method == "PATCH":
        return False
    raise UnsupportedMediaType(f"The content is {media_type[:100]}.")


def _too_deep(body: bytes, value: Any, levels: int) -> bool:
    """Whether a text is nested too deeply.

    Its brackets alone are folded from the inside, one level with each pass; brackets inside strings
    can leave a rest that does not fold, and only then the value itself is walked.
    """
    rest = body.translate(_SQUARED, _NOT_BRACKETS)
    for _ in range(levels):
        folded = rest.replace(b"[]", b"")
        if not folded:
            return False
        if len(folded) == len(rest):
            break
        rest = folded
    return _deeper_than(value, levels)


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following.extend(item.values())
            elif isinstance(item, list):
                following.extend(item)
        if not following:
            return False
        level = following
    return any(isinstance(item, dict | list) for item in level)
