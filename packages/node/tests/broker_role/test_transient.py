"""Transient entities at a running node: gone at their time, also when the node was down then."""

from __future__ import annotations

import asyncio

from samstad_ngsild.entities.dates import iso
from samstad_node.clock import SystemClock

ENTITIES = "/ngsi-ld/v1/entities"


def soon(seconds: float) -> str:
    return iso(SystemClock().now_us() + round(seconds * 1_000_000))


def alert(name: str, **members) -> dict:
    level = {"type": "Property", "value": 1}
    return {"id": f"urn:ngsi-ld:Alert:{name}", "type": "Alert", "level": level, **members}


async def names(node) -> list[str]:
    found = await node.ask("GET", f"{ENTITIES}?type=Alert&count=true")
    assert found.headers["NGSILD-Results-Count"] == str(len(found.body))
    return [entity["id"].rpartition(":")[2] for entity in found.body]


async def test_an_alert_is_there_until_its_time_and_may_come_again(start):
    node = await start()
    for body in (alert("stays"), alert("goes", expiresAt=soon(0.3)), alert("late", expiresAt=soon(-60))):
        assert (await node.ask("POST", ENTITIES, body)).status == 201
    assert await names(node) == ["stays", "goes"]
    shown = (await node.ask("GET", f"{ENTITIES}/urn:ngsi-ld:Alert:goes?options=sysAttrs")).body
    assert "expiresAt" in shown
    assert (await node.ask("POST", ENTITIES, alert("goes"))).status == 409
    await asyncio.sleep(0.35)
    assert await names(node) == ["stays"]
    assert (await node.ask("GET", f"{ENTITIES}/urn:ngsi-ld:Alert:goes")).status == 404
    assert (await node.ask("POST", ENTITIES, alert("goes"))).status == 201
    assert "samstad_transient_entities 0.0" in (await node.ask("GET", "/metrics")).body


async def test_what_expired_while_the_node_was_down_is_gone_at_its_start(start):
    node = await start()
    for body in (alert("stays", expiresAt=soon(3600)), alert("goes", expiresAt=soon(0.2))):
        assert (await node.ask("POST", ENTITIES, body)).status == 201
    await node.end()
    await asyncio.sleep(0.3)
    again = await start(data=node.data)
    assert await names(again) == ["stays"]
    assert (await again.ask("GET", "/ngsi-ld/v1/types")).status == 200
    assert "samstad_transient_entities 1.0" in (await again.ask("GET", "/metrics")).body


async def test_an_expires_at_that_is_no_time_is_refused_by_its_name(start):
    node = await start()
    refused = await node.ask("POST", ENTITIES, alert("x", expiresAt="tomorrow"))
    assert (refused.status, refused.body["pointer"]) == (400, "/expiresAt")
