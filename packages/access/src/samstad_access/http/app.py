"""The administration API as one ASGI application, for the node to mount."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from samstad_access.errors import AccessError
from samstad_access.http.decisions import routes as decision_routes
from samstad_access.http.gate import Gate
from samstad_access.http.keys import routes as key_routes
from samstad_access.http.principals import routes as principal_routes
from samstad_access.http.problems import answer_error, problem
from samstad_access.http.roles import label_routes, role_routes
from samstad_access.http.sessions import login_routes, session_routes
from samstad_access.service.access import Access

__all__ = ["BASE", "create_app"]

BASE = "/access/v1"


def create_app(access: Access, *, now_us: Callable[[], int]) -> Starlette:
    """Return the application; its routes begin with ``/access/v1``.

    Args:
        access: does the work.
        now_us: the composition root's clock, microseconds since 1970 UTC.
    """
    gate = Gate(access, now_us)
    routes = [
        *principal_routes(gate),
        *key_routes(gate),
        *role_routes(gate),
        *label_routes(gate),
        *decision_routes(gate),
        *session_routes(gate),
        *login_routes(gate),
    ]
    return Starlette(
        routes=[Mount(BASE, routes=routes)],
        exception_handlers={AccessError: answer_error, HTTPException: _no_route},
    )


async def _no_route(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        headers = dict(getattr(error, "headers", None) or {})
        return problem(
            "method-not-allowed",
            title="Method not allowed",
            status=405,
            detail="This resource does not know the method; the header Allow lists those it knows.",
            headers=headers,
        )
    return problem("not-found", title="Not found", status=status, detail="There is nothing here.")
