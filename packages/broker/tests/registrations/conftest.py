from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson
import pytest

from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.kernel import Kernel
from samstad_broker.http.messages import Request, Response
from samstad_broker.http.resources.registrations import routes
from samstad_broker.service.broker import Broker
from samstad_broker.service.checkpointing import recover
from samstad_broker.service.documents import LogDocuments
from samstad_broker.service.registrations import Registrations
from samstad_broker.service.writer import Writer
from samstad_broker.store.memory import MemoryStore
from samstad_ngsild.context import ContextResolver

NOW_US = 1_764_036_897_000_000


class Clock:
    def now_us(self) -> int:
        return NOW_US

    async def sleep_until(self, time_us: int) -> None:  # noqa: ARG002 - the port's signature
        await asyncio.sleep(0)


class Doorman:
    """Lets everybody in; the tenant ``closed`` is for nobody."""

    class Person:
        id = "urn:ngsi-ld:Person:1"

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self.Person()

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return tenant != "closed"

    def record(self, entry) -> None: ...


class Node:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        state = (await recover(self.store)).state
        writer = Writer(self.store.log, Clock())
        self.broker = Broker(state=state, writer=writer, clock=Clock())
        self.registrations = Registrations(broker=self.broker, documents=LogDocuments(self.broker))
        self.kernel = Kernel(
            routes(self.registrations, new_id=lambda: "urn:r:new"),
            authorizer=Doorman(),
            contexts=ContextBinding(ContextResolver()),
            now_us=Clock().now_us,
        )
        self._task = asyncio.ensure_future(writer.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def ask(self, target: str, method: str = "GET", body: Any = None, **headers: str) -> Response:
        path, _, query = target.partition("?")
        content = b"" if body is None else orjson.dumps(body)
        sent = {"content-type": "application/json", "content-length": str(len(content))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.kernel(Request(method, "/ngsi-ld/v1" + path, query, sent, content, "192.0.2.7"))
        return answer if isinstance(answer, Response) else await answer


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node(MemoryStore())
    await node.start()
    yield node
    await node.stop()
