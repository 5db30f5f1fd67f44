"""The Starlette app of everything outside ``/ngsi-ld/v1``.

| path                          | answer                                        | login |
|-------------------------------|-----------------------------------------------|-------|
| ``/``                         | start page                                    | no    |
| ``/live``                     | committed changes as Server-Sent Events       | yes   |
| ``/models…``                  | the information models                        | no    |
| ``/breaches``                 | the latest writes that broke a model          | yes   |
| ``/problems…``                | help for each problem type                    | no    |
| ``/api``, ``/openapi.json``   | the API for people, for machines              | no    |
| ``/health``, ``/ready``       | for doctors and load balancers                | no    |
| ``/metrics``                  | for Prometheus                                | no    |
| ``/static…``                  | style sheet and script                        | no    |
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from importlib.resources import files

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as PageRoute

from samstad_broker.http.problems import problem_body
from samstad_broker.http.router import Route
from samstad_broker.spi.authorizer import Unauthenticated
from samstad_models.pages import Site, choose_language, respond
from samstad_node.observe import Metrics, NodeHealth, health_answer, metrics_answer, ready_answer
from samstad_node.observe.answers import Answer
from samstad_node.pages.breaches import NotedBreach, breaches_json, breaches_page
from samstad_node.pages.html import start_page
from samstad_node.pages.live import LiveRows
from samstad_node.pages.openapi import api_page, build_openapi
from samstad_node.pages.problems import problem_page, problems_page
from samstad_node.pages.readers import Reader
from samstad_node.pages.stream import Shorten, by_models, events

__all__ = ["create_pages"]

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}
Breaches = Callable[[Mapping[str, str]], Iterable[NotedBreach]]


def _no_breaches(_: Mapping[str, str]) -> Iterable[NotedBreach]:
    return ()


_STATIC = {"pages.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}


def create_pages(  # noqa: PLR0913  # what the composition root wires, each by its name
    *,
    live: LiveRows,
    reader: Reader,
    routes: Iterable[Route],
    version: str,
    health: Callable[[], NodeHealth],
    metrics: Metrics,
    shorten: Shorten,
    breaches: Breaches = _no_breaches,
    site: Site | None = None,
) -> Starlette:
    """Return the app.

    Args:
        live: is given the rows of the writer.
        reader: from request headers to what may be seen of them.
        routes: of the NGSI-LD API, for its description.
        version: of the node.
        health: asked at each request.
        metrics: of this process.
        shorten: gives the short name of an IRI that is none of the models' (``Context.compact``).
        breaches: from request headers to the breaches of models that may be seen of them, newest first.
        site: where the models stand.
    """
    pages = _Pages(live, reader, by_models(shorten), site or Site(stylesheets=("/static/pages.css",)))
    document = build_openapi(routes, version=version)
    described = orjson.dumps(document)

    def answer(give: Callable[[], Answer]) -> Callable[[Request], Response]:
        return lambda _: _of_answer(give())

    table: dict[str, Callable[[Request], Response]] = {
        "/": lambda request: _html(start_page(language=_language(request))),
        "/live": pages.live,
        "/models": pages.models,
        "/models/{path:path}": pages.models,
        "/breaches": lambda request: _breaches(request, breaches),
        "/problems": lambda request: _html(problems_page(language=_language(request))),
        "/problems/{name}": _problem,
        "/openapi.json": lambda _: _respond(described, "application/json"),
        "/api": lambda request: _html(api_page(document, language=_language(request))),
        "/health": answer(lambda: health_answer(health())),
        "/ready": answer(lambda: ready_answer(health())),
        "/metrics": answer(lambda: metrics_answer(metrics)),
        "/static/{name}": _static,
    }
    return Starlette(routes=[PageRoute(path, _direct(page)) for path, page in table.items()])


def _breaches(request: Request, seen: Breaches) -> Response:
    try:
        noted = list(seen(dict(request.headers)))
    except Unauthenticated as error:
        return _unauthenticated(error)
    if "text/html" in request.headers.get("accept", ""):
        return _html(breaches_page(noted, language=_language(request)))
    body = orjson.dumps(breaches_json(noted))
    return _respond(body, "application/json", headers={"Cache-Control": "no-store"})


class _Pages:
    """The pages that need something of the node."""

    def __init__(self, live: LiveRows, reader: Reader, shorten: Shorten, site: Site) -> None:
        self._live = live
        self._reader = reader
        self._shorten = shorten
        self._site = site

    def live(self, request: Request) -> Response:
        headers = dict(request.headers)
        try:
            self._reader(headers)
        except Unauthenticated as error:
            return _unauthenticated(error)
        if self._live.clients >= self._live.most_clients:
            detail = f"{self._live.clients} streams are open, as many as the node takes."
            return _problem_of(503, "overloaded", detail, {"Retry-After": "10"})
        return StreamingResponse(
            self._counted(headers), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _counted(self, headers: dict[str, str]) -> AsyncIterator[bytes]:
        self._live.clients += 1
        try:
            async for part in events(self._live, self._reader, headers, shorten=self._shorten):
                yield part
        finally:
            self._live.clients -= 1

    def models(self, request: Request) -> Response:
        found = respond(
            request.url.path.rstrip("/"),
            accept=request.headers.get("accept"),
            language=_language(request),
            site=self._site,
        )
        if found is None:
            return _nothing()
        return _respond(found.body, found.media_type, headers=dict(found.headers))


def _direct(page: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Run a page in the event loop: none of them waits, and a thread would cost more than they do."""

    async def endpoint(request: Request) -> Response:
        return page(request)

    return endpoint


def _language(request: Request) -> str:
    return choose_language(
        parameter=request.query_params.get("lang"), accept_language=request.headers.get("accept-language")
    )


def _problem(request: Request) -> Response:
    found = problem_page(request.path_params["name"], language=_language(request))
    return _nothing() if found is None else _html(found)


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return _nothing()
    body = files("samstad_node.pages").joinpath("static", name).read_bytes()
    return _respond(body, _STATIC[name], headers={"Cache-Control": "public, max-age=300"})


def _nothing() -> Response:
    return _problem_of(404, "not-found", "There is nothing here; the start page is at /.", {})


def _problem_of(status: int, name: str, detail: str, headers: dict[str, str]) -> Response:
    title = name.replace("-", " ").capitalize()
    body = problem_body(name, title=title, status=status, detail=detail)
    return _respond(body, "application/json", status=status, headers=headers)


def _unauthenticated(error: Unauthenticated) -> Response:
    return _problem_of(401, "unauthenticated", error.detail, {"WWW-Authenticate": 'Bearer realm="samstad"'})


def _html(text: str) -> Response:
    headers = {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return _respond(text.encode(), "text/html; charset=utf-8", headers=headers)


def _of_answer(answer: Answer) -> Response:
    return _respond(
        answer.body, answer.media_type, status=answer.status, headers={"Cache-Control": "no-store"}
    )


def _respond(
    body: bytes, media_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(body, status, {**_SECURITY, **(headers or {}), "Content-Type": media_type})
