from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.kernel import Kernel
from samstad_broker.http.messages import Request, Response
from samstad_broker.http.resources import attribute, attributes, entities, entity, temporal
from samstad_broker.service.broker import Broker, BrokerLimits
from samstad_broker.service.checkpointing import recover
from samstad_broker.service.history import History
from samstad_broker.service.writer import Writer, WriterLimits
from samstad_broker.spi.authorizer import Operation
from samstad_broker.store.memory import MemoryHistoryIndex, MemoryStore
from samstad_broker.store.sqlite.history import SqliteHistoryIndex
from samstad_ngsild.context import ContextResolver

NOW_US = 1_764_036_897_000_000
SECRET = "https://uri.etsi.org/ngsi-ld/default-context/Secret"
TEMPORAL = "/temporal/entities"
CAR = "urn:ngsi-ld:Vehicle:B9211"
RESOURCES = (entities, entity, attribute, attributes, temporal)


class Clock:
    """Each look at it is a millisecond later, so that writes have times of their own."""

    def __init__(self) -> None:
        self.looks = 0

    def now_us(self) -> int:
        self.looks += 1
        return NOW_US + self.looks * 1_000


class Wall:
    def now_us(self) -> int:
        return time.monotonic_ns() // 1_000

    async def sleep_until(self, time_us: int) -> None:
        await asyncio.sleep(max(0, time_us - self.now_us()) / 1e6)


class Doorman:
    """Lets everybody do everything, but for guests with Secrets and readers with what they may not do."""

    class Person:
        def __init__(self, name: str) -> None:
            self.id = name

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self.Person(headers.get("authorization", "everyone"))

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        if caller.id == "guest":
            # Much of what is not about one type, nothing of a secret: as labels on types do.
            return entity_type != SECRET
        if caller.id == "reader":
            return operation in {Operation.READ, Operation.READ_HISTORY}
        if caller.id == "present":
            return operation is Operation.READ
        if caller.id == "writer":
            return operation is Operation.WRITE_HISTORY
        return True

    def record(self, entry) -> None: ...


class Node:
    """A broker with a history over HTTP, without a socket."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, index: Any, *, page_instances: int = 1_000) -> None:
        store, clock = MemoryStore(), Wall()
        writer = Writer(store.log, clock, WriterLimits(group_us=200))
        limits = BrokerLimits(page_instances=page_instances)
        self.broker = Broker(state=(await recover(store)).state, writer=writer, clock=clock, limits=limits)
        self.index = index
        self.broker.history = History(index, store.log, writer, clock)
        work = [writer.run(), self.broker.history.run()]
        self.kernel = Kernel(
            [route for resource in RESOURCES for route in resource.routes(self.broker)],
            authorizer=Doorman(),
            contexts=ContextBinding(ContextResolver()),
            now_us=Clock().now_us,
        )
        self._tasks = [asyncio.ensure_future(each) for each in work]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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

    async def write(self, target: str, method: str = "POST", body: Any = None, **headers: str) -> int:
        response = await self.ask(target, method, body, **headers)
        assert response.status < 300, response.body
        return response.status

    async def problem(self, target: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        response = await self.ask(target, method, body, **headers)
        assert response.status >= 400, response.body
        problem = orjson.loads(response.body)
        return response.status, problem["type"].rpartition("/")[2], problem.get("pointer")


@pytest.fixture(params=["memory", "sqlite"])
async def index(request, tmp_path: Path) -> AsyncIterator[Any]:
    """The temporal index: what is asked over HTTP is answered alike from memory and from disk."""
    if request.param == "memory":
        yield MemoryHistoryIndex()
        return
    opened = SqliteHistoryIndex(tmp_path / "temporal.db")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def node(index) -> AsyncIterator[Node]:
    node = Node()
    await node.start(index)
    yield node
    await node.stop()


@pytest.fixture
async def small(index) -> AsyncIterator[Node]:
    """A node that gives three instances of an attribute at once."""
    node = Node()
    await node.start(index, page_instances=3)
    yield node
    await node.stop()


@pytest.fixture
async def keeping() -> AsyncIterator[Node]:
    """A node that keeps the history of what is deleted."""
    node = Node()
    await node.start(MemoryHistoryIndex(keeps_deleted=True))
    yield node
    await node.stop()


def speed(minute: int, value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": f"2018-08-01T12:{minute:02}:00Z", **more}


def car(number: str = CAR, **attributes: Any) -> dict[str, Any]:
    return {"id": number, "type": "Vehicle", **attributes}


@pytest.fixture
async def cars(node: Node) -> Node:
    """Two cars with their speeds of an hour, and a secret."""
    fast = [speed(3, 120), speed(5, 80), speed(7, 100)]
    slow = [speed(4, 30, datasetId="urn:d:1"), speed(6, 40)]
    brand = {"type": "Property", "value": "Volvo", "observedAt": "2018-08-01T12:00:00Z"}
    place = {"type": "Point", "coordinates": [16.5, 59.6]}
    where = {"type": "GeoProperty", "value": place, "observedAt": "2018-08-01T12:01:00Z"}
    other = "urn:ngsi-ld:Vehicle:A8311"
    for body in (
        car(speed=fast, brandName=brand, location=where),
        car(other, speed=slow, brandName={**brand, "value": "Saab"}),
        {"id": "urn:ngsi-ld:Secret:1", "type": "Secret", "speed": [speed(3, 7)]},
    ):
        assert (await node.ask(TEMPORAL, "POST", body)).status == 201
    return node
