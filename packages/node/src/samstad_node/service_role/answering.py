"""What went wrong at an endpoint of a service, as problem details."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.responses import Response

from samstad_broker.http.problems import respond_to
from samstad_ngsild.client import ClientError, NotAllowed, Overloaded, Refused, Unreachable
from samstad_node.pages.answering import problem_answer, respond_with
from samstad_plugin import Problem

__all__ = ["answer_to"]


def answer_to(
    error: Exception, *, errors: Mapping[type[Exception], str], problems: Mapping[str, Problem]
) -> Response:
    """Return the response that tells about an error.

    Args:
        error: what the endpoint raised.
        errors: the service's own, by type; the first that fits counts.
        problems: the service's problem types by name.
    """
    for kind, name in errors.items():
        if isinstance(error, kind):
            return problem_answer(problems[name].status, name, str(error))
    if isinstance(error, ClientError):
        return _of_the_broker(error)
    answer = respond_to(error, new_incident=lambda: secrets.token_hex(8))
    headers = {name: value for name, value in answer.headers if name.lower() != "content-type"}
    return respond_with(answer.body, "application/json", status=answer.status, headers=headers)


def _of_the_broker(error: ClientError) -> Response:
    """Tell what the broker said to the service as if it had said it to the caller."""
    if isinstance(error, NotAllowed):
        name = "unauthenticated" if error.status == 401 else "forbidden"
        return problem_answer(error.status, name, error.detail)
    if isinstance(error, Refused):
        name = error.type.rpartition("/")[2] if error.type.startswith("/problems/") else "broker-refused"
        return problem_answer(error.status, name, error.detail)
    retry_after_s = error.retry_after_s if isinstance(error, Overloaded) else 2.0
    name = "overloaded" if isinstance(error, Overloaded) else "broker-unreachable"
    detail = error.detail if isinstance(error, Overloaded | Unreachable) else f"The broker: {error.detail}"
    return problem_answer(503, name, detail, {"Retry-After": str(max(1, round(retry_after_s)))})
