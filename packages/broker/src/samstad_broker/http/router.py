"""Which handler a path and a method mean (CIM 009 clause 6.2, Table 6.2-1).

Exact paths are one look-up; paths with parameters walk a tree of segments. A segment is decoded only
where it is a parameter, so that an entity id may hold ``%2F``. A route that is written with a slash at
its end is also found without it; one that is written without is not found with it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from samstad_broker.http.failures import MethodNotAllowed
from samstad_broker.http.messages import Response
from samstad_ngsild.errors import InvalidRequest, ResourceNotFound

if TYPE_CHECKING:
    from samstad_broker.http.exchange import Exchange

__all__ = ["Handler", "Route", "Router"]

Handler = Callable[["Exchange"], "Response | Awaitable[Response]"]

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_PATH: dict[str, str] = {}


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one resource.

    Attributes:
        method: GET, POST, PATCH, PUT or DELETE; HEAD and OPTIONS follow from them.
        path: below the root of the API, as ``/entities/{entityId}``; ``/entities/`` also means ``/entities``.
        handler: answers; what it awaits, the request waits for.
        parameters: the query parameters that the operation knows; another one is refused (clause 6.3.20).
        geojson: whether the resource can be asked for as GeoJSON (clause 6.3.15).
        live_only: whether there is no such operation on a snapshot (clause 5.5.15).
    """

    method: str
    path: str
    handler: Handler
    parameters: frozenset[str] = frozenset()
    geojson: bool = False
    live_only: bool = False


class _Node:
    """What may follow one segment of a path."""

    __slots__ = ("children", "name", "parameter", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.name = ""
        self.routes: dict[str, Route] = {}


class Router:
    """Finds the route of a request.

    Args:
        routes: each pair of method and path at most once.
        root: the path under which all of them stand.

    Raises:
        ValueError: two routes mean the same, or name one parameter differently.
    """

    def __init__(self, routes: Iterable[Route], *, root: str = "/ngsi-ld/v1") -> None:
        self._root = root
        self._exact: dict[str, dict[str, Route]] = {}
        self._tree = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and its decoded path parameters.

        Raises:
            ResourceNotFound: nothing stands at the path.
            MethodNotAllowed: something does, and does not know the method.
            InvalidRequest: a segment is not percent-encoded UTF-8.
        """
        routes, parameters = self._locate(path)
        route = routes.get(method)
        if route is None and method == "HEAD":
            route = routes.get("GET")
        if route is None:
            raise MethodNotAllowed(method, allow=_allow(routes))
        return route, parameters

    def allowed(self, path: str) -> str:
        """Return the value of ``Allow`` for a path; ``*`` gives what the server knows at all.

        Raises:
            ResourceNotFound: nothing stands at the path.
        """
        if path == "*":
            return "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"
        return _allow(self._locate(path)[0])

    def _locate(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, _NO_PATH
        root = self._root
        if not path.startswith(root):
            raise _nothing(path)
        segments = path[len(root) :].split("/")
        if segments[0]:
            raise _nothing(path)
        return self._walk(segments, path)

    def _walk(self, segments: list[str], path: str) -> tuple[dict[str, Route], dict[str, str]]:
        node: _Node | None = self._tree
        parameters: dict[str, str] = {}
        for index in range(1, len(segments)):
            segment = segments[index]
            following = node.children.get(segment)  # type: ignore[union-attr]
            if following is None:
                following = node.parameter  # type: ignore[union-attr]
                if following is None or not segment:
                    raise _nothing(path)
                parameters[following.name] = _decode(segment, following.name) if "%" in segment else segment
            node = following
        if node is None or not node.routes:
            raise _nothing(path)
        return node.routes, parameters

    def _add(self, route: Route) -> None:
        if "{" not in route.path:
            self._add_exact(route)
            return
        node = self._tree
        for segment in route.path.rstrip("/").split("/")[1:]:
            node = _follow(node, segment)
        _put(node.routes, route)
        if route.path.endswith("/"):
            _put(node.children.setdefault("", _Node()).routes, route)

    def _add_exact(self, route: Route) -> None:
        path = self._root + route.path
        _put(self._exact.setdefault(path, {}), route)
        if path.endswith("/"):
            _put(self._exact.setdefault(path[:-1], {}), route)


def _follow(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.children.setdefault(segment, _Node())
    name = segment[1:-1]
    if node.parameter is None:
        node.parameter = _Node()
        node.parameter.name = name
    elif node.parameter.name != name:
        raise ValueError(f"one segment is called {node.parameter.name} and {name}")
    return node.parameter


def _put(routes: dict[str, Route], route: Route) -> None:
    if route.method in routes:
        raise ValueError(f"two routes for {route.method} {route.path}")
    routes[route.method] = route


def _allow(routes: dict[str, Route]) -> str:
    names = list(routes)
    if "GET" in routes:
        names.insert(names.index("GET") + 1, "HEAD")
    return ", ".join([*names, "OPTIONS"])


def _nothing(path: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no resource at {path[:200]}; the API stands under /ngsi-ld/v1.")


def _decode(segment: str, name: str) -> str:
    if _BROKEN_ESCAPE.search(segment):
        raise InvalidRequest(
            f"The path segment {segment[:200]!r} has a percent sign that no two hexadecimal digits follow.",
            pointer=name,
        )
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest(
            f"The path segment {segment[:200]!r} is not UTF-8 when it is decoded.", pointer=name
        ) from None
