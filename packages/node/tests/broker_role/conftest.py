"""The role ``broker`` run in this process, on a port of its own, with settings as a test wants them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from samstad_node.broker_role.run import ADMIN_KEY_FILE, run
from samstad_node.clock import SystemClock
from samstad_node.observe import Metrics
from samstad_node.settings import load_settings
from samstad_node.supervisor.role import RoleContext

NGSI = "/ngsi-ld/v1"


@dataclass
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


class Running:
    """A node, and somebody who asks it; by its administrator's key where nothing else is said."""

    def __init__(self, data: Path, settings: Mapping[str, Any]) -> None:
        self.data = data
        flags = {"http.port": 0, "node.data": str(data), **settings}
        loaded = load_settings(file=None, environment={}, flags=flags).settings
        self.stop = asyncio.Event()
        self._ready: asyncio.Future[Mapping[str, int]] = asyncio.get_running_loop().create_future()
        self.context = RoleContext(
            name="broker",
            data=data,
            settings=loaded,
            clock=SystemClock(),
            metrics=Metrics(),
            log=structlog.get_logger(),
            stop=self.stop,
            ready=self._ready.set_result,
        )
        self.url = ""
        self.key = ""

    async def start(self) -> None:
        self.task = asyncio.ensure_future(run(self.context))
        await asyncio.wait((self.task, self._ready), return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            self.task.result()
        self.url = f"http://127.0.0.1:{self._ready.result()['http']}"
        with suppress(FileNotFoundError):
            self.key = (self.data / ADMIN_KEY_FILE).read_text().strip()
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def end(self) -> None:
        if not self.task.done():
            await self.session.close()
            self.stop.set()
            await self.task

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> Answer:
        """Ask; ``key`` is the administrator's by default and none where it is the empty text."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = self.key if key is None else key
        if shown:
            sent["X-API-Key"] = shown
        async with self.session.request(
            method, self.url + path, json=body, headers=sent, allow_redirects=False
        ) as answer:
            found = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "") and found
            return Answer(answer.status, await answer.json() if is_json else found.decode(), answer.headers)

    async def give(self, principal: str, *roles: Mapping[str, Any]) -> str:
        """Create a principal with bindings and return a key of it."""
        made = await self.ask(
            "POST", "/access/v1/principals", {"id": principal, "bindings": [dict(role) for role in roles]}
        )
        assert made.status == 201, made.body
        key = await self.ask("POST", "/access/v1/keys", {"principal": principal})
        assert key.status == 201, key.body
        return str(key.body["key"])


@pytest.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Start nodes with settings by their keys, such as ``{"models.warn": ["default"]}``."""
    monkeypatch.setenv("SAMSTAD_DEMO", "1")
    started: list[Running] = []

    async def begin(settings: Mapping[str, Any] | None = None, *, data: Path | None = None) -> Running:
        where = data or tmp_path / f"data{len(started)}"
        where.mkdir(exist_ok=True)
        node = Running(where, settings or {})
        await node.start()
        started.append(node)
        return node

    yield begin
    for node in started:
        await node.end()
