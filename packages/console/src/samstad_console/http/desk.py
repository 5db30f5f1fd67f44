"""Tiles, lists, figures and the stream of changes, each with the caller's rights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from samstad_console.domain.condition import Condition
from samstad_console.http.asked import Refused, Unknown, integer, wished_types
from samstad_console.service.changes import Change
from samstad_console.service.city import City, Shown
from samstad_console.service.readers import Readers
from samstad_console.settings import ConsoleSettings
from samstad_plugin.service import Demand, Endpoint, caller_of

__all__ = ["Desk"]

_READ = Demand("read")
_DEEPEST_ZOOM = 22
_GATHER_S = 0.25
"""Changes of this time travel together."""
_ALIVE_S = 15.0
"""A stream says at least this often that it is alive."""
_LONGEST_TEXT = 100
_TILE = "application/vnd.mapbox-vector-tile"


class Desk:
    """The endpoints over the read model.

    Args:
        city: the read model.
        readers: what callers may read.
        settings: of the console.
    """

    def __init__(self, city: City, readers: Readers, settings: ConsoleSettings) -> None:
        self._city = city
        self._readers = readers
        self._settings = settings

    def endpoints(self) -> list[Endpoint]:
        """Return them."""
        return [
            Endpoint("GET", "/tiles/{z}/{x}/{y}", self.tile, _READ),
            Endpoint("GET", "/things", self.things, _READ),
            Endpoint("GET", "/things/{id}", self.thing, _READ),
            Endpoint("GET", "/summary", self.summary, _READ),
            Endpoint("GET", "/stream", self.stream, _READ),
        ]

    async def tile(self, request: Request) -> Response:
        """Answer a vector tile; nothing is sent where nothing has changed."""
        z, x, y = _tile_of(request)
        kinds = await self._kinds(request)
        tag = f'"{self._city.version}-{hash(kinds.tobytes()) & 0xFFFFFFFF:x}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie, X-API-Key"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(await self._city.tile(z, x, y, kinds), media_type=_TILE, headers=headers)

    async def things(self, request: Request) -> Response:
        """Answer a page of what is on the map, worst first."""
        text = request.query_params.get("text", "")
        if len(text) > _LONGEST_TEXT:
            raise Refused(f"text is longer than {_LONGEST_TEXT} characters.")
        limit = integer(request, "limit", default=50, least=1, most=500)
        offset = integer(request, "offset", default=0, least=0, most=10_000_000)
        worse_only = request.query_params.get("worse") == "true"
        rows = self._city.list_rows(await self._kinds(request), worse_only=worse_only)
        if text:
            rows = await asyncio.to_thread(self._city.matching, rows, text)
        page = self._city.page(rows, limit=limit, offset=offset)
        return _json({"total": len(rows), "things": [_told(one) for one in page]})

    async def thing(self, request: Request) -> Response:
        """Answer one of them."""
        shown = self._city.get(request.path_params["id"])
        readable = await self._readers.readable(caller_of(request))
        if shown is None or not readable.issuperset(shown.thing.types):
            raise Unknown(f"{request.path_params['id'][:200]} is not on the map.")
        return _json(_told(shown))

    async def summary(self, request: Request) -> Response:
        """Answer how many things of each type there are in each condition, and where they lie."""
        kinds = await self._kinds(request)
        body = {
            "conditions": [condition.name.lower() for condition in Condition],
            "types": self._city.summary(kinds),
            "bounds": self._city.bounds(kinds),
            "last": self._city.changes.last,
        }
        return _json(body)

    async def stream(self, request: Request) -> Response:
        """Answer the changes as they come (server-sent events); Last-Event-ID resumes."""
        text = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = (
            int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else self._city.changes.last
        )
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._events(request, after), media_type="text/event-stream", headers=headers
        )

    async def _events(self, request: Request, after: int) -> AsyncIterator[bytes]:
        changes = self._city.changes
        yield b"retry: 2000\n\n"
        while True:
            try:
                async with asyncio.timeout(_ALIVE_S):
                    await changes.news(after)
            except TimeoutError:
                yield b": alive\n\n"
                continue
            await asyncio.sleep(_GATHER_S)
            found, lost = changes.after(after)
            after = changes.last
            readable = await self._readers.readable(caller_of(request))
            if lost:
                yield _event("lost", after, [])
            else:
                yield _event("changes", after, [one for one in found if readable.issuperset(one.types)])

    async def _kinds(self, request: Request) -> npt.NDArray[np.bool_]:
        readable = await self._readers.readable(caller_of(request))
        return self._city.kinds(readable, wished_types(request))


def _event(name: str, number: int, changes: list[Change]) -> bytes:
    body = orjson.dumps([one.told for one in changes])
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), number, body)


def _tile_of(request: Request) -> tuple[int, int, int]:
    parts = [request.path_params[name] for name in ("z", "x", "y")]
    if all(part.isascii() and part.isdecimal() and len(part) <= 8 for part in parts):
        z, x, y = (int(part) for part in parts)
        if z <= _DEEPEST_ZOOM and max(x, y) < 2**z:
            return z, x, y
    raise Refused(
        f"There is no tile {'/'.join(parts)[:40]}: zoom 0 to {_DEEPEST_ZOOM}, column and row below 2^zoom."
    )


def _told(shown: Shown) -> dict[str, Any]:
    thing = shown.thing
    return {
        "row": shown.row,
        "id": thing.id,
        "type": thing.type,
        "names": thing.names,
        "location": [thing.longitude, thing.latitude],
        "condition": int(shown.condition),
        "observedAt": thing.observed_at,
        "values": thing.values,
    }


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})
