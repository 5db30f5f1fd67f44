"""A small world for delivery: a log in memory, endpoints that do as they are told, time that is moved."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import orjson
import pytest

from samstad_broker.domain.payload import change_payload, creation_payload, end_payload
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.domain.subscriptions import TenantIndexes, parse_subscription
from samstad_broker.service.delivery import Delivery, DeliverySettings
from samstad_broker.spi.notifier import Notice, Outcome, Result
from samstad_broker.store.memory import MemoryDeliveryLedger, MemoryLog
from samstad_ngsild.context import CORE
from samstad_ngsild.document import CORE_MEMBERS
from samstad_ngsild.entities.dates import iso

START_US = 1_800_000_000_000_000
V = "https://uri.etsi.org/ngsi-ld/default-context/"
SECOND = 1_000_000


class MovedClock:
    def __init__(self) -> None:
        self._now_us = START_US
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def now_us(self) -> int:
        return self._now_us

    async def sleep_until(self, time_us: int) -> None:
        if time_us <= self._now_us:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (time_us, next(self._order), future))
        await future

    async def forward(self, seconds: float) -> None:
        end = self._now_us + round(seconds * SECOND)
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            time_us, _, future = heapq.heappop(self._sleepers)
            self._now_us = max(self._now_us, time_us)
            if not future.done():
                future.set_result(None)
                await settle()
        self._now_us = end
        await settle()


async def settle() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


class Endpoints:
    """Endpoints by URI: answers are taken from ``answers``, a callable or a list per URI."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], Notice]] = []
        self.answers: dict[str, Any] = {}
        self.under_way = 0
        self.most_under_way = 0

    async def send(self, notice: Notice) -> Outcome:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            body = orjson.loads(notice.body)
            answer = self.answers.get(notice.uri)
            if callable(answer):
                answer = answer(body)
            if asyncio.isfuture(answer):
                answer = await answer
            outcome = answer or Outcome(Result.DELIVERED)
            self.sent.append((notice.uri, body, notice))
            return outcome
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        return None


