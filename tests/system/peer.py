"""A source in the test's own process that does what a bad day does: errs, hangs, answers garbage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class BadPeer:
    """Answers as ``mood`` says; ``asked`` holds the headers of each request."""

    def __init__(self) -> None:
        self.mood = "garbage"
        self.url = ""
        self.over = asyncio.Event()
        self.asked: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        if self.mood == "hang":
            await self.over.wait()
        if self.mood == "err":
            return web.json_response({"type": "about:blank"}, status=500)
        if self.mood == "huge":
            return web.Response(body=b"[" + b" " * 3_000_000 + b"]", content_type="application/json")
        if self.mood == "cut":
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": "99"}
            )
            await response.prepare(request)
            await response.write(b"[{")
            request.transport.close()
            return response
        if self.mood == "redirect":
            raise web.HTTPFound("http://127.0.0.1:1/secret")
        return web.Response(body=b"\x00\xffnot json", content_type="application/json")


@asynccontextmanager
async def bad_peer() -> AsyncIterator[BadPeer]:
    """Run one while the block lasts."""
    peer = BadPeer()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", peer.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        peer.over.set()
        await runner.cleanup()
