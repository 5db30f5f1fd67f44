"""Redaction at a running node: the value is gone from the history, for those with the right to do it only."""

from __future__ import annotations

import aiohttp
import pytest

REDACTIONS = "/admin/v1/redactions"
BIN = "urn:ngsi-ld:Bin:private"


async def post(session, node, body):
    async with session.post(f"{node.url}{REDACTIONS}", json=body) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.system
async def test_a_value_is_taken_out_of_the_history_and_stays_out(node, client):
    body = {
        "id": BIN,
        "type": "Bin",
        "finder": {"type": "Property", "value": "Anna"},
        "level": {"type": "Property", "value": 7},
    }
    async with client.post(f"{node.url}/ngsi-ld/v1/entities", json=body) as answer:
        assert answer.status == 201
    wanted = {"entity": BIN, "attributes": ["finder"], "reason": "asked by the person, case 12"}
    assert await post(client, node, wanted) == (204, None)
    node.kill_role("broker")
    await node.until_ready()
    async with client.get(f"{node.url}/ngsi-ld/v1/temporal/entities/{BIN}") as answer:
        evolution = await answer.json()
    assert "Anna" not in str(evolution)
    assert [instance["value"] for instance in evolution["level"]] == [7]

    status, problem = await post(client, node, wanted | {"attributes": ["founder"]})
    assert (status, problem["pointer"]) == (404, "/attributes")
    status, problem = await post(client, node, wanted | {"reason": ""})
    assert (status, problem["pointer"]) == (400, "/reason")
    status, problem = await post(client, node, {"entity": BIN})
    assert status == 400
    assert "reason" in problem["detail"]
    async with aiohttp.ClientSession() as nobody:
        assert (await post(nobody, node, wanted))[0] == 401
