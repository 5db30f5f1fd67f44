from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from samstad_broker.http.messages import Request, Response
from samstad_node.server.served import Served, serve
from samstad_node.server.settings import ServerSettings

TEXT = ("Content-Type", "text/plain")


class Application:
    """A small application whose every path tells one thing about the server."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.gone = asyncio.Event()
        self.go = asyncio.Event()

    def __call__(self, request: Request) -> Any:
        self.seen.append(request)
        name = request.path.strip("/").replace("/", "_").replace(".", "_")
        return getattr(self, f"do_{name}", self.echo)(request)

    def echo(self, request: Request) -> Response:
        return Response(
            200, [TEXT], f"{request.method} {request.path}?{request.raw_query} ".encode() + request.body
        )

    async def do_slow(self, request: Request) -> Response:
        await asyncio.sleep(0.02)
        return self.echo(request)

    async def do_waits(self, request: Request) -> Response:
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.gone.set()
            raise
        return self.echo(request)

    def do_nothing(self, _: Request) -> Response:
        return Response(204, [])

    def do_big(self, _: Request) -> Response:
        return Response(200, [TEXT], b"x" * 5_000_000)

    def do_inject(self, _: Request) -> Response:
        return Response(200, [("X-Bad", "a\r\nSet-Cookie: b")], b"")

    def do_stream(self, _: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"part %d\n" % number
                await asyncio.sleep(0)

        return Response(200, [TEXT], stream=parts())

    def do_endless(self, _: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"tick\n"
                    await asyncio.sleep(0.01)
            finally:
                self.gone.set()

        return Response(200, [TEXT], stream=parts())


class Wire:
    """A client that sends and reads bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *lines: str | bytes) -> None:
        for line in lines:
            self.writer.write(line.encode("latin-1") if isinstance(line, str) else line)
        await self.writer.drain()

    async def response(self, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
        status_line = (await asyncio.wait_for(self.reader.readline(), 5)).decode()
        assert status_line.startswith("HTTP/1.1 "), status_line
        headers: dict[str, str] = {}
        while (line := (await self.reader.readline()).decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = int(status_line.split()[1])
        if head or status in (100, 204, 304):
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, await self._chunks()
        if "content-length" in headers:
            return status, headers, await self.reader.readexactly(int(headers["content-length"]))
        return status, headers, await self.reader.read()

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readline(), 16):
            body += await self.reader.readexactly(size)
            assert await self.reader.readline() == b"\r\n"
        assert await self.reader.readline() == b"\r\n"
        return body

    async def rest(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(), 5)
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


class Street:
    """A server under test and the wires to it."""

    def __init__(self, served: Served, application: Application) -> None:
        self.served, self.application = served, application
        self.wires: list[Wire] = []

    async def reached(self, requests: int = 1) -> None:
        while len(self.application.seen) < requests:  # noqa: ASYNC110 - a server has no event for it
            await asyncio.sleep(0.01)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.port}"

    async def wire(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.served.port))
        self.wires.append(wire)
        return wire


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    streets: list[Street] = []

    async def begin(*, others: Any = None, observer: Any = None, **given: Any) -> Street:
        application = Application()
        settings = ServerSettings(port=0, **given)
        street = Street(await serve(application, settings, others=others, observer=observer), application)
        streets.append(street)
        return street

    yield begin
    for street in streets:
        for wire in street.wires:
            await wire.close()
        await street.served.stop(deadline_s=1)


@pytest.fixture(params=["native", "uvicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Run these tests on the loop that the node runs on."""
    del config, item
    return {"uvloop": uvloop.new_event_loop}
