"""From an error of access to problem details (RFC 9457), in one place."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_access.errors import AccessError, TooManyAttempts

__all__ = ["PROBLEM_BASE", "answer_error", "problem"]

PROBLEM_BASE = "/problems/"


async def answer_error(_: Request, error: Exception) -> Response:
    """Return the response that tells about an AccessError; others are passed on as faults."""
    if not isinstance(error, AccessError):
        raise error
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="samstad"'
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_s)
    members = {} if error.pointer is None else {"pointer": error.pointer}
    return problem(
        error.name, title=error.title, status=error.status, detail=error.detail, headers=headers, **members
    )


def problem(
    name: str, *, title: str, status: int, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """Return problem details of the type ``/problems/<name>``."""
    body = {"type": PROBLEM_BASE + name, "title": title, "status": status, "detail": detail, **members}
    return Response(orjson.dumps(body), status, headers, "application/problem+json")
