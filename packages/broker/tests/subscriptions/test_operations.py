"""The five operations on subscriptions (clause 5.8), on documents in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from samstad_broker.domain.rows import START
from samstad_broker.domain.subscriptions import Subscription, TenantIndexes
from samstad_broker.service.call import Call
from samstad_broker.service.subscriptions import (
    Subscriptions,
    create_subscription,
    delete_subscription,
    list_subscriptions,
    restore_subscriptions,
    retrieve_subscription,
    update_subscription,
)
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.store import SubscriptionProgress
from samstad_ngsild.context import CORE, ContextResolver
from samstad_ngsild.errors import AlreadyExists, BadRequestData, LdContextNotAvailable, ResourceNotFound

NOW_US = 1_800_000_000_000_000
ID = "urn:ngsi-ld:Subscription:1"


class Papers:
    def __init__(self) -> None:
        self.content: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    async def put(self, tenant: str, collection: str, document_id: str, content: Mapping[str, Any]) -> None:
        self.content[tenant, collection, document_id] = content

    async def delete(self, tenant: str, collection: str, document_id: str) -> None:
        self.content.pop((tenant, collection, document_id), None)

    def get(self, tenant: str, collection: str, document_id: str) -> Mapping[str, Any] | None:
        return self.content.get((tenant, collection, document_id))

    def list(self, tenant: str, collection: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        return [(key[2], value) for key, value in self.content.items() if key[:2] == (tenant, collection)]


class Noted:
    def __init__(self) -> None:
        self.served: dict[tuple[str, str], Subscription] = {}

    def subscribe(self, tenant: str, subscription: Subscription) -> None:
        self.served[tenant, subscription.id] = subscription

    def unsubscribe(self, tenant: str, subscription_id: str) -> None:
        del self.served[tenant, subscription_id]

    def progress(self, tenant: str, subscription_id: str) -> SubscriptionProgress | None:
        return SubscriptionProgress(tenant, subscription_id, START, 2, 0, "n", "s", None, "ok", 0)


class Person:
    def __init__(self, *types: str) -> None:
        self.id = "somebody"
        self.types = types


class Rules:
    def identify(self, headers: Mapping[str, str], *, now_us: int, peer: str = "") -> Person:
        raise NotImplementedError

    def may(self, caller: Any, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        del tenant
        asked = operation in (Operation.SUBSCRIBE, Operation.READ)
        return asked and (not caller.types or entity_type in caller.types)

    def record(self, entry: Mapping[str, Any]) -> None:
        raise NotImplementedError


def call(person: Person | None = None, tenant: str = "") -> Call:
    return Call(caller=person or Person(), authorizer=Rules(), tenant=tenant, now_us=NOW_US)


def body(**members: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/"}},
        **members,
    }


@pytest.fixture
def kept() -> Subscriptions:
    return Subscriptions(
        documents=Papers(),
        indexes=TenantIndexes(),
        delivery=Noted(),
        contexts=ContextResolver(),
        find=lambda _tenant, _id: None,
    )


async def test_created_it_matches_is_served_and_shown(kept: Subscriptions) -> None:
    assert await create_subscription(kept, call(), body(), CORE, new_id="urn:x:new") == ID
    assert kept.indexes.tenant("").get(ID) is not None
    assert ("", ID) in kept.delivery.served
    shown = retrieve_subscription(kept, call(), ID, CORE)
    assert shown["status"] == "active"
    assert shown["notification"]["timesSent"] == 2
    with pytest.raises(AlreadyExists):
        await create_subscription(kept, call(), body(), CORE, new_id="urn:x:new")


async def test_without_an_id_it_gets_the_one_that_the_node_gives(kept: Subscriptions) -> None:
    given = {name: value for name, value in body().items() if name != "id"}
    assert await create_subscription(kept, call(), given, CORE, new_id="urn:x:new") == "urn:x:new"
    assert retrieve_subscription(kept, call(), "urn:x:new", CORE)["id"] == "urn:x:new"


async def test_a_context_that_cannot_be_had_is_told_and_nothing_is_kept(kept: Subscriptions) -> None:
    with pytest.raises(LdContextNotAvailable):
        await create_subscription(
            kept, call(), body(jsonldContext="https://gone.example/c"), CORE, new_id="urn:x:new"
        )
    assert kept.documents.content == {}


async def test_updated_and_deleted(kept: Subscriptions) -> None:
    await create_subscription(kept, call(), body(), CORE, new_id="urn:x:new")
    await update_subscription(kept, call(), ID, {"isActive": False}, CORE)
    assert retrieve_subscription(kept, call(), ID, CORE)["status"] == "paused"
    await delete_subscription(kept, call(), ID)
    assert kept.documents.content == {}
    assert kept.delivery.served == {}
    with pytest.raises(ResourceNotFound):
        retrieve_subscription(kept, call(), ID, CORE)
    with pytest.raises(ResourceNotFound):
        await delete_subscription(kept, call(), ID)
    with pytest.raises(BadRequestData):
        retrieve_subscription(kept, call(), "no uri", CORE)


async def test_nobody_subscribes_to_types_that_they_may_not_be_told_of(kept: Subscriptions) -> None:
    bins = Person("https://uri.etsi.org/ngsi-ld/default-context/Bin")
    with pytest.raises(Forbidden):
        await create_subscription(kept, call(bins), body(), CORE, new_id="urn:x:new")
    with pytest.raises(Forbidden):
        await create_subscription(kept, call(bins), body(entities=[{"type": "*"}]), CORE, new_id="urn:x:new")
    await create_subscription(kept, call(), body(), CORE, new_id="urn:x:new")
    with pytest.raises(ResourceNotFound):
        retrieve_subscription(kept, call(bins), ID, CORE)
    assert list_subscriptions(kept, call(bins), CORE, limit=10).total == 0


async def test_pages_and_tenants(kept: Subscriptions) -> None:
    for number in range(5):
        await create_subscription(kept, call(), body(id=f"urn:s:{number}"), CORE, new_id="urn:x:new")
    page = list_subscriptions(kept, call(), CORE, limit=2, offset=2)
    assert [member["id"] for member in page.members] == ["urn:s:2", "urn:s:3"]
    assert page.total == 5
    assert list_subscriptions(kept, call(tenant="roads"), CORE, limit=2).members == []


async def test_after_a_restart_everything_is_there_without_any_context_server(kept: Subscriptions) -> None:
    await create_subscription(kept, call(tenant="roads"), body(q="level>1"), CORE, new_id="urn:x:new")
    again = Subscriptions(
        documents=kept.documents,
        indexes=TenantIndexes(),
        delivery=Noted(),
        contexts=ContextResolver(),
        find=lambda _tenant, _id: None,
    )
    assert restore_subscriptions(again, ["", "roads"], known=lambda _source: None) == 1
    assert again.indexes.tenant("roads").get(ID).content["q"] == "level>1"
    assert again.indexes.tenant("").get(ID) is None
