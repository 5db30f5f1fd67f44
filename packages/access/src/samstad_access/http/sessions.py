"""``/sessions``, ``/links``, ``/login``, ``/break-glass``, ``/link``, ``/logout`` and ``/me``."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samstad_access.domain.session import (
    CSRF_HEADER,
    SESSION_COOKIE,
    SessionRecord,
    clearing_cookies,
    cookie_value,
    csrf_proven,
    session_cookies,
)
from samstad_access.errors import AccessError, Forbidden
from samstad_access.http.gate import Gate, peer_of
from samstad_access.http.messages import iso, json_answer, page, read_body
from samstad_access.service.login import LINK_LONGEST_S
from samstad_access.service.sessions import NewSession

__all__ = ["login_routes", "session_routes"]

_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9._~-][A-Za-z0-9._~/-]*)?(?:#/[A-Za-z0-9._~:%/-]*)?")
"""A path without a second slash at its beginning, which would name another host."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _Password(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    password: str


class _Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    principal: str
    lasts_s: Annotated[int, Meta(ge=1, le=LINK_LONGEST_S)] = LINK_LONGEST_S


class _Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    code: str
    reason: str


def session_routes(gate: Gate) -> list[Route]:
    """Return the routes by which administrators see, end and hand out sessions."""
    login, sessions = gate.access.login, gate.access.sessions

    async def list_sessions(request: Request) -> Response:
        gate.administrator(request)
        wanted = page(request)
        principal = request.query_params.get("principal")
        found = sessions.list_records(principal=principal, after=wanted.after, limit=wanted.limit)
        return json_answer([_shown(record) for record in found])

    async def end_session(request: Request) -> Response:
        sessions.end(gate.administrator(request), request.path_params["id"])
        return Response(status_code=204)

    async def make_link(request: Request) -> Response:
        act = gate.administrator(request)
        given = await read_body(request, _Link)
        secret = login.make_link(act, given.principal, lasts_s=given.lasts_s)
        expires_us = act.now_us + given.lasts_s * 1_000_000
        path = f"{request.scope.get('root_path', '')}/link/{secret}"
        return json_answer({"path": path, "expiresAt": iso(expires_us)}, status=201)

    return [
        Route("/links", make_link, methods=["POST"]),
        Route("/sessions", list_sessions, methods=["GET"]),
        Route("/sessions/{id}", end_session, methods=["DELETE"]),
    ]


def login_routes(gate: Gate) -> list[Route]:
    """Return the routes by which people come in and leave, and see who they are."""
    login, sessions = gate.access.login, gate.access.sessions

    async def log_in(request: Request) -> Response:
        given = await read_body(request, _Password)
        act = gate.act(request, given.name)
        return _begun(request, await login.log_in(act, given.name, given.password, peer=peer_of(request)))

    async def break_glass(request: Request) -> Response:
        given = await read_body(request, _Code)
        act = gate.act(request, given.name, reason=given.reason)
        return _begun(request, await login.break_glass(act, given.name, given.code, peer=peer_of(request)))

    async def use_link(request: Request) -> Response:
        if request.method == "HEAD":
            # Previews ask by HEAD, and would use the link up.
            return Response(headers={"Cache-Control": "no-store"})
        if _is_logged_in(gate, request):
            # Opened again in the same browser: it is in already.
            return _sent_on(request, Response(status_code=303, headers={"Cache-Control": "no-store"}))
        act = gate.act(request, "link")
        begun = login.use_link(act, request.path_params["secret"], peer=peer_of(request))
        return _sent_on(request, _begun(request, begun, status=303))

    async def log_out(request: Request) -> Response:
        session = cookie_value(request.headers.get("cookie", ""), SESSION_COOKIE) or ""
        if session and not csrf_proven(session, request.headers.get(CSRF_HEADER)):
            raise Forbidden("Send the CSRF token of the session in X-CSRF-Token.")
        sessions.log_out(gate.act(request, "session"), session)
        return _with_cookies(Response(status_code=204), clearing_cookies())

    async def me(request: Request) -> Response:
        caller = gate.caller(request)
        return json_answer({"id": caller.id, "kind": caller.kind, "roles": caller.roles})

    return [
        Route("/login", log_in, methods=["POST"]),
        Route("/break-glass", break_glass, methods=["POST"]),
        Route("/link/{secret}", use_link, methods=["GET"]),
        Route("/logout", log_out, methods=["POST"]),
        Route("/me", me, methods=["GET"]),
    ]


def _is_logged_in(gate: Gate, request: Request) -> bool:
    cookie = request.headers.get("cookie", "")
    if cookie_value(cookie, SESSION_COOKIE) is None:
        return False
    try:
        gate.access.identify({"cookie": cookie}, now_us=gate.now_us())
    except AccessError:
        return False
    return True


def _sent_on(request: Request, answer: Response) -> Response:
    """Lead a browser to the page that the link names in ``to``: a path of this node, and no other's."""
    wished = request.query_params.get("to", "/")
    answer.headers["Location"] = wished if _OWN_PATH.fullmatch(wished) else "/"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _begun(request: Request, begun: NewSession, *, status: int = 201) -> Response:
    record = begun.record
    lasts_s = (record.expires_us - record.created_us) // 1_000_000
    # Behind a proxy the scheme is http as well; only a browser on this machine may do without Secure.
    secure = request.url.scheme == "https" or request.url.hostname not in _LOOPBACK
    answer = json_answer(_shown(record), status=status)
    return _with_cookies(answer, session_cookies(begun.text, max_age_s=lasts_s, secure=secure))


def _with_cookies(answer: Response, cookies: tuple[str, str]) -> Response:
    for cookie in cookies:
        answer.headers.append("Set-Cookie", cookie)
    return answer


def _shown(record: SessionRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "principal": record.principal,
        "method": record.method,
        "createdAt": iso(record.created_us),
        "expiresAt": iso(record.expires_us),
    }
