"""A whole broker in memory, asked over its HTTP binding, and an endpoint that remembers what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from samstad_broker.domain.subscriptions import TenantIndexes
from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.kernel import Kernel
from samstad_broker.http.messages import Request
from samstad_broker.http.resources import all_routes
from samstad_broker.service.broker import Broker
from samstad_broker.service.checkpointing import recover
from samstad_broker.service.contexts.hosting import Hosting
from samstad_broker.service.delivery import Delivery, DeliverySettings
from samstad_broker.service.documents import LogDocuments
from samstad_broker.service.expiry_task import ExpiryTask
from samstad_broker.service.history import History
from samstad_broker.service.registrations import Registrations
from samstad_broker.service.registrations.sources import announce_sources
from samstad_broker.service.snapshots import SnapshotNotices, Snapshots, SnapshotTask
from samstad_broker.service.source_notices import COLLECTION as SOURCES
from samstad_broker.service.source_notices import SourceNotices
from samstad_broker.service.subscriptions import Subscriptions
from samstad_broker.service.writer import Writer, WriterLimits
from samstad_broker.spi.notifier import Notice, Outcome, Result
from samstad_broker.spi.standing import EverybodyStands
from samstad_broker.store.memory import MemoryStore
from samstad_federation.service.federation import Federation
from samstad_federation.spi.wire import NoAnswer, Reply, Sent
from samstad_ngsild.context import ContextResolver
from samstad_ngsild.context.loader import LoadedContext
from samstad_ngsild.errors import LdContextNotAvailable
from samstad_node.broker_role.current import StateEntities

START_US = 1_795_608_000_000_000
ROOT = "/ngsi-ld/v1"
CITY = "https://city.example/context.jsonld"
PERSONS = {"reader": {"read", "read-history"}, "nobody": set()}


class Clock:
    """Time that a test moves; each look is a microsecond later, so that writes have times of their own."""

    def __init__(self) -> None:
        self._now_us = START_US
        self._moved = asyncio.Event()

    def now_us(self) -> int:
        self._now_us += 1
        return self._now_us

    async def sleep_until(self, time_us: int) -> None:
        # Groups of the log close after milliseconds: those are not worth moving the time for.
        if time_us - self._now_us <= 10_000:
            self._now_us = max(self._now_us, time_us)
            await asyncio.sleep(0)
            return
        while self._now_us < time_us:
            await self._moved.wait()

    async def forward(self, seconds: float) -> None:
        self._now_us += round(seconds * 1_000_000)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        for _ in range(100):
            await asyncio.sleep(0)


class Doorman:
    """Lets everybody do everything, but for who says to be somebody else."""

    class Person:
        def __init__(self, name: str) -> None:
            self.id = name

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self.Person(headers.get("authorization", "everyone"))

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return caller.id not in PERSONS or operation in PERSONS[caller.id]

    def record(self, entry) -> None: ...


class Endpoint:
    """Takes notifications over any protocol."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.notices: list[Notice] = []
        self.refuses = False

    async def send(self, notice: Notice) -> Outcome:
        self.notices.append(notice)
        if self.refuses:
            return Outcome(Result.FAILED, "503")
        self.told.append(orjson.loads(notice.body))
        return Outcome(Result.DELIVERED)

    async def close(self) -> None: ...


class Contexts:
    """The web, as far as it holds @contexts."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {
            CITY: {"@context": {"brand": "https://cars.example/brand", "Car": "https://cars.example/Car"}}
        }
        self.asked: list[str] = []

    async def load(self, url: str) -> LoadedContext:
        self.asked.append(url)
        if url not in self.documents:
            raise LdContextNotAvailable(f"{url} is not there")
        return LoadedContext(orjson.dumps(self.documents[url]))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw) if self.raw else None

    @property
    def problem(self) -> str:
        """The last word of the problem's type."""
        return self.body["type"].rpartition("/")[2]


@dataclass
class City:
    """One broker, and short ways to ask it."""

    clock: Clock
    endpoint: Endpoint
    web: Contexts
    kernel: Kernel
    broker: Broker
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        path, _, query = target.partition("?")
        content = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        media = "application/ld+json" if isinstance(body, dict) and "@context" in body else "application/json"
        if isinstance(body, list) and body and isinstance(body[0], dict) and "@context" in body[0]:
            media = "application/ld+json"
        sent = {"content-length": str(len(content))} | ({"content-type": media} if content else {})
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        found = self.kernel(Request(method, ROOT + path, query, sent, content, "192.0.2.7"))
        response = await found if not hasattr(found, "status") else found
        raw = response.body
        if response.stream is not None:
            raw = b"".join([part async for part in response.stream])
        return Answer(response.status, {name.lower(): value for name, value in response.headers}, raw)

    async def get(self, target: str, **headers: str) -> Answer:
        return await self.ask("GET", target, **headers)

    async def put(self, *entities: dict[str, Any]) -> None:
        answer = await self.ask("POST", "/entityOperations/upsert", list(entities))
        assert answer.status in {201, 204}, answer.raw

    async def seen(self, entity_id: str, query: str = "") -> dict[str, Any]:
        answer = await self.get(f"/entities/{entity_id}{'?' + query if query else ''}")
        assert answer.status == 200, answer.raw
        return answer.body

    async def settle(self) -> None:
        for _ in range(200):
            await asyncio.sleep(0)

    async def until_told(self, count: int) -> list[dict[str, Any]]:
        """Return the notifications once there are so many, and no more come."""
        for _ in range(200):
            await self.settle()
            if len(self.endpoint.told) >= count:
                break
        await self.settle()
        assert len(self.endpoint.told) == count, self.endpoint.told
        return self.endpoint.told


