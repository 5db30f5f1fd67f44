"""A node that has lost its temporal index, and then its history files as well."""

from __future__ import annotations

import asyncio
from pathlib import Path

from samstad_broker.store.sqlite import SqliteStore

ENTITIES = "/ngsi-ld/v1/entities"
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
LAMP = "urn:ngsi-ld:Streetlight:17"


async def write(node, watts: int) -> None:
    body = {"id": LAMP, "type": "Streetlight", "power": {"type": "Property", "value": watts}}
    sent = [body]
    answer = await node.ask("POST", "/ngsi-ld/v1/entityOperations/upsert", sent)
    assert answer.status in {201, 204}, answer.body


async def seal_everything(broker: Path) -> None:
    store = SqliteStore(broker)
    await store.open()
    await store.log.begin_stretch()
    sealed = await store.seal({})
    assert sealed
    assert store.log.oldest == store.log.head
    await store.close()


async def watts(node) -> list[int]:
    found = await node.ask("GET", f"{TEMPORAL}/{LAMP}?timeproperty=modifiedAt&options=temporalValues")
    assert found.status == 200, found.body
    return [value for value, _ in found.body["power"]["values"]]


async def checked(node) -> dict:
    checks = (await node.ask("GET", "/health")).body["roles"]["broker"]["checks"]
    return next(check for check in checks if check["name"] == "history")


async def until_it_is(node, state: str) -> dict:
    async with asyncio.timeout(20):
        while (check := await checked(node))["state"] != state:  # noqa: ASYNC110 - pages are asked
            await asyncio.sleep(0.05)
    return check


async def test_a_node_answers_for_a_sealed_past_after_its_index_was_lost(start):
    node = await start()
    for value in (10, 20, 30):
        await write(node, value)
    await asyncio.sleep(0.4)
    assert await watts(node) == [10, 20, 30]
    await node.end()
    broker = node.data / "broker"
    await seal_everything(broker)
    for path in broker.glob("temporal.db*"):
        path.unlink()
    (broker / "history").rename(broker / "hidden")

    again = await start(data=node.data)
    check = await until_it_is(again, "degraded")
    assert "history files after position 0.0 up to" in str(check)
    assert (await again.ask("GET", f"{ENTITIES}/{LAMP}")).body["power"]["value"] == 30
    await write(again, 40)

    (broker / "hidden").rename(broker / "history")
    await until_it_is(again, "ok")
    assert await watts(again) == [10, 20, 30, 40]
