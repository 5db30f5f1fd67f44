"""What a client's caller is told when an operation was not carried out.

A broker's problem details become the same errors that our own broker raises (``samstad_ngsild.errors``), with
its detail and pointer. What only a client can meet is here:

    ClientError
    ├── Unreachable       no answer, or none in time: it may have been carried out
    ├── Overloaded        429 or 503: the broker said to come again
    ├── NotAllowed        401 or 403: the credential is missing, unknown, or may not do this
    ├── Refused           another problem that the standard has no name for
    └── Unreadable        the answer is none that the standard knows for the operation
"""

from __future__ import annotations

from typing import Any

import orjson

from samstad_ngsild.client.transport import Answer
from samstad_ngsild.errors import ERRORS_BY_TYPE, NgsiLdError

__all__ = [
    "ClientError",
    "NotAllowed",
    "Overloaded",
    "Refused",
    "Unreachable",
    "Unreadable",
    "error_of",
    "problem_error",
]

_RETRY_AFTER_S = 1.0
"""Where the broker said no time."""
_OVERLOADED = frozenset({429, 503})
_NOT_ALLOWED = frozenset({401, 403})


class ClientError(Exception):
    """An operation was not carried out, or it is not known whether it was."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unreachable(ClientError):
    """No whole answer came."""


class Overloaded(ClientError):
    """The broker takes no more now; ``retry_after_s`` is its own wish, in seconds."""

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class NotAllowed(ClientError):
    """The credential does not do; trying again as it is would not help. ``status`` is 401 or 403."""

    def __init__(self, detail: str, *, status: int) -> None:
        super().__init__(detail)
        self.status = status


class Refused(ClientError):
    """A problem of a type that the standard does not define: ``status`` and ``type`` tell it."""

    def __init__(self, detail: str, *, status: int, type: str = "about:blank") -> None:  # noqa: A002
        super().__init__(detail)
        self.status = status
        self.type = type


class Unreadable(ClientError):
    """The answer is not what the standard says."""


def error_of(answer: Answer) -> ClientError | NgsiLdError:
    """Return the error that an answer of status 400 or above tells of."""
    problem = _problem(answer.body)
    detail = str(problem.get("detail") or problem.get("title") or f"status {answer.status}")
    known = ERRORS_BY_TYPE.get(str(problem.get("type", "")))
    if known is not None:
        return known(detail, pointer=problem.get("pointer"))
    if answer.status in _OVERLOADED:
        return Overloaded(detail, retry_after_s=_retry_after_s(answer))
    if answer.status in _NOT_ALLOWED:
        return NotAllowed(detail, status=answer.status)
    return Refused(detail, status=answer.status, type=str(problem.get("type") or "about:blank"))


def problem_error(problem: Any) -> ClientError | NgsiLdError:
    """Return the error of one entity in a batch, from its problem details (clause 5.2.17)."""
    status = problem.get("status") if isinstance(problem, dict) else None
    return error_of(Answer(status if isinstance(status, int) else 400, {}, orjson.dumps(problem or {})))


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _retry_after_s(answer: Answer) -> float:
    try:
        return max(0.0, float(answer.headers.get("retry-after", _RETRY_AFTER_S)))
    except ValueError:  # a date: the broker's clock is none of ours
        return _RETRY_AFTER_S
