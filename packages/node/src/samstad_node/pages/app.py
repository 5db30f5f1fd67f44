"""The Starlette app of everything outside ``/ngsi-ld/v1``.

| path                          | answer                                        | login |
|-------------------------------|-----------------------------------------------|-------|
| ``/``                         | start page                                    | set   |
| ``/live``                     | committed changes as Server-Sent Events       | yes   |
| ``/models…``                  | the information models                        | set   |
| ``/breaches``                 | the latest writes that broke a model          | yes   |
| ``/problems…``                | help for each problem type                    | no    |
| ``/api``, ``/openapi.json``   | the API for people, for machines              | set   |
| ``/asyncapi.json``            | what is told by itself, for machines          | set   |
| ``/health``, ``/ready``       | for doctors and load balancers                | no    |
| ``/metrics``                  | for Prometheus                                | set   |
| ``/static…``                  | style sheet and script                        | no    |

``set``: as the operator has set it, see ``doors``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from importlib.resources import files

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as PageRoute

from samstad_broker.http.router import Route
from samstad_models.pages import Site, choose_language, respond
from samstad_node.observe import Metrics, NodeHealth, health_answer, metrics_answer, ready_answer
from samstad_node.observe.answers import Answer
from samstad_node.pages.answering import (
    REFUSALS,
    html_answer,
    problem_answer,
    refusal_answer,
    respond_with,
)
from samstad_node.pages.asyncapi import build_asyncapi
from samstad_node.pages.breaches import NotedBreach, breaches_json, breaches_page
from samstad_node.pages.doors import OPEN_DOORS, Door, Doors
from samstad_node.pages.html import start_page
from samstad_node.pages.live import LiveRows
from samstad_node.pages.openapi import api_page, build_openapi
from samstad_node.pages.problems import problem_page, problems_page
from samstad_node.pages.readers import Reader
from samstad_node.pages.stream import Shorten, by_models, events

__all__ = ["create_pages"]

Breaches = Callable[[Mapping[str, str], str], Iterable[NotedBreach]]


def _no_breaches(_: Mapping[str, str], __: str) -> Iterable[NotedBreach]:
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
    more_metrics: Callable[[], Iterable[bytes]] = tuple,
    shorten: Shorten,
    breaches: Breaches = _no_breaches,
    doors: Doors = OPEN_DOORS,
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
        more_metrics: texts of the node's other processes, for Prometheus.
        shorten: gives the short name of an IRI that is none of the models' (``Context.compact``).
        breaches: from request headers and peer to the breaches of models that may be seen, newest first.
        doors: before the pages and before the metrics.
        site: where the models stand.
    """
    pages = _Pages(live, reader, by_models(shorten), site or Site(stylesheets=("/static/pages.css",)))
    document = build_openapi(routes, version=version)
    described = orjson.dumps(document)
    told = orjson.dumps(build_asyncapi(version=version))

    def answer(give: Callable[[], Answer]) -> Callable[[Request], Response]:
        return lambda _: _of_answer(give())

    def page(show: Callable[[Request], Response]) -> Callable[[Request], Response]:
        return _behind(doors.pages, show)

    table: dict[str, Callable[[Request], Response]] = {
        "/": page(lambda request: html_answer(start_page(language=_language(request)))),
        "/live": pages.live,
        "/models": page(pages.models),
        "/models/{path:path}": page(pages.models),
        "/breaches": lambda request: _breaches(request, breaches),
        "/problems": lambda request: html_answer(problems_page(language=_language(request))),
        "/problems/{name}": _problem,
        "/openapi.json": page(lambda _: respond_with(described, "application/json")),
        "/asyncapi.json": page(lambda _: respond_with(told, "application/json")),
        "/api": page(lambda request: html_answer(api_page(document, language=_language(request)))),
        "/health": answer(lambda: health_answer(health())),
        "/ready": answer(lambda: ready_answer(health())),
        "/metrics": _behind(doors.metrics, answer(lambda: metrics_answer(metrics, more_metrics()))),
        "/static/{name}": _static,
    }
    return Starlette(
        routes=[PageRoute(path, _direct(page)) for path, page in table.items()],
        exception_handlers={404: _missing, 405: _not_allowed},
    )


def _behind(door: Door, page: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return a page that is shown to those alone whom the door lets in."""

    def shown(request: Request) -> Response:
        door(dict(request.headers), _peer(request))
        return page(request)

    return shown


def _breaches(request: Request, seen: Breaches) -> Response:
    noted = list(seen(dict(request.headers), _peer(request)))
    if _wants_page(request):
        return html_answer(breaches_page(noted, language=_language(request)))
    body = orjson.dumps(breaches_json(noted))
    return respond_with(body, "application/json", headers={"Cache-Control": "no-store"})


class _Pages:
    """The pages that need something of the node."""

    def __init__(self, live: LiveRows, reader: Reader, shorten: Shorten, site: Site) -> None:
        self._live = live
        self._reader = reader
        self._shorten = shorten
        self._site = site

    def live(self, request: Request) -> Response:
        headers = dict(request.headers)
        self._reader(headers, _peer(request))
        if self._live.clients >= self._live.most_clients:
            detail = f"{self._live.clients} streams are open, as many as the node takes."
            return problem_answer(503, "overloaded", detail, {"Retry-After": "10"})
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
        return respond_with(found.body, found.media_type, headers=dict(found.headers))


def _direct(page: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Run a page in the event loop: none of them waits, and a thread would cost more than they do."""

    async def endpoint(request: Request) -> Response:
        try:
            return page(request)
        except REFUSALS as error:
            return refusal_answer(error, language=_language(request), as_page=_wants_page(request))

    return endpoint


def _language(request: Request) -> str:
    return choose_language(
        parameter=request.query_params.get("lang"), accept_language=request.headers.get("accept-language")
    )


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _problem(request: Request) -> Response:
    found = problem_page(request.path_params["name"], language=_language(request))
    return _nothing() if found is None else html_answer(found)


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return _nothing()
    body = files("samstad_node.pages").joinpath("static", name).read_bytes()
    return respond_with(body, _STATIC[name], headers={"Cache-Control": "public, max-age=300"})


def _nothing() -> Response:
    return problem_answer(404, "not-found", "There is nothing here; the start page is at /.")


async def _missing(_: Request, __: Exception) -> Response:
    return _nothing()


async def _not_allowed(_: Request, error: Exception) -> Response:
    allow = dict(getattr(error, "headers", None) or {})
    return problem_answer(405, "method-not-allowed", "Pages are read with GET.", allow)


def _of_answer(answer: Answer) -> Response:
    return respond_with(
        answer.body, answer.media_type, status=answer.status, headers={"Cache-Control": "no-store"}
    )
