"""Responses of pages: the headers that each has, and what is told to somebody who may not come in."""

from __future__ import annotations

from starlette.responses import Response

from samstad_broker.http.failures import HttpFailure
from samstad_broker.http.problems import problem_body
from samstad_broker.spi.authorizer import Forbidden, Unauthenticated
from samstad_node.pages.html import login_page

__all__ = ["REFUSALS", "html_answer", "problem_answer", "refusal_answer", "respond_with"]

REFUSALS = (Unauthenticated, Forbidden, HttpFailure)
"""What keeps somebody out."""

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}


def respond_with(
    body: bytes, media_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a response with the security headers of every page."""
    return Response(body, status, {**_SECURITY, **(headers or {}), "Content-Type": media_type})


def html_answer(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a page."""
    told = {"Vary": "Accept-Language", "Cache-Control": "no-cache", **(headers or {})}
    return respond_with(text.encode(), "text/html; charset=utf-8", status=status, headers=told)


def problem_answer(status: int, name: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return problem details of one of the node's own types."""
    title = name.replace("-", " ").capitalize()
    body = problem_body(name, title=title, status=status, detail=detail)
    return respond_with(body, "application/json", status=status, headers=headers)


def refusal_answer(error: Exception, *, language: str, as_page: bool) -> Response:
    """Return what somebody is told who may not come in; people without a login are shown the way to one."""
    if isinstance(error, Forbidden):
        return problem_answer(403, "forbidden", error.detail)
    if isinstance(error, HttpFailure):
        return problem_answer(error.status, error.name, error.detail, dict(error.headers))
    headers = {"WWW-Authenticate": 'Bearer realm="samstad"'}
    if as_page:
        return html_answer(login_page(language=language), status=401, headers=headers)
    return problem_answer(401, "unauthenticated", str(error), headers)
