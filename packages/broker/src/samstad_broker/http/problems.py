"""From an error to the response that tells a client about it (CIM 009 clauses 5.5.3, 6.3.2 and 6.3.3).

Clause 5.5.3 wants ``application/json`` and not ``application/problem+json``, "so that old clients or
existing tools are not broken"; the body has the members of RFC 9457. Errors that NGSI-LD has no type
for get one of the node's own, a reference below ``/problems/`` where a help page stands.

| error                                   | status | headers          |
|-----------------------------------------|--------|------------------|
| NgsiLdError                             | its own | -               |
| HttpFailure                             | its own | its own         |
| Unauthenticated                         | 401    | WWW-Authenticate |
| Forbidden                               | 403    | -                |
| LogFull                                 | 507    | Retry-After      |
| HistoryBehind                           | 503    | Retry-After      |
| LogUnavailable, LogCorrupt, StaleVersion | 503   | Retry-After      |
| anything else                           | 500    | -                |

The two last kinds are faults of the node: they are logged, once, with the incident id that the client gets.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import orjson

from samstad_broker.http.failures import HttpFailure
from samstad_broker.http.messages import Response
from samstad_broker.http.negotiation import JSON
from samstad_broker.service.history import HistoryBehind
from samstad_broker.spi.authorizer import Forbidden, Unauthenticated
from samstad_broker.spi.store import LogFull, StaleVersion, StoreError
from samstad_ngsild.errors import InternalError, NgsiLdError

__all__ = ["PROBLEM_BASE", "problem_body", "respond_to"]

PROBLEM_BASE = "/problems/"
"""The node's own problem types stand below this path, each with a help page."""

_log = logging.getLogger("samstad.http")

_CONTENT = ("Content-Type", JSON)


def respond_to(error: Exception, *, new_incident: Callable[[], str]) -> Response:
    """Return the response that tells about an error.

    Args:
        error: what an operation, a port or the kernel raised.
        new_incident: gives an id that joins the response and the log entry of a fault.
    """
    if isinstance(error, NgsiLdError) and not isinstance(error, InternalError):
        return Response(error.status, [_CONTENT], _dump(error.problem()))
    for kind, answer in _ANSWERS:
        if isinstance(error, kind):
            return answer(error, new_incident)
    return _fault(error, new_incident)


def problem_body(name: str, *, title: str, status: int, detail: str, **members: Any) -> bytes:
    """Return problem details of one of the node's own types."""
    return _dump({"type": PROBLEM_BASE + name, "title": title, "detail": detail, "status": status, **members})


def _http_failure(error: Any, _: Callable[[], str]) -> Response:
    headers = [*error.headers]
    if error.bodiless:
        return Response(error.status, headers)
    body = problem_body(
        error.name, title=error.title, status=error.status, detail=error.detail, **error.members
    )
    return Response(error.status, [_CONTENT, *headers], body)


def _unauthenticated(error: Any, _: Callable[[], str]) -> Response:
    body = problem_body("unauthenticated", title="Unauthenticated", status=401, detail=error.detail)
    return Response(401, [_CONTENT, ("WWW-Authenticate", 'Bearer realm="samstad"')], body)


def _forbidden(error: Any, _: Callable[[], str]) -> Response:
    body = problem_body("forbidden", title="Forbidden", status=403, detail=error.detail)
    return Response(403, [_CONTENT], body)


def _full(error: Any, new_incident: Callable[[], str]) -> Response:
    return _store_fault(
        error,
        new_incident,
        507,
        "insufficient-storage",
        "The node's disk is nearly full: it takes no writes now.",
    )


def _behind(error: Any, _: Callable[[], str]) -> Response:
    """Tell that a projection lags: no fault, and over when the node has less to do."""
    body = problem_body("history-behind", title="History behind", status=503, detail=str(error))
    return Response(503, [_CONTENT, ("Retry-After", "5")], body)


def _superseded(error: Any, new_incident: Callable[[], str]) -> Response:
    return _store_fault(
        error, new_incident, 503, "superseded", "Another process has taken over this data; ask again."
    )


def _unavailable(error: Any, new_incident: Callable[[], str]) -> Response:
    return _store_fault(
        error, new_incident, 503, "storage-unavailable",
        "The node cannot store or read its data now. The request may or may not have been carried out.",
    )  # fmt: skip


def _store_fault(
    error: StoreError, new_incident: Callable[[], str], status: int, name: str, detail: str
) -> Response:
    incident = new_incident()
    _log.error("incident %s: %s: %s", incident, type(error).__name__, error)
    body = problem_body(
        name, title=name.replace("-", " ").capitalize(), status=status, detail=detail, incident=incident
    )
    retry_after = "60" if status == 507 else "2"
    return Response(status, [_CONTENT, ("Retry-After", retry_after)], body)


def _fault(error: Exception, new_incident: Callable[[], str]) -> Response:
    """Tell nothing of an unexpected error but where in the log it is found."""
    incident = new_incident()
    _log.error("incident %s", incident, exc_info=error)
    told = InternalError(
        f"The node met a fault of its own. Tell its administrator the incident id {incident}.",
        incident=incident,
    )
    return Response(500, [_CONTENT], _dump(told.problem()))


_ANSWERS: tuple[tuple[type[Exception], Callable[[Any, Callable[[], str]], Response]], ...] = (
    (HttpFailure, _http_failure),
    (Unauthenticated, _unauthenticated),
    (Forbidden, _forbidden),
    (LogFull, _full),
    (StaleVersion, _superseded),
    (HistoryBehind, _behind),
    (StoreError, _unavailable),
)


def _dump(problem: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(problem, default=str)
    except orjson.JSONEncodeError:  # a lone surrogate that came in with the caller's text
        return json.dumps(problem, default=str).encode()