class World:
    """One node's delivery, which can be killed and started again on the same log and ledger."""

    def __init__(self, **settings: Any) -> None:
        self.clock = MovedClock()
        self.log = MemoryLog()
        self.ledger = MemoryDeliveryLedger()
        self.endpoints = Endpoints()
        self.settings = DeliverySettings(**settings)
        self.state: dict[str, dict[str, Any]] = {}
        self.matcher = TenantIndexes()
        self.task: asyncio.Task[None] | None = None
        self.delivery: Delivery
        self.hand_over_rows = True
        self.standing: Any = None

    # -- the node -----------------------------------------------------------------------------------

    async def start(self) -> None:
        self.delivery = Delivery(
            log=self.log,
            ledger=self.ledger,
            notifiers=dict.fromkeys(("http", "https", "mqtt"), self.endpoints),
            clock=self.clock,
            rng=lambda: 0.5,
            settings=self.settings,
            current_entities=self,
            standing=self.standing,
        )
        for tenant, subscription in self.matcher:
            self.delivery.subscribe(tenant, subscription)
        self.task = asyncio.ensure_future(self.delivery.run())
        await settle()

    async def stop(self) -> None:
        """Stop cleanly: progress is saved."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.task = None

    async def kill(self) -> None:
        """Stop as ``kill -9`` does: what was not committed is lost."""
        ledger, self.ledger = self.ledger, MemoryDeliveryLedger()
        self.ledger._progress = dict(ledger._progress)
        self.ledger._retries = dict(ledger._retries)
        await self.stop()

    # -- the current state --------------------------------------------------------------------------

    def get(self, tenant: str, entity_id: str) -> dict[str, Any] | None:
        del tenant
        return self.state.get(entity_id)

    async def matching(self, tenant: str, subscription: Any) -> AsyncIterator[Sequence[dict[str, Any]]]:
        del tenant
        found = [
            document
            for document in self.state.values()
            if subscription.selects(document["id"], document["type"])
            and (subscription.condition is None or subscription.condition(document))
        ]
        if found:
            yield found

    # -- what people do -----------------------------------------------------------------------------

    def subscribe(self, name: str = "s", uri: str | None = None, tenant: str = "", **members: Any) -> Any:
        endpoint = {"uri": uri or f"http://{name}.example/", **members.pop("endpoint", {})}
        body = {
            "id": f"urn:ngsi-ld:Subscription:{name}",
            "type": "Subscription",
            "entities": [{"type": "Lamp"}],
            "notification": {"endpoint": endpoint, **members.pop("notification", {})},
            **members,
        }
        body = {key: value for key, value in body.items() if value is not None}
        mandate = body.pop("mandate", {"principal": "owner"})
        known = self.matcher.tenant(tenant).get(body["id"])
        subscription = parse_subscription(
            body,
            CORE,
            now_us=self.clock.now_us(),
            subscription_id=body["id"],
            created_us=known and known.created_us,
        )
        subscription = replace(subscription, mandate=mandate)
        self.matcher.tenant(tenant).add(subscription)
        self.delivery.subscribe(tenant, subscription)
        return subscription

    async def write(self, name: str | int, tenant: str = "", **values: Any) -> None:
        """Create or change a lamp: attribute → value, None deletes the attribute."""
        entity_id = f"urn:ngsi-ld:Lamp:{name}"
        now_us = self.clock.now_us()
        stamp = iso(now_us)
        before = self.state.get(entity_id)
        after = dict(before) if before else {"id": entity_id, "type": [V + "Lamp"], "createdAt": stamp}
        after["modifiedAt"] = stamp
        touched: dict[str, list[Any]] = {}
        for short, value in values.items():
            if value is None:
                after.pop(V + short, None)
                touched[V + short] = []
            else:
                instance = {"type": "Property", "value": value, "createdAt": stamp, "modifiedAt": stamp}
                touched[V + short] = after[V + short] = [instance]
        self.state[entity_id] = after
        if before is None:
            payload = creation_payload("tester", after)
        else:
            payload = change_payload("tester", before, after, touched)
        matched = self.matcher(tenant, before, after, touched)
        await self._append(RowKind.CHANGE, tenant, entity_id, payload, matched, after)

    async def delete(self, name: str | int, tenant: str = "") -> None:
        before = self.state.pop(f"urn:ngsi-ld:Lamp:{name}")
        touched = [key for key in before if key not in CORE_MEMBERS]
        payload = end_payload("tester", before, iso(self.clock.now_us()))
        matched = self.matcher(tenant, before, None, touched)
        await self._append(RowKind.DELETE, tenant, before["id"], payload, matched, before)

    async def _append(self, *parts: Any) -> None:
        kind, tenant, subject, payload, matched, document = parts
        position = Position(self.log.head.epoch, self.log.head.number + 1)
        encoded = orjson.dumps(document) if matched else None
        row = Row(position, self.clock.now_us(), kind, tenant, "", subject, payload, matched, encoded)
        await self.log.append([row], expected_version=self.log.head)
        self.clock._now_us += 1
        if self.task is not None:
            self.delivery.wake([row] if self.hand_over_rows else None)

    # -- what is seen -------------------------------------------------------------------------------

    def told(self, uri: str = "http://s.example/") -> list[str]:
        """Return what an endpoint was told, as ``lamp=value of level``, one text per entity."""
        return [
            f"{entity['id'].rpartition(':')[2]}={_level(entity)}"
            for sent_to, body, _ in self.endpoints.sent
            if sent_to == uri
            for entity in body["data"]
        ]

    def requests(self, uri: str = "http://s.example/") -> int:
        return sum(sent_to == uri for sent_to, _, _ in self.endpoints.sent)

    def progress(self, name: str = "s", tenant: str = "") -> Any:
        return self.delivery.progress(tenant, f"urn:ngsi-ld:Subscription:{name}")


def _level(entity: dict[str, Any]) -> Any:
    level = entity.get("level")
    if level is None:
        return "deleted" if "deletedAt" in entity else "-"
    return level["value"] if isinstance(level, dict) else level


@pytest.fixture
async def world():
    made = World()
    await made.start()
    yield made
    if made.task is not None:
        await made.stop()


@pytest.fixture
async def make_world():
    worlds: list[World] = []

    async def make(**settings: Any) -> World:
        made = World(**settings)
        worlds.append(made)
        await made.start()
        return made

    yield make
    for made in worlds:
        if made.task is not None:
            await made.stop()
