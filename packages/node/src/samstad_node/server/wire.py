"""From responses to bytes (RFC 9112)."""

from __future__ import annotations

from http import HTTPStatus

from samstad_broker.http.messages import Response
from samstad_broker.http.problems import problem_body
from samstad_node.server.reading import Incoming, Refusal

__all__ = ["CONTINUE", "LAST_CHUNK", "chunk", "head", "refusal", "whole"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_WITHOUT_BODY = frozenset({204, 304})
_REFUSALS = {
    400: "Bad request",
    408: "Request timeout",
    413: "Payload too large",
    414: "URI too long",
    417: "Expectation failed",
    431: "Request header fields too large",
    501: "Not implemented",
    503: "Overloaded",
    505: "HTTP version not supported",
}
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def whole(response: Response, incoming: Incoming, *, date: str, keep_alive: bool) -> bytes:
    """Return a response with its body.

    Raises:
        ValueError: a header holds a line end.
    """
    body = response.body
    if response.status in _WITHOUT_BODY:
        return _block(response, _framing(incoming, keep_alive=keep_alive), date)
    if incoming.request.method == "HEAD":
        # An empty body here may stand for one that nobody rendered: its length stays open.
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return _block(response, length + _framing(incoming, keep_alive=keep_alive), date)
    if keep_alive and not incoming.old:
        return _block(response, f"Content-Length: {len(body)}\r\n", date) + body
    framing = _framing(incoming, keep_alive=keep_alive)
    return _block(response, f"Content-Length: {len(body)}\r\n{framing}", date) + body


def head(response: Response, incoming: Incoming, *, date: str, keep_alive: bool) -> bytes:
    """Return the head of a response whose body comes in parts; HTTP/1.0 ends it with the connection."""
    coding = "" if incoming.old else "Transfer-Encoding: chunked\r\n"
    return _block(response, coding + _framing(incoming, keep_alive=keep_alive and not incoming.old), date)


def chunk(part: bytes) -> bytes:
    """Return one part of a body; an empty part is left out, for it would end the body."""
    return b"%x\r\n%b\r\n" % (len(part), part) if part else b""


def refusal(refused: Refusal, *, date: str) -> bytes:
    """Return the answer to what was no request; the connection ends with it."""
    title = _REFUSALS[refused.status]
    name = title.lower().replace(" ", "-")
    body = problem_body(name, title=title, status=refused.status, detail=refused.detail)
    response = Response(refused.status, [("Content-Type", "application/json")], body)
    framing = f"Content-Length: {len(body)}\r\nConnection: close\r\n"
    return _block(response, framing, date) + body


def _framing(incoming: Incoming, *, keep_alive: bool) -> str:
    if not keep_alive:
        return "Connection: close\r\n"
    return "Connection: keep-alive\r\n" if incoming.old else ""


def _block(response: Response, framing: str, date: str) -> bytes:
    headers = response.headers
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
        raise ValueError("a response header holds a line end")
    status = _STATUS_LINES.get(response.status) or f"HTTP/1.1 {response.status} \r\n"
    return f"{status}{lines}{framing}{date}\r\n".encode("latin-1", "replace")
