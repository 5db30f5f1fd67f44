"""The broker dies in the middle of writing: what it had acknowledged is there, in order (I1, I3, I4)."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import aiohttp
import pytest

ENTITIES = "/ngsi-ld/v1/entities"


class Ledger:
    """Counters that writers raise one by one; each acknowledged value must never be lost."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, int] = {}
        self.sent: dict[str, int] = {}

    async def write(self, node: Any, number: int, *, until: asyncio.Event) -> None:
        """Create a counter and raise it until told to stop, through any number of deaths of the node."""
        entity_id = f"urn:ngsi-ld:Counter:{number}"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
            while not until.is_set():
                try:
                    await self._raise(session, node, entity_id)
                except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
                    await asyncio.sleep(0.02)

    async def _raise(self, session: aiohttp.ClientSession, node: Any, entity_id: str) -> None:
        value = self.sent[entity_id] = self.sent.get(entity_id, 0) + 1
        entity = {"id": entity_id, "type": "Counter", "count": {"type": "Property", "value": value}}
        url = f"{node.url}/ngsi-ld/v1/entityOperations/upsert"
        async with session.post(url, json=[entity], headers={"X-API-Key": node.key}) as answer:
            if answer.status in {201, 204}:
                self.acknowledged[entity_id] = value
            elif answer.status < 500:
                message = f"the node refused a good write with {answer.status}: {await answer.text()}"
                raise AssertionError(message)

    async def lost(self, node: Any) -> dict[str, tuple[int, int]]:
        """Return the counters that stand below their acknowledged value, or above what was ever sent."""
        await node.until_ready()
        wrong = {}
        async with aiohttp.ClientSession(headers={"X-API-Key": node.key}) as session:
            for entity_id, value in self.acknowledged.items():
                async with session.get(f"{node.url}{ENTITIES}/{entity_id}") as answer:
                    found = (await answer.json())["count"]["value"] if answer.status == 200 else -1
                if not value <= found <= self.sent[entity_id]:
                    wrong[entity_id] = (value, found)
        return wrong


async def kill_under_load(node: Any, kills: int, *, pause_s: float) -> Ledger:
    ledger, stop = Ledger(), asyncio.Event()
    writers = [asyncio.create_task(ledger.write(node, n, until=stop)) for n in range(16)]
    for _ in range(kills):
        await asyncio.sleep(pause_s)
        node.kill_role("broker")
        await asyncio.sleep(0.05)
        await node.until_ready()
    await asyncio.sleep(pause_s)
    stop.set()
    await asyncio.gather(*writers)
    return ledger


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_ten_kills_under_load_lose_no_acknowledged_write(node):
    ledger = await kill_under_load(node, 10, pause_s=0.3)
    assert len(ledger.acknowledged) == 16
    assert sum(ledger.acknowledged.values()) > 100
    assert await ledger.lost(node) == {}


@pytest.mark.system
@pytest.mark.slow
async def test_a_restarted_node_has_the_same_entities_and_a_deleted_one_stays_deleted(
    node, client, start_again
):
    for name in ("a", "b"):
        body = {"id": f"urn:ngsi-ld:Bin:{name}", "type": "Bin", "level": {"type": "Property", "value": 1}}
        async with client.post(f"{node.url}{ENTITIES}", json=body) as answer:
            assert answer.status == 201
    async with client.delete(f"{node.url}{ENTITIES}/urn:ngsi-ld:Bin:b") as answer:
        assert answer.status == 204
    assert node.stop() == 0
    again = start_again(node.data)
    await again.until_ready()
    async with aiohttp.ClientSession(headers={"X-API-Key": again.key}) as session:
        async with session.get(f"{again.url}{ENTITIES}?type=Bin") as answer:
            assert [entity["id"] for entity in await answer.json()] == ["urn:ngsi-ld:Bin:a"]
        async with session.get(f"{again.url}{ENTITIES}/urn:ngsi-ld:Bin:b") as answer:
            assert answer.status == 404


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_a_hundred_kills_under_load_lose_no_acknowledged_write(node):
    ledger = await kill_under_load(node, int(os.environ.get("SAMSTAD_KILLS", "100")), pause_s=0.5)
    assert await ledger.lost(node) == {}
