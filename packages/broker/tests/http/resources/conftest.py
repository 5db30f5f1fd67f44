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
from samstad_broker.http.resources import (
    attribute,
    attributes,
    batch,
    batch_query,
    entities,
    entity,
    source_identity,
    types,
)
from samstad_broker.service.broker import Broker
from samstad_broker.service.checkpointing import recover
from samstad_broker.service.writer import Writer
from samstad_broker.spi.authorizer import Operation
from samstad_broker.store.memory import MemoryStore
from samstad_ngsild.context import ContextResolver

NOW_US = 1_764_036_897_000_000
SECRET = "https://uri.etsi.org/ngsi-ld/default-context/Secret"
RESOURCES = (entities, entity, attribute, attributes, batch, batch_query, types, source_identity)


class Clock:
    def now_us(self) -> int:
        return NOW_US

    async def sleep_until(self, time_us: int) -> None:  # noqa: ARG002 - the port's signature
        await asyncio.sleep(0)


class Doorman:
    """Lets everybody do everything; whoever sends ``Authorization: guest`` may not know of Secrets."""

    class Person:
        def __init__(self, name: str) -> None:
            self.id = name

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self.Person(headers.get("authorization", "everyone"))

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        if caller.id == "guest":
            return entity_type is not None and entity_type != SECRET
        if caller.id == "reader":
            return operation is Operation.READ
        return True

    def record(self, entry) -> None: ...


class Node:
    """A broker over HTTP, without a socket."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        store = MemoryStore()
        writer = Writer(store.log, Clock())
        self.broker = Broker(state=(await recover(store)).state, writer=writer, clock=Clock())
        routes = [route for resource in RESOURCES for route in resource.routes(self.broker)]
        self.kernel = Kernel(
            routes,
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

    async def send(self, target: str, content: bytes, headers: dict[str, str]) -> Response:
        """POST bytes as they are."""
        answer = self.kernel(Request("POST", "/ngsi-ld/v1" + target, "", headers, content, "192.0.2.7"))
        return answer if isinstance(answer, Response) else await answer

    async def ask(self, target: str, method: str = "GET", body: Any = None, **headers: str) -> Response:
        path, _, query = target.partition("?")
        content = b"" if body is None else orjson.dumps(body)
        sent = {"content-type": "application/json", "content-length": str(len(content))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.kernel(Request(method, "/ngsi-ld/v1" + path, query, sent, content, "192.0.2.7"))
        return answer if isinstance(answer, Response) else await answer

    async def read(self, target: str, **headers: str) -> Any:
        response = await self.ask(target, **headers)
        assert response.status == 200, response.body
        return orjson.loads(response.body)

    async def problem(self, target: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        response = await self.ask(target, method, body, **headers)
        assert response.status >= 400, response.body
        problem = orjson.loads(response.body)
        return response.status, problem["type"].rpartition("/")[2], problem.get("pointer")


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node()
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
async def lamps(node: Node) -> Node:
    """A node with two lamps on one pole, and a secret."""
    for body in (
        {"id": "urn:ngsi-ld:Pole:1", "type": "Pole", "height": {"type": "Property", "value": 8}},
        _lamp(1, 40),
        _lamp(2, 70),
        {"id": "urn:ngsi-ld:Secret:1", "type": "Secret", "code": {"type": "Property", "value": 7}},
    ):
        assert (await node.ask("/entities", "POST", body)).status == 201
    return node


def _lamp(number: int, power: int) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Lamp:{number}",
        "type": "Lamp",
        "power": {"type": "Property", "value": power, "unitCode": "WTT"},
        "pole": {"type": "Relationship", "object": "urn:ngsi-ld:Pole:1"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [17.6, 59.8]}},
    }
