"""Subscriptions at a running node follow the rights of their owners, within a second."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

LAMP = "https://uri.etsi.org/ngsi-ld/default-context/Lamp"
SUBSCRIPTIONS = "/ngsi-ld/v1/subscriptions"
LEVEL = {"type": "Property", "value": 1}
READER = {"role": "reader", "tenants": [""], "types": [LAMP]}


class Receiver:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._receive)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def _receive(self, request: web.Request) -> web.Response:
        self.told += [entity["id"].rpartition(":")[2] for entity in (await request.json())["data"]]
        return web.Response()

    async def end(self) -> None:
        await self._runner.cleanup()

    async def until(self, *expected: str) -> None:
        async with asyncio.timeout(5):
            while self.told != list(expected):  # noqa: ASYNC110 - a delivery is awaited
                await asyncio.sleep(0.01)


@pytest.fixture
async def receiver():
    made = Receiver()
    await made.start()
    yield made
    await made.end()


@pytest.fixture
async def node(start):
    return await start({"notifications.allow_networks": ["127.0.0.0/8"]})


async def subscribe(node: Any, receiver: Receiver, key: str, **members: Any) -> str:
    body = {
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": receiver.url}},
        **members,
    }
    made = await node.ask("POST", SUBSCRIPTIONS, body, key=key)
    assert made.status == 201, made.body
    return str(made.headers["Location"].removeprefix(node.url))


async def write(node: Any, name: str, **members: Any) -> None:
    body = {"id": f"urn:ngsi-ld:Lamp:{name}", "type": "Lamp", "level": LEVEL, **members}
    assert (await node.ask("POST", "/ngsi-ld/v1/entities", body)).status == 201


async def status(node: Any, path: str) -> str:
    return str((await node.ask("GET", path)).body["status"])


async def disable(node: Any, key: str) -> None:
    del key
    await node.ask("PATCH", "/access/v1/principals/app", {"disabled": True})


async def take_roles_away(node: Any, key: str) -> None:
    del key
    await node.ask("PATCH", "/access/v1/principals/app", {"bindings": []})


async def narrow(node: Any, key: str) -> None:
    del key
    elsewhere = {**READER, "types": ["https://example.org/Bin"]}
    await node.ask("PATCH", "/access/v1/principals/app", {"bindings": [elsewhere]})


async def revoke_the_key(node: Any, key: str) -> None:
    assert (await node.ask("DELETE", f"/access/v1/keys/{key.split('_')[1]}")).status == 200


async def remove(node: Any, key: str) -> None:
    del key
    assert (await node.ask("DELETE", "/access/v1/principals/app")).status == 204


@pytest.mark.parametrize("revoke", [disable, take_roles_away, narrow, revoke_the_key, remove])
async def test_an_owner_whose_rights_are_revoked_is_told_nothing_more(node, receiver, revoke):
    key = await node.give("app", READER)
    lost = await subscribe(node, receiver, key)
    other = Receiver()
    await other.start()
    await subscribe(node, other, node.key)
    await write(node, "1")
    await receiver.until("1")
    assert await status(node, lost) == "active"
    await revoke(node, key)
    await write(node, "2")
    await other.until("1", "2")
    await asyncio.sleep(0.2)
    assert receiver.told == ["1"]
    assert await status(node, lost) == "paused"
    assert "samstad_notifications_withheld 1.0" in (await node.ask("GET", "/metrics")).body
    await other.end()


async def test_rights_that_come_back_are_used_from_then_on(node, receiver):
    key = await node.give("app", READER)
    path = await subscribe(node, receiver, key)
    await take_roles_away(node, key)
    await write(node, "1")
    await asyncio.sleep(0.2)
    await node.ask("PATCH", "/access/v1/principals/app", {"bindings": [READER]})
    await write(node, "2")
    await receiver.until("2")
    assert await status(node, path) == "active"


async def test_a_restart_forgets_no_owner(start, node, receiver):
    key = await node.give("app", READER)
    path = await subscribe(node, receiver, key)
    await node.end()
    again = await start({"notifications.allow_networks": ["127.0.0.0/8"]}, data=node.data)
    await write(again, "1")
    await receiver.until("1")
    await disable(again, key)
    await write(again, "2")
    await asyncio.sleep(0.2)
    assert receiver.told == ["1"]
    assert await status(again, path) == "paused"


async def test_who_pauses_a_subscription_does_not_take_it_over_and_who_redirects_it_does(node, receiver):
    key = await node.give("app", READER)
    path = await subscribe(node, receiver, key)
    for active in (False, True):
        assert (await node.ask("PATCH", path, {"isActive": active})).status == 204
    await take_roles_away(node, key)
    await write(node, "1")
    await asyncio.sleep(0.2)
    assert receiver.told == []
    fragment = {"notification": {"endpoint": {"uri": receiver.url}}}
    assert (await node.ask("PATCH", path, fragment)).status == 204
    await write(node, "2")
    await receiver.until("2")


async def test_a_lesser_caller_who_redirects_a_subscription_gets_no_more_than_its_own_rights(node, receiver):
    key = await node.give("app", READER)
    mine = Receiver()
    await mine.start()
    path = await subscribe(node, mine, node.key)
    fragment = {"notification": {"endpoint": {"uri": receiver.url}}}
    assert (await node.ask("PATCH", path, fragment, key=key)).status == 204
    body = {"id": "urn:ngsi-ld:Lamp:secret", "type": ["Lamp", "Secret"], "level": LEVEL}
    assert (await node.ask("POST", "/ngsi-ld/v1/entities", body)).status == 201
    await write(node, "1")
    await receiver.until("1")
    assert mine.told == []
    await mine.end()


async def test_who_may_not_read_may_not_subscribe(node, receiver):
    role = {"operations": ["subscribe"], "clearance": "restricted", "personal": True, "description": "x"}
    assert (await node.ask("PUT", "/access/v1/roles/listener", role)).status in {200, 201, 204}
    key = await node.give("app", {"role": "listener", "tenants": [""], "types": [LAMP]})
    body = {
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": receiver.url}},
    }
    refused = await node.ask("POST", SUBSCRIPTIONS, body, key=key)
    assert refused.status == 403
    assert "read and subscribe" in refused.body["detail"]
