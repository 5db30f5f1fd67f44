"""Snapshots at a running node: whose they are, what rights they take, and that a restart keeps them."""

from __future__ import annotations

import asyncio
from typing import Any

LAMP = "https://uri.etsi.org/ngsi-ld/default-context/Lamp"
SNAPSHOTS = "/ngsi-ld/v1/snapshots"
ENTITIES = "/ngsi-ld/v1/entities"
MINE = "urn:ngsi-ld:Snapshot:mine"
LAMPS = {"type": "Query", "entities": [{"type": "Lamp"}]}


def asked(*queries: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Snapshot", "id": MINE, "snapshotQueries": list(queries)}


async def ready(node: Any, key: str) -> str:
    async with asyncio.timeout(30):
        while True:
            told = await node.ask("GET", f"{SNAPSHOTS}/{MINE}", key=key)
            assert told.status == 200, told.body
            if told.body["snapshotStatus"] != "preparing":
                return str(told.body["snapshotStatus"])
            await asyncio.sleep(0.01)


async def test_a_snapshot_is_its_makers_and_takes_the_rights_to_read_and_subscribe(start):
    node = await start()
    for kind in ("Lamp", "Bin"):
        body = {"id": f"urn:ngsi-ld:{kind}:1", "type": kind}
        assert (await node.ask("POST", ENTITIES, body)).status == 201
    lamps = {"role": "reader", "tenants": [""], "types": [LAMP]}
    ada, bob = await node.give("ada", lamps), await node.give("bob", lamps)
    auditor = await node.give("eve", {"role": "auditor", "tenants": ["*"]})
    bins = {"type": "Query", "entities": [{"type": "Bin"}]}
    for key, query in ((auditor, LAMPS), (ada, bins), (ada, {"type": "Query"})):
        assert (await node.ask("POST", SNAPSHOTS, asked(query), key=key)).status == 403
    assert (await node.ask("POST", SNAPSHOTS, asked(LAMPS), key=ada)).status == 201
    assert await ready(node, ada) == "success"
    scoped = {"NGSILD-Snapshot": MINE}
    seen = await node.ask("GET", f"{ENTITIES}?type=Lamp", key=ada, **scoped)
    assert [one["id"] for one in seen.body] == ["urn:ngsi-ld:Lamp:1"]
    assert (await node.ask("GET", f"{ENTITIES}?type=Lamp", **scoped)).status == 200
    for method, path in (("GET", f"{SNAPSHOTS}/{MINE}"), ("DELETE", f"{SNAPSHOTS}/{MINE}")):
        assert (await node.ask(method, path, key=bob)).status == 404
    assert (await node.ask("GET", f"{ENTITIES}?type=Lamp", key=bob, **scoped)).status == 404
    patch = {"level": {"type": "Property", "value": 1}}
    tried = await node.ask("PATCH", f"{ENTITIES}/urn:ngsi-ld:Lamp:1/attrs", patch, key=ada, **scoped)
    assert tried.status == 403


async def test_a_snapshot_outlives_a_restart_and_goes_with_its_deletion(start):
    node = await start()
    await node.ask("POST", ENTITIES, {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp"})
    assert (await node.ask("POST", SNAPSHOTS, asked(LAMPS))).status == 201
    assert await ready(node, node.key) == "success"
    await node.ask("DELETE", f"{ENTITIES}/urn:ngsi-ld:Lamp:1")
    await node.end()
    again = await start(data=node.data)
    seen = await again.ask("GET", f"{ENTITIES}/urn:ngsi-ld:Lamp:1", **{"NGSILD-Snapshot": MINE})
    assert seen.status == 200
    assert (await again.ask("GET", f"{ENTITIES}/urn:ngsi-ld:Lamp:1")).status == 404
    assert (await again.ask("DELETE", f"{SNAPSHOTS}/{MINE}")).status == 204
    gone = await again.ask("GET", f"{ENTITIES}/urn:ngsi-ld:Lamp:1", **{"NGSILD-Snapshot": MINE})
    assert gone.status == 404
