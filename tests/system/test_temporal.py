"""What was written is in the history of a running node, also after it was killed (I3)."""

from __future__ import annotations

import aiohttp
import pytest

ENTITIES = "/ngsi-ld/v1/entities"
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
BIN = "urn:ngsi-ld:Bin:history"


async def levels(node, client, **query):
    async with client.get(f"{node.url}{TEMPORAL}/{BIN}", params=query) as answer:
        assert answer.status == 200, await answer.text()
        return [instance["value"] for instance in (await answer.json())["level"]]


@pytest.mark.system
async def test_an_evolution_is_the_same_after_kill_9(node, client):
    body = {"id": BIN, "type": "Bin", "level": {"type": "Property", "value": 0}}
    async with client.post(f"{node.url}{ENTITIES}", json=body) as answer:
        assert answer.status == 201
    for value in (1, 2, 3):
        async with client.patch(f"{node.url}{ENTITIES}/{BIN}/attrs/level", json={"value": value}) as answer:
            assert answer.status == 204
    assert await levels(node, client) == [0, 1, 2, 3]
    assert await levels(node, client, lastN="3") == [3, 2, 1]
    late = {"level": [{"type": "Property", "value": 9, "observedAt": "2020-01-01T00:00:00Z"}]}
    async with client.post(f"{node.url}{TEMPORAL}/{BIN}/attrs", json=late) as answer:
        assert answer.status == 204
    before = await levels(node, client)
    assert sorted(before) == [0, 1, 2, 3, 9]

    node.kill_role("broker")
    await node.until_ready()
    assert await levels(node, client) == before
    async with client.get(f"{node.url}{ENTITIES}/{BIN}") as answer:
        assert (await answer.json())["level"]["value"] == 3  # a late observation is not the present
    async with client.delete(f"{node.url}{TEMPORAL}/{BIN}") as answer:
        assert answer.status == 204
    node.kill_role("broker")
    await node.until_ready()
    async with client.get(f"{node.url}{TEMPORAL}/{BIN}") as answer:
        assert answer.status == 404


@pytest.mark.system
async def test_the_history_needs_a_login(node, client):
    query = "?type=Bin&timerel=after&timeAt=2020-01-01T00:00:00Z"
    async with aiohttp.ClientSession() as nobody, nobody.get(f"{node.url}{TEMPORAL}{query}") as answer:
        assert answer.status == 401
    async with client.get(f"{node.url}{TEMPORAL}{query}") as answer:
        assert answer.status == 200
        assert await answer.json() == []
