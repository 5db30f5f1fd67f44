"""Three nodes beside each other, and short ways to ask them as their administrators."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from .conftest import RunningNode, start_node

ROOT = "/ngsi-ld/v1"
NAMES = ("roads", "waste", "centre")


def start(directory: Path, name: str) -> RunningNode:
    directory.mkdir()
    environment = {
        **os.environ,
        "SAMSTAD_DEMO": "1",
        "SAMSTAD_NODE_NAME": name,
        "SAMSTAD_NODE_TENANTS": "street",
        "SAMSTAD_ROLES_RUN": "broker",
        "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
        "SAMSTAD_NOTIFICATIONS_ALLOW_NETWORKS": "" if name == "centre" else "127.0.0.0/8",
        "SAMSTAD_FEDERATION_ANSWER_MIB": "1",
    }
    return start_node(directory / "data", environment)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Give three nodes to all tests of this module; only two of them may reach others."""
    base = tmp_path_factory.mktemp("city")
    running = {name: start(base / name, name) for name in NAMES}

    async def ready() -> None:
        await asyncio.gather(*(node.until_ready() for node in running.values()))

    asyncio.run(ready())
    yield running
    for node in running.values():
        node.stop()


class At:
    """One node as its administrator asks it."""

    def __init__(self, session: aiohttp.ClientSession, node: RunningNode) -> None:
        self.session = session
        self.node = node
        self.registered: list[str] = []

    async def ask(self, method: str, path: str, *, status: int = 200, **more):
        async with self.session.request(method, ROOT + path, **more) as answer:
            body = await (answer.json() if answer.content_type.endswith("json") else answer.text())
            assert answer.status == status, body
            return body, answer.headers

    async def get(self, path: str, **params):
        return await self.ask("GET", path, params=params)

    async def put(self, *entities, tenant: str = "") -> None:
        headers = {"NGSILD-Tenant": tenant} if tenant else {}
        for path in ("create", "upsert"):
            async with self.session.post(f"{ROOT}/entityOperations/{path}", json=entities, headers=headers):
                pass

    async def register(self, url: str, kind: str, *, key: str = "", **more) -> str:
        told = [{"key": "X-API-Key", "value": key}] if key else []
        body = {
            "type": "ContextSourceRegistration",
            "endpoint": url,
            "information": [{"entities": [{"type": kind}]}],
            "contextSourceInfo": told,
            **more,
        }
        _, headers = await self.ask("POST", "/csourceRegistrations", status=201, json=body)
        self.registered.append(headers["Location"].removeprefix(ROOT))
        return self.registered[-1]


@pytest.fixture
async def city(nodes):
    async with AsyncExitStack() as stack:
        found = {}
        for name, node in nodes.items():
            headers = {"X-API-Key": node.key}
            session = await stack.enter_async_context(aiohttp.ClientSession(node.url, headers=headers))
            found[name] = At(session, node)
        yield found
        for at in found.values():
            for place in at.registered:
                async with at.session.delete(ROOT + place):
                    pass


def prop(value, **more):
    return {"type": "Property", "value": value, **more}