class Streets:
    """The network between brokers of one test: each is reached at ``http://<alias>.example``."""

    def __init__(self) -> None:
        self.cities: dict[str, City] = {}
        self.sent: list[Sent] = []

    async def send(self, sent: Sent) -> Reply:
        self.sent.append(sent)
        split = urlsplit(sent.url)
        city = self.cities.get((split.hostname or "").removesuffix(".example"))
        if city is None:
            raise NoAnswer("nobody is there", is_sent=False)
        headers = {name.lower(): value for name, value in sent.headers.items()}
        headers["content-length"] = str(len(sent.body))
        found = city.kernel(Request(sent.method, split.path, split.query, headers, sent.body, "192.0.2.8"))
        response = await found if not hasattr(found, "status") else found
        return Reply(response.status, {k.lower(): v for k, v in response.headers}, response.body)

    async def close(self) -> None: ...


@pytest.fixture
def streets() -> Streets:
    return Streets()


@pytest.fixture
async def city(streets: Streets) -> AsyncIterator[City]:
    async with open_city("city", streets) as city:
        yield city


@pytest.fixture
async def parks(streets: Streets) -> AsyncIterator[City]:
    """Give a second broker, which the first one reaches where a registration says so."""
    async with open_city("parks", streets) as parks:
        yield parks


@asynccontextmanager
async def open_city(alias: str, streets: Streets) -> AsyncIterator[City]:
    store, clock, endpoint, web = MemoryStore(), Clock(), Endpoint(), Contexts()
    writer = Writer(store.log, clock, WriterLimits(group_us=1))
    broker = Broker(
        state=(await recover(store)).state, writer=writer, clock=clock, alias=alias, may_begin_tenants=False
    )
    broker.state.begin_tenant("water")
    broker.history = history = History(store.history, store.log, writer, clock)
    resolver = ContextResolver(web)
    entities = StateEntities(broker.state, clock.now_us)
    delivery = Delivery(
        log=store.log,
        ledger=store.delivery,
        notifiers=dict.fromkeys(("http", "https", "mqtt", "mqtts"), endpoint),
        clock=clock,
        rng=lambda: 0.5,
        settings=DeliverySettings(),
        current_entities=entities,
    )
    documents, indexes = LogDocuments(broker), TenantIndexes()
    subscriptions = Subscriptions(
        documents=documents, indexes=indexes, delivery=delivery, contexts=resolver, find=entities.get
    )
    hosting = Hosting(
        broker=broker, documents=documents, resolver=resolver, base_url="http://city.example/jsonldContexts"
    )
    broker.matcher = indexes
    writer.listen(delivery.wake)
    registrations = Registrations(broker=broker, documents=documents)
    notices = SourceNotices(
        registrations,
        dict.fromkeys(("http", "https", "mqtt", "mqtts"), endpoint),
        clock=clock,
        standing=EverybodyStands(),
        new_id=lambda: f"urn:ngsi-ld:Notification:{len(endpoint.notices)}",
    )
    sources = Subscriptions(
        documents=documents,
        indexes=TenantIndexes(),
        delivery=notices,
        contexts=resolver,
        find=entities.get,
        collection=SOURCES,
    )
    snapshots = Snapshots(broker=broker, documents=documents)
    told = SnapshotNotices(
        snapshots,
        dict.fromkeys(("http", "https", "mqtt", "mqtts"), endpoint),
        new_id=lambda: f"urn:ngsi-ld:SnapshotNotification:{len(endpoint.notices)}",
    )
    routes = all_routes(broker, subscriptions, registrations, hosting, sources=sources, frozen=snapshots)
    kernel = Kernel(routes, authorizer=Doorman(), contexts=ContextBinding(resolver), now_us=clock.now_us)
    broker.forwarder = Federation(streets, alias=alias, now_us=clock.now_us, resolve=resolver.resolve)
    announce_sources(registrations, broker.forwarder, tenants=broker.state.tenants())
    city = streets.cities[alias] = City(clock, endpoint, web, kernel, broker)
    work = (writer.run(), history.run(), delivery.run(), notices.run(), ExpiryTask(broker).run())
    work += (SnapshotTask(snapshots).run(), told.run())
    city.tasks = [asyncio.ensure_future(each) for each in work]
    yield city
    for task in city.tasks:
        task.cancel()
    await asyncio.gather(*city.tasks, return_exceptions=True)


@pytest.fixture
def shown() -> Callable[[str], str]:
    """Give names as the core context expands them."""
    return lambda name: f"https://uri.etsi.org/ngsi-ld/default-context/{name}"
