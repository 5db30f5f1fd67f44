"""Three sources that one client must find alike: memory, our broker in process, and over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

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
from samstad_broker.service.history import History
from samstad_broker.service.registrations import Registrations
from samstad_broker.service.source_notices import COLLECTION as SOURCES
from samstad_broker.service.subscriptions import Subscriptions
from samstad_broker.service.writer import Writer, WriterLimits
from samstad_broker.spi.notifier import Notice, Outcome, Result
from samstad_broker.store.memory import MemoryStore
from samstad_ngsild.client import Client, HttpTransport, InProcessTransport, Notified
from samstad_ngsild.context import ContextResolver
from samstad_ngsild.memory import MemoryContextSource
from samstad_node.broker_role.current import StateEntities
from samstad_node.clock import SystemClock
from samstad_node.server.served import serve
from samstad_node.server.settings import ServerSettings

CITY = "https://city.example/context.jsonld"
DOCUMENT = {"@context": {"level": "https://lamps.example/level", "Lamp": "https://lamps.example/Lamp"}}
SERVICE = "http://127.0.0.1:9/told"


class Doorman:
    """Lets everybody do everything."""

    id = "urn:ngsi-ld:Person:everyone"

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        return self

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return True

    def record(self, entry) -> None: ...


class Service:
    """Takes notifications as a service does."""

    def __init__(self) -> None:
        self.notified = Notified()
        self.told: list[dict[str, Any]] = []
        self.fails = 0

    async def take(self, notification) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the store is away")
        self.told += notification.entities

    async def send(self, notice: Notice) -> Outcome:
        try:
            await self.notified.take(notice.body)
        except RuntimeError as error:
            return Outcome(Result.FAILED, str(error))
        return Outcome(Result.DELIVERED)

    async def close(self) -> None: ...


class Source:
    """What is under test: a way to make clients, and a way to see notifications arrive."""

    def __init__(self, transport: Any, service: Service, deliver: Callable[[], Awaitable[Any]]) -> None:
        self.transport, self.service, self._deliver = transport, service, deliver

    def client(self, **options: Any) -> Client:
        return Client(self.transport, context=CITY, **options)

    async def told(self, count: int) -> list[dict[str, Any]]:
        """Return what the service was told, once it is so much."""
        async with asyncio.timeout(30):
            while len(self.service.told) < count:
                await self._deliver()
        return self.service.told


async def _wait() -> None:
    await asyncio.sleep(0.005)


class BrokerInMemory:
    """Our broker with all that the client asks of it."""

    async def start(self, service: Service) -> Kernel:
        store, clock = MemoryStore(), SystemClock()
        writer = Writer(store.log, clock, WriterLimits(group_us=200))
        broker = Broker(state=(await recover(store)).state, writer=writer, clock=clock)
        broker.history = history = History(store.history, store.log, writer, clock)
        resolver = ContextResolver()
        resolver.pin(CITY, DOCUMENT)
        entities = StateEntities(broker.state, clock.now_us)
        delivery = Delivery(
            log=store.log,
            ledger=store.delivery,
            notifiers={"http": service},
            clock=clock,
            rng=lambda: 0.0,
            settings=DeliverySettings(),
            current_entities=entities,
        )
        documents, indexes = LogDocuments(broker), TenantIndexes()
        shared = {"documents": documents, "delivery": delivery, "contexts": resolver, "find": entities.get}
        subscriptions = Subscriptions(indexes=indexes, **shared)
        sources = Subscriptions(indexes=TenantIndexes(), collection=SOURCES, **shared)
        broker.matcher = indexes
        writer.listen(delivery.wake)
        base = "http://city.example/jsonldContexts"
        hosting = Hosting(broker=broker, documents=documents, resolver=resolver, base_url=base)
        registrations = Registrations(broker=broker, documents=documents)
        routes = all_routes(broker, subscriptions, registrations, hosting, sources=sources)
        work = (writer.run(), history.run(), delivery.run())
        self.tasks = [asyncio.ensure_future(each) for each in work]
        contexts = ContextBinding(resolver)
        return Kernel(routes, authorizer=Doorman(), contexts=contexts, now_us=clock.now_us)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture(params=["memory", "in process", "over HTTP"])
async def source(request) -> AsyncIterator[Source]:
    service = Service()
    if request.param == "memory":
        memory = MemoryContextSource(contexts={CITY: DOCUMENT})

        async def receive(body: bytes) -> None:
            await service.notified.take(body)

        async def deliver() -> None:
            try:
                await memory.deliver()
            except RuntimeError:
                assert memory.waiting

        memory.at(SERVICE, receive)
        yield Source(memory, service, deliver)
        return
    broker = BrokerInMemory()
    kernel = await broker.start(service)
    if request.param == "in process":
        yield Source(InProcessTransport(kernel, Request), service, _wait)
    else:
        served = await serve(kernel, ServerSettings(port=0))
        transport = HttpTransport(f"http://127.0.0.1:{served.port}")
        yield Source(transport, service, _wait)
        await transport.close()
        await served.stop(deadline_s=1.0)
    await broker.stop()


@pytest.fixture
def following() -> Callable[..., dict[str, Any]]:
    """Make subscriptions of the service."""

    def make(**members: Any) -> dict[str, Any]:
        return {
            "id": "urn:ngsi-ld:Subscription:lamps:all",
            "type": "Subscription",
            "entities": [{"type": "Lamp"}],
            "notification": {"endpoint": {"uri": SERVICE, "accept": "application/json"}},
            **members,
        }

    return make
