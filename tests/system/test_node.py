"""What a stranger meets at a running node: no entry without a key, pages, health, notifications."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

pytestmark = pytest.mark.system

ENTITIES = "/ngsi-ld/v1/entities"


async def test_nobody_reads_or_writes_without_a_key(node):
    body = {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{node.url}{ENTITIES}", json=body) as answer:
            assert answer.status == 401
            assert (await answer.json())["type"] == "/problems/unauthenticated"
        async with session.get(f"{node.url}{ENTITIES}?type=Bin") as answer:
            assert answer.status == 401


async def test_an_unknown_tenant_and_an_unknown_entity_are_both_nothing(node, client):
    async with client.get(
        f"{node.url}{ENTITIES}/urn:ngsi-ld:Bin:1", headers={"NGSILD-Tenant": "nowhere"}
    ) as answer:
        assert answer.status == 404
        assert (await answer.json())["type"].endswith("/NonexistentTenant")
    async with client.get(f"{node.url}{ENTITIES}/urn:ngsi-ld:Bin:1") as answer:
        assert answer.status == 404
        assert (await answer.json())["type"].endswith("/ResourceNotFound")


async def test_a_typing_error_in_a_query_is_shown_where_it_stands(node, client):
    async with client.get(f"{node.url}{ENTITIES}", params={"type": "Bin", "q": "level>>3"}) as answer:
        problem = await answer.json()
        assert answer.status == 400
        assert problem["pointer"] == "q"
        assert "position" in problem


async def test_pages_and_health_answer_without_a_key_but_data_do_not(node):
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/models", "/models/Alert", "/health", "/ready", "/metrics"):
            async with session.get(node.url + path, headers={"Accept": "text/html"}) as answer:
                assert answer.status == 200, path
                assert "Content-Security-Policy" in answer.headers
        async with session.get(f"{node.url}/live") as answer:
            assert answer.status == 401
        async with session.get(f"{node.url}/nothing-here") as answer:
            assert answer.status == 404


async def test_live_stream_shows_a_change_when_it_is_durable(node, client):
    async with client.get(f"{node.url}/live") as stream:
        assert stream.status == 200
        body = {"id": "urn:ngsi-ld:Bin:9", "type": "Bin", "level": {"type": "Property", "value": 7}}
        async with client.post(f"{node.url}{ENTITIES}", json=body) as answer:
            assert answer.status == 201
        async with asyncio.timeout(10):
            async for line in stream.content:
                if b"urn:ngsi-ld:Bin:9" in line:
                    return
    pytest.fail("the change never came")


async def test_a_subscriber_on_loopback_is_refused_until_the_network_is_allowed(node, client):
    told: list[dict] = []

    async def receive(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        body = {
            "type": "Subscription",
            "entities": [{"type": "Bin"}],
            "notification": {"endpoint": {"uri": f"http://127.0.0.1:{port}/"}},
        }
        async with client.post(f"{node.url}/ngsi-ld/v1/subscriptions", json=body) as answer:
            assert answer.status == 201
        entity = {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"}
        async with client.post(f"{node.url}{ENTITIES}", json=entity) as answer:
            assert answer.status == 201
        await asyncio.sleep(1)
        assert told == []
    finally:
        await runner.cleanup()


async def test_a_tenant_that_the_settings_do_not_name_cannot_be_begun(node, client):
    entity = {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"}
    async with client.post(
        f"{node.url}{ENTITIES}", json=entity, headers={"NGSILD-Tenant": "elsewhere"}
    ) as answer:
        assert answer.status == 404
        assert (await answer.json())["type"].endswith("/NonexistentTenant")
