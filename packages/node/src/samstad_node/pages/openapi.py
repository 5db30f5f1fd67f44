"""OpenAPI 3.1 and a page for people, both from the table of routes: what is served is what is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from samstad_broker.http.router import Route
from samstad_node.pages.bodies import SCHEMAS, body_of
from samstad_node.pages.html import page

__all__ = ["api_page", "build_openapi"]

_PARAMETER = re.compile(r"\{([^}]+)\}")
_INTEGERS = frozenset({"limit", "offset", "lastN"})
_WITH_BODY = frozenset({"POST", "PATCH", "PUT"})
_DONE = {
    200: "What was asked for.",
    201: "Made; Location, or a list of ids in the body, tells where.",
    204: "Done; there is nothing to tell.",
    206: "A part of a history; Content-Range tells which.",
    207: "Done in part; the body tells what was not.",
}
_DONE_BY = {
    "GET": (200, 201, 206),  # 201: an entity map came about (clause 5.14)
    "HEAD": (200, 206),
    "OPTIONS": (200, 204),
    "POST": (200, 201, 204, 206, 207),
    "PATCH": (200, 204, 207),  # 200: a snapshot as it is then (clause 6.37.3.2)
    "PUT": (201, 204),
    "DELETE": (200, 204, 207),
}
_PROBLEMS = (400, 401, 403, 404, 406, 409, 414, 422, 429, 431, 500, 501, 503, 504, 507)
_PROBLEMS_OF_BODIES = (408, 413)
_BODILESS = {
    411: "Neither Content-Length nor chunked content.",
    415: "The content is no JSON or JSON-LD, or it is compressed.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "status": {"type": "integer"},
        "pointer": {"type": "string"},
    },
}


def build_openapi(routes: Iterable[Route], *, version: str, root: str = "/ngsi-ld/v1") -> dict[str, Any]:
    """Return the OpenAPI document of a table of routes.

    Args:
        routes: as the router knows them; a path with a slash at its end is shown without it.
        version: of the node.
        root: the path under which the routes stand.
    """
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = root + route.path.rstrip("/")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NGSI-LD API of a samstad node",
            "version": version,
            "description": "ETSI GS CIM 009 v1.9.1; every problem type has a help page on the node.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Problem": _PROBLEM, **SCHEMAS},
            "responses": {
                "Problem": {
                    "description": "What was wrong, where, and what to do.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": _summary(route),
        "tags": [route.path.split("/")[1] or "root"],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers()],
        "responses": _responses(route.method),
    }
    if route.method in _WITH_BODY:
        schema = {"schema": body_of(route.method, route.path)}
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": schema, "application/ld+json": schema},
        }
    return found


def _responses(method: str) -> dict[str, Any]:
    """Return what may be answered to a method, and no status beyond that."""
    problems = [*_PROBLEMS, *(_PROBLEMS_OF_BODIES if method in _WITH_BODY else ())]
    return {
        **{str(status): {"description": _DONE[status]} for status in _DONE_BY[method]},
        **{str(status): {"$ref": "#/components/responses/Problem"} for status in sorted(problems)},
        **{str(status): {"description": text} for status, text in _BODILESS.items() if method in _WITH_BODY},
    }


def _operation_id(route: Route) -> str:
    words = [word for word in re.split(r"\W+", route.path) if word]
    return route.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _summary(route: Route) -> str:
    text = (getattr(route.handler, "__doc__", "") or "").strip().partition("\n")[0].rstrip(".")
    return text or f"{route.method} {route.path}"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": {"type": "integer" if name in _INTEGERS else "string"}}
        for name in sorted(route.parameters)
    ]


def _headers() -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "schema": {"type": "string"}}
        for name in ("Link", "NGSILD-Tenant", "NGSILD-Snapshot")
    ]


def api_page(document: Mapping[str, Any], *, language: str) -> str:
    """Return the document as a page."""
    swedish = language == "sv"
    title = "Nodens API" if swedish else "The node's API"
    heads = ("Metod", "Sökväg", "Gör", "Parametrar") if swedish else ("Method", "Path", "Does", "Parameters")
    rows = [
        _row(method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = (
        '<p><a href="/openapi.json">openapi.json</a>, <a href="/asyncapi.json">asyncapi.json</a></p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return page(title, body, language=language, path="/api")


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    return (
        f"<tr><td><code>{method}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation['summary'])}</td><td>{escape(', '.join(names))}</td></tr>"
    )
